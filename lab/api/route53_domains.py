# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53 as registrar: a domain registered here is delegated to the name servers that it lists, and has tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.route53domains.exceptions import InvalidInputException
from moto.route53domains.models import Route53DomainsBackend
from moto.route53domains.responses import Route53DomainsResponse
from moto.route53domains.validators import NameServer

from lab.api.extension import adds, replaces
from lab.context import Context

# https://docs.aws.amazon.com/Route53/latest/APIReference/API_domains_Tag.html
_LONGEST_KEY, _LONGEST_VALUE = 128, 256


def extend(context: Context) -> None:
    """Give a new domain its hosted zone's name servers, let operations follow each other, and keep tags."""
    _tags()

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


def _tags() -> None:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_domains_UpdateTagsForDomain.html and its sisters."""

    def of(response: Any) -> dict[str, str]:
        name = str(response._get_param("DomainName") or "").lower()
        domains, _marker = response.route53domains_backend.list_domains()
        domain = next((one for one in domains if one.domain_name == name), None)
        if domain is None:
            raise InvalidInputException([f"Domain {name} not found in this account"])
        tags: dict[str, str] = domain.__dict__.setdefault("tags", {})
        return tags

    @adds(Route53DomainsResponse, "list_tags_for_domain")
    def list_tags_for_domain(self: Any) -> ActionResult:
        return ActionResult({"TagList": [{"Key": key, "Value": value} for key, value in of(self).items()]})

    @adds(Route53DomainsResponse, "update_tags_for_domain")
    def update_tags_for_domain(self: Any) -> ActionResult:
        tags = of(self)
        for one in self._get_param("TagsToUpdate") or []:
            key, value = str(one.get("Key") or ""), str(one.get("Value") or "")
            if not 1 <= len(key) <= _LONGEST_KEY or len(value) > _LONGEST_VALUE:
                raise InvalidInputException([f"The tag {key!r} is too long."])
            tags[key] = value
        return ActionResult({})

    @adds(Route53DomainsResponse, "delete_tags_for_domain")
    def delete_tags_for_domain(self: Any) -> ActionResult:
        tags = of(self)
        for key in self._get_param("TagsToDelete") or []:
            tags.pop(key, None)
        return ActionResult({})
