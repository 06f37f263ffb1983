# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Which route a packet takes. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address

from .model import Route, RouteTable

LOCAL = "local"


def lookup(table: RouteTable, address: IPv4Address) -> Route | None:
    """Return the route with the longest prefix; of equal ones the local one, then one that no prefix list made.

    https://docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
    """
    matching = [
        ((cidr.prefixlen, route.target == LOCAL, not route.prefix_list), route)
        for route in table.routes
        for cidr in route.cidrs
        if address in cidr
    ]
    return max(matching, key=lambda match: match[0])[1] if matching else None


def told(route: Route) -> str:
    """Return a route's destination in words."""
    return route.prefix_list or ", ".join(map(str, route.cidrs))
