# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53 as registrar: a domain registered here is delegated to the name servers that it lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.route53domains.models import Route53DomainsBackend
from moto.route53domains.validators import NameServer

from lab.api.extension import replaces
from lab.context import Context


def extend(context: Context) -> None:
    """Give a new domain its hosted zone's name servers, and let operations follow each other."""

    @replaces(Route53DomainsBackend, "register_domain")
    def register_domain(original: Callable[..., Any], self: Any, domain_name: str, *args: Any, **kwargs: Any) -> Any:
        operation = original(self, domain_name, *args, **kwargs)
        zones = context.backends.at("route53", "aws").zones.values()
        newest = [zone for zone in zones if zone.name == f"{domain_name}." and not zone.private_zone][-1]
        self.get_domain(domain_name).nameservers = [NameServer(name, []) for name in newest.delegation_set.name_servers]
        return operation

    @replaces(Route53DomainsBackend, "_Route53DomainsBackend__validate_duplicate_operations")
    def validate_duplicate_operations(_original: Callable[..., Any], _self: Any, _operation: Any) -> None:
        """Refuse nothing: every operation is done when the next one comes."""
