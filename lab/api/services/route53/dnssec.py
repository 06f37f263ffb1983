# SPDX-License-Identifier: GPL-3.0-or-later
"""DNSSEC signing of hosted zones: key-signing keys (KSK) that are keys of KMS, and AWS's refusals of a wrong order.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-configuring-dnssec.html
"""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.route53.exceptions import Route53ClientError
from moto.route53.models import FakeZone
from moto.route53.responses import Route53

from lab.api.moto.extension import adds, replaces
from lab.api.services.route53.changes import submit
from lab.context import Context
from lab.world.names import key_signing
from lab.world.names.names import plain

MOST = 2
"""Key-signing keys of a zone: https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateKeySigningKey.html"""
_NAME = re.compile(r"[A-Za-z0-9_]{3,128}")


@dataclass
class KeySigningKey:
    """One KSK of a hosted zone."""

    name: str
    kms_arn: str
    private: ec.EllipticCurvePrivateKey
    """The key of KMS itself; it is used only as long as KMS lets Route 53 use it."""
    reference: str
    status: Literal["ACTIVE", "INACTIVE"]
    created: datetime.datetime = field(default_factory=utcnow)
    changed: datetime.datetime = field(default_factory=utcnow)


@dataclass
class Dnssec:
    """What a hosted zone is signed with, and whether it is: in the API, and by the name servers yet."""

    zsk: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    ksks: dict[str, KeySigningKey] = field(default_factory=dict)
    enabled: bool = False
    signing: bool = False
    signed_at: float = 0.0
    """When its keys were signed with the KSKs for the first time, by the host's clock, as signatures go."""


def extend(context: Context) -> None:
    """Put AWS's seven operations on the signing of hosted zones into moto."""
    _status(context)
    _keys(context)
    _switch(context)


def _refuse(code: str, message: str) -> Route53ClientError:
    return Route53ClientError(code, message)


def _zone(call: Any) -> FakeZone:
    """Return the hosted zone of a call; one that is private can't be signed."""
    zone = call.backend.get_hosted_zone(str(call._get_param("HostedZoneId") or "").rpartition("/")[2])
    if zone.private_zone:
        raise _refuse("InvalidArgument", "DNSSEC signing is for public hosted zones only.")
    return zone


def _dnssec(zone: FakeZone) -> Dnssec:
    found: Dnssec | None = getattr(zone, "dnssec", None)
    if found is None:
        found = zone.dnssec = Dnssec()
    return found


def _key(call: Any, zone: FakeZone) -> KeySigningKey:
    name = str(call._get_param("Name") or "")
    found = _dnssec(zone).ksks.get(name)
    if found is None:
        raise _refuse("NoSuchKeySigningKey", f"The specified key-signing key {name} does not exist.")
    return found


def _demand_usable(context: Context, arn: str, zone: FakeZone) -> None:
    if problem := key_signing.problem(context.backends, arn, zone.resource_id):
        raise _refuse("InvalidKMSArn", problem)


def _status(context: Context) -> None:
    @replaces(Route53, "get_dnssec")
    def get_dnssec(_original: Callable[..., Any], self: Any) -> ActionResult:
        zone = _zone(self)
        dnssec = _dnssec(zone)
        keys = [_shown(context, zone, ksk) for ksk in dnssec.ksks.values()]
        status = {"ServeSignature": "SIGNING" if dnssec.enabled else "NOT_SIGNING"}
        troubled = [key for key in keys if key["Status"] == "ACTION_NEEDED"]
        if dnssec.enabled and troubled:
            status = {"ServeSignature": "ACTION_NEEDED", "StatusMessage": troubled[0]["StatusMessage"]}
        return ActionResult({"Status": status, "KeySigningKeys": keys})


def _shown(context: Context, zone: FakeZone, ksk: KeySigningKey) -> dict[str, Any]:
    """Return a KSK as the API writes it.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_KeySigningKey.html
    """
    status, message = key_signing.status(ksk, context.backends, zone.resource_id)
    key = key_signing.SigningKey(ksk.private, key_signing.KSK_FLAGS)
    dnskey, public = key.dnskey, key_signing.public_text(key.dnskey)
    signer = key_signing.ds_text(plain(zone.name), dnskey.flags, public)
    tag, algorithm, digest_type, digest = signer.split()
    shown = {
        "Name": ksk.name,
        "KmsArn": ksk.kms_arn,
        "Flag": int(dnskey.flags),
        "SigningAlgorithmMnemonic": "ECDSAP256SHA256",
        "SigningAlgorithmType": int(algorithm),
        "DigestAlgorithmMnemonic": "SHA-256",
        "DigestAlgorithmType": int(digest_type),
        "KeyTag": int(tag),
        "DigestValue": digest.upper(),
        "PublicKey": public,
        "DSRecord": f"{tag} {algorithm} {digest_type} {digest.upper()}",
        "DNSKEYRecord": f"{int(dnskey.flags)} 3 {algorithm} {public}",
        "Status": status,
        "CreatedDate": ksk.created,
        "LastModifiedDate": ksk.changed,
    }
    return shown | ({"StatusMessage": message} if message else {})


def _keys(context: Context) -> None:
    @adds(Route53, "create_key_signing_key")
    def create_key_signing_key(self: Any) -> ActionResult:
        zone = _zone(self)
        name, arn, status, reference = (
            str(self._get_param(parameter) or "")
            for parameter in ("Name", "KeyManagementServiceArn", "Status", "CallerReference")
        )
        ksks = _dnssec(zone).ksks
        _check_new_key(name, arn, status, ksks)
        _demand_usable(context, arn, zone)
        key = key_signing.kms_key(context.backends, arn)
        assert key
        made = KeySigningKey(name, arn, key.private_key.private_key, reference, "INACTIVE")
        made.status = "ACTIVE" if status == "ACTIVE" else "INACTIVE"
        ksks[name] = made
        location = f"https://route53.amazonaws.com/2013-04-01/keysigningkey/{zone.resource_id}/{name}"
        answer = {"ChangeInfo": _change(context, zone), "KeySigningKey": _shown(context, zone, made)}
        return ActionResult({**answer, "Location": location})

    @adds(Route53, "activate_key_signing_key")
    def activate_key_signing_key(self: Any) -> ActionResult:
        zone = _zone(self)
        ksk = _key(self, zone)
        _demand_usable(context, ksk.kms_arn, zone)
        ksk.status, ksk.changed = "ACTIVE", utcnow()
        return ActionResult({"ChangeInfo": _change(context, zone)})

    @adds(Route53, "deactivate_key_signing_key")
    def deactivate_key_signing_key(self: Any) -> ActionResult:
        zone = _zone(self)
        ksk, dnssec = _key(self, zone), _dnssec(zone)
        if dnssec.enabled and [key.name for key in dnssec.ksks.values() if key.status == "ACTIVE"] == [ksk.name]:
            raise _refuse(
                "KeySigningKeyInUse",
                f"The key-signing key {ksk.name} is the only active one of a zone with DNSSEC signing enabled.",
            )
        _demand_not_in_parent(context, zone, [ksk])
        ksk.status, ksk.changed = "INACTIVE", utcnow()
        return ActionResult({"ChangeInfo": _change(context, zone)})

    @adds(Route53, "delete_key_signing_key")
    def delete_key_signing_key(self: Any) -> ActionResult:
        zone = _zone(self)
        ksk = _key(self, zone)
        if ksk.status != "INACTIVE":
            raise _refuse(
                "InvalidKeySigningKeyStatus", f"The key-signing key {ksk.name} is active; deactivate it to delete it."
            )
        del _dnssec(zone).ksks[ksk.name]
        return ActionResult({"ChangeInfo": _change(context, zone)})


def _check_new_key(name: str, arn: str, status: str, ksks: dict[str, KeySigningKey]) -> None:
    if not _NAME.fullmatch(name):
        raise _refuse("InvalidKeySigningKeyName", f"The key-signing key name {name!r} isn't a valid name.")
    if status not in ("ACTIVE", "INACTIVE"):
        raise _refuse("InvalidKeySigningKeyStatus", f"The status {status!r} is neither ACTIVE nor INACTIVE.")
    if name in ksks or arn in [ksk.kms_arn for ksk in ksks.values()]:
        raise _refuse(
            "KeySigningKeyAlreadyExists",
            "You've already created a key-signing key (KSK) with this name or with the same customer managed key ARN.",
        )
    if len(ksks) >= MOST:
        raise _refuse("TooManyKeySigningKeys", f"The zone has {MOST} key-signing keys, and no more are possible.")


def _switch(context: Context) -> None:
    @adds(Route53, "enable_hosted_zone_dnssec")
    def enable_hosted_zone_dnssec(self: Any) -> ActionResult:
        zone = _zone(self)
        dnssec = _dnssec(zone)
        active = [ksk for ksk in dnssec.ksks.values() if ksk.status == "ACTIVE"]
        if not active:
            raise _refuse(
                "KeySigningKeyWithActiveStatusNotFound", f"The zone {zone.name} has no active key-signing key."
            )
        for ksk in active:
            _demand_usable(context, ksk.kms_arn, zone)
        dnssec.enabled = True
        return ActionResult({"ChangeInfo": _change(context, zone, lambda: _serve(dnssec))})

    @adds(Route53, "disable_hosted_zone_dnssec")
    def disable_hosted_zone_dnssec(self: Any) -> ActionResult:
        zone = _zone(self)
        dnssec = _dnssec(zone)
        if not dnssec.enabled:
            raise _refuse("DNSSECNotFound", f"DNSSEC signing is not enabled for the hosted zone {zone.resource_id}.")
        _demand_not_in_parent(context, zone, list(dnssec.ksks.values()))
        dnssec.enabled = False
        return ActionResult({"ChangeInfo": _change(context, zone, lambda: _serve(dnssec))})


def _serve(dnssec: Dnssec) -> None:
    """Have the name servers do what was asked for last."""
    dnssec.signing = dnssec.enabled
    dnssec.signed_at = time.time() if dnssec.enabled else 0.0


def _change(context: Context, zone: FakeZone, then: Callable[[], None] = lambda: None) -> dict[str, Any]:
    return submit(context, label=f"{plain(zone.name)} DNSSEC", then=then)


def _demand_not_in_parent(context: Context, zone: FakeZone, ksks: list[KeySigningKey]) -> None:
    vouched = {tuple(signer.lower().split(maxsplit=3)) for signer in _signers(context, plain(zone.name))}
    for ksk in ksks:
        if tuple(_shown(context, zone, ksk)["DSRecord"].lower().split()) in vouched:
            raise _refuse(
                "KeySigningKeyInParentDSRecord",
                f"The key-signing key {ksk.name} is specified in a parent DS record; remove that record first.",
            )


def _signers(context: Context, name: str) -> Iterator[str]:
    """Yield the DS records about a zone, in hosted zones of the account and at the registrar."""
    yield from context.signer_overrides.get(name, ())
    for domain in context.backends.at("route53domains", "aws")._Route53DomainsBackend__domains.values():
        if plain(domain.domain_name) == name:
            keys = getattr(domain, "dnssec_keys", ())
            yield from (key_signing.ds_text(name, key.flags, key.public_key) for key in keys)
    for zone in context.backends.at("route53", "aws").zones.values():
        for record in zone.rrsets:
            if record.type == "DS" and plain(record.name) == name:
                yield from record.records


def demand_no_keys(zone: FakeZone) -> None:
    """Refuse to delete a zone that has key-signing keys."""
    if _dnssec(zone).ksks:
        raise _refuse(
            "HostedZoneNotEmpty",
            "The specified hosted zone contains DNSSEC Key Signing Keys and so cannot be deleted.",
        )
