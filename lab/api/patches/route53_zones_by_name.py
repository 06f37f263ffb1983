# SPDX-License-Identifier: GPL-3.0-or-later
"""ListHostedZonesByName lists from a name on, in pages.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByName.html: ordered by the reversed labels,
beginning at DNSName (and, among zones of that name, at HostedZoneId).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.route53.exceptions import InvalidInput
from moto.route53.responses import Route53

from lab.api.moto.extension import replaces
from lab.api.services.route53.records import name_order

_LARGEST_PAGE = 100


def _order(zone: Any) -> tuple[Any, str]:
    return name_order(zone.name), zone.resource_id


def extend() -> None:
    """List so."""

    @replaces(Route53, "list_hosted_zones_by_name")
    def list_hosted_zones_by_name(_original: Callable[..., Any], self: Any) -> ActionResult:
        name, zone_id = self._get_param("DNSName"), (self._get_param("HostedZoneId") or "").rpartition("/")[2]
        size = int(self._get_param("MaxItems") or _LARGEST_PAGE)
        if zone_id and not name:
            raise InvalidInput("HostedZoneId can be given together with DNSName only.")
        start = (name_order(f"{name.rstrip('.')}."), zone_id) if name else None
        zones = sorted(self.backend.zones.values(), key=_order)
        rest = [zone for zone in zones if start is None or _order(zone) >= start]
        shown, further = rest[:size], rest[size:]
        told = {"DNSName": name, "HostedZoneId": zone_id or None}
        after = {"NextDNSName": further[0].name, "NextHostedZoneId": further[0].resource_id} if further else {}
        return ActionResult(
            {"HostedZones": shown, "IsTruncated": bool(further), "MaxItems": size, **told, **after},
        )
