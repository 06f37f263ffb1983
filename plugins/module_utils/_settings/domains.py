# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The domain that visitors type and the hosted zone that holds it."""

from __future__ import annotations

import re

from .error import SettingsError

# RFC 1035 section 2.3.1 with RFC 1123's leading digit.
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")


def check_domain(variable: str, domain: str) -> None:
    """Refuse what is not a fully qualified host name (RFC 1035)."""
    labels = domain.split(".")
    if len(domain) > 253 or len(labels) < 2 or not all(_LABEL.match(label) for label in labels):
        raise SettingsError(
            f"{variable} is {domain!r}, which is not a domain name; write it as in www.example.com, "
            "in small letters, without a scheme and without a dot at the end."
        )


def zone_of(domain: str, zone: str | None) -> str:
    """Return the hosted zone's name: as given, or the domain without its first label."""
    check_domain("site_domain", domain)
    found = zone or domain.partition(".")[2]
    check_domain("site_zone", found)
    if domain != found and not domain.endswith(f".{found}"):
        raise SettingsError(f"site_domain {domain} is not in site_zone {found}; set site_zone to a zone that holds it.")
    return found
