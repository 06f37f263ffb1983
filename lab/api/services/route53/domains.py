# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53 as registrar: a domain registered here is delegated to the name servers that it lists, and has tags."""

from __future__ import annotations

import binascii
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.route53domains.exceptions import InvalidInputException
from moto.route53domains.models import Route53DomainsBackend, Route53DomainsOperation
from moto.route53domains.responses import Route53DomainsResponse
from moto.route53domains.validators import NameServer

from lab.api.moto.extension import adds, replaces
from lab.context import Context
from lab.world.names import key_signing

# https://docs.aws.amazon.com/Route53/latest/APIReference/API_domains_Tag.html
_LONGEST_KEY, _LONGEST_VALUE = 128, 256


def extend(context: Context) -> None:
    """Give a new domain its hosted zone's name servers, let operations follow each other, and keep tags."""
    _tags()
    _signers()

    @replaces(Route53DomainsBackend, "register_domain")
    def register_domain(
        original: Callable[..., Any], self: Any, domain_name: str, duration_in_years: int, *args: Any, **kwargs: Any
    ) -> Any:
        # moto looks at the end a moment after it has counted from now, and finds that one year is less than one.
        beyond = 1 if duration_in_years == 1 else 0
        operation = original(self, domain_name, duration_in_years + beyond, *args, **kwargs)
        self.get_domain(domain_name).expiration_date -= timedelta(days=365 * beyond)
        zones = context.backends.at("route53", "aws").zones.values()
        newest = [zone for zone in zones if zone.name == f"{domain_name}." and not zone.private_zone][-1]
        self.get_domain(domain_name).nameservers = [NameServer(name, []) for name in newest.delegation_set.name_servers]
        return operation

    @replaces(Route53DomainsBackend, "_Route53DomainsBackend__validate_duplicate_operations")
    def validate_duplicate_operations(_original: Callable[..., Any], _self: Any, _operation: Any) -> None:
        """Refuse nothing: every operation is done when the next one comes."""


def _domain(response: Any) -> Any:
    name = str(response._get_param("DomainName") or "").lower()
    domains, _marker = response.route53domains_backend.list_domains()
    domain = next((domain for domain in domains if domain.domain_name == name), None)
    if domain is None:
        raise InvalidInputException([f"Domain {name} not found in this account"])
    return domain


@dataclass(frozen=True)
class DnssecKey:
    """A key of a domain's zone for which the registry has a DS record."""

    flags: int
    algorithm: int
    public_key: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def shown(self, domain: str) -> dict[str, Any]:
        """Return the key as the API writes it."""
        tag, _algorithm, digest_type, digest = key_signing.ds_text(domain, self.flags, self.public_key).split()
        of_key = {"Algorithm": self.algorithm, "Flags": self.flags, "PublicKey": self.public_key, "Id": self.id}
        return {**of_key, "DigestType": int(digest_type), "Digest": digest.upper(), "KeyTag": int(tag)}


# https://docs.aws.amazon.com/Route53/latest/APIReference/API_domains_DnssecLimitExceeded.html: registries differ.
_MOST_KEYS = 4
_ALGORITHM = 13


def _signers() -> None:
    """Keep the keys for which registries have DS records.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_domains_AssociateDelegationSignerToDomain.html
    """

    def done(response: Any, domain: Any, kind: str) -> ActionResult:
        operation = Route53DomainsOperation.validate(
            domain_name=domain.domain_name, status="SUCCESSFUL", type_="UPDATE_NAMESERVER"
        )
        operation.type = kind
        response.route53domains_backend._Route53DomainsBackend__operations[operation.id] = operation
        return ActionResult({"OperationId": operation.id})

    @replaces(Route53DomainsResponse, "get_domain_detail")
    def get_domain_detail(original: Callable[..., Any], self: Any) -> str:
        domain, found = _domain(self), json.loads(original(self))
        found["DnssecKeys"] = [key.shown(domain.domain_name) for key in getattr(domain, "dnssec_keys", ())]
        return json.dumps(found)

    @adds(Route53DomainsResponse, "associate_delegation_signer_to_domain")
    def associate_delegation_signer_to_domain(self: Any) -> ActionResult:
        domain = _domain(self)
        key = _key(self._get_param("SigningAttributes"))
        keys: list[DnssecKey] = domain.__dict__.setdefault("dnssec_keys", [])
        if key.public_key in [key.public_key for key in keys]:
            raise JsonRESTError("DuplicateRequest", "The domain has a DS record of this key already.")
        if len(keys) >= _MOST_KEYS:
            raise JsonRESTError("DnssecLimitExceeded", f"{domain.domain_name} has {_MOST_KEYS} DS records already.")
        keys.append(key)
        return done(self, domain, "ADD_DNSSEC")

    @adds(Route53DomainsResponse, "disassociate_delegation_signer_from_domain")
    def disassociate_delegation_signer_from_domain(self: Any) -> ActionResult:
        domain, wanted = _domain(self), str(self._get_param("Id") or "")
        keys: list[DnssecKey] = domain.__dict__.setdefault("dnssec_keys", [])
        found = [key for key in keys if key.id == wanted]
        if not found:
            raise InvalidInputException([f"The DNSSEC key {wanted} was not found for {domain.domain_name}"])
        keys.remove(found[0])
        return done(self, domain, "REMOVE_DNSSEC")


def _key(given: Any) -> DnssecKey:
    """Return the key that a call describes; the lab's zones are signed by one algorithm only, as Route 53's are."""
    attributes = given if isinstance(given, dict) else {}
    flags, algorithm, public = (attributes.get(attribute) for attribute in ("Flags", "Algorithm", "PublicKey"))
    if flags not in (key_signing.ZONE_FLAGS, key_signing.KSK_FLAGS):
        raise InvalidInputException([f"The flags {flags} are neither 256 nor 257"])
    if algorithm != _ALGORITHM:
        raise InvalidInputException([f"The algorithm {algorithm} is not {_ALGORITHM} (ECDSAP256SHA256)"])
    try:
        key_signing.dnskey_of(flags, str(public or ""))
    except (ValueError, binascii.Error) as error:
        raise InvalidInputException([f"The public key is none: {error}"]) from error
    return DnssecKey(flags, algorithm, str(public))


def _tags() -> None:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_domains_UpdateTagsForDomain.html and its sisters."""

    def of(response: Any) -> dict[str, str]:
        tags: dict[str, str] = _domain(response).__dict__.setdefault("tags", {})
        return tags

    @adds(Route53DomainsResponse, "list_tags_for_domain")
    def list_tags_for_domain(self: Any) -> ActionResult:
        return ActionResult({"TagList": [{"Key": key, "Value": value} for key, value in of(self).items()]})

    @adds(Route53DomainsResponse, "update_tags_for_domain")
    def update_tags_for_domain(self: Any) -> ActionResult:
        tags = of(self)
        for tag in self._get_param("TagsToUpdate") or []:
            key, value = str(tag.get("Key") or ""), str(tag.get("Value") or "")
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
