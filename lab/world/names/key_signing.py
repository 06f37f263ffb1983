# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys that zones are signed with, and what Route 53 needs of KMS to use them. Pure.

A hosted zone has a zone-signing key, which Route 53 manages, and up to two key-signing keys (KSK), each of which is a
customer's key in KMS: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-configuring-dnssec.html
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import dns.dnssec
import dns.name
import dns.rdata
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm, DSDigest
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.dnskeybase import Flag

from lab.base.backends import ACCOUNT
from lab.world.access.permissions import AccessRequest, Principal, combine, decide

if TYPE_CHECKING:
    from lab.base.backends import Backends

REGION = "us-east-1"
"""The only one in which the key may be:
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-configuring-dnssec-cmk-requirements.html"""
SPEC = "ECC_NIST_P256"
DNSKEY_TTL = 3600
ZONE_FLAGS, KSK_FLAGS = int(Flag.ZONE), int(Flag.ZONE | Flag.SEP)
_SERVICE = Principal(service="dnssec-route53.amazonaws.com")
_ACTIONS = ("kms:DescribeKey", "kms:GetPublicKey", "kms:Sign")
_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/"

KskStatus = Literal["ACTIVE", "INACTIVE", "ACTION_NEEDED"]


@dataclass(frozen=True)
class SigningKey:
    """One key pair with its DNSKEY record; `usable` is false where KMS does not let Route 53 sign with it."""

    private: ec.EllipticCurvePrivateKey
    flags: int
    usable: bool = True

    @property
    def dnskey(self) -> DNSKEY:
        """Return the key's record."""
        return dns.dnssec.make_dnskey(self.private.public_key(), Algorithm.ECDSAP256SHA256, self.flags)


@dataclass(frozen=True)
class ZoneKeys:
    """The keys of a signed zone: the KSKs sign the DNSKEY records, the zone-signing key all others."""

    ksks: tuple[SigningKey, ...]
    zsk: SigningKey
    signed_at: float = 0.0
    """When the KSKs have signed the keys for the first time, in seconds since 1970; KMS let them then."""

    @property
    def dnskeys(self) -> tuple[str, ...]:
        """Return the zone's DNSKEY records as a zone file writes them."""
        return tuple(key.dnskey.to_text() for key in (*self.ksks, self.zsk))

    def signers(self, name: str) -> tuple[str, ...]:
        """Return the DS records by which the parent zone vouches for the KSKs."""
        return tuple(ds_text(name, key.flags, public_text(key.dnskey)) for key in self.ksks)


def draw() -> ZoneKeys:
    """Return new keys for a zone of the lab's internet itself."""
    made = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    return ZoneKeys((SigningKey(made[0], KSK_FLAGS),), SigningKey(made[1], ZONE_FLAGS))


def public_text(dnskey: DNSKEY) -> str:
    """Return a key's public half in Base64, as the registrar and DNSKEY records have it."""
    return base64.b64encode(dnskey.key).decode()


def dnskey_of(flags: int, public_key: str) -> DNSKEY:
    """Return the DNSKEY record of a public key in Base64; ValueError if it is none."""
    if len(base64.b64decode(public_key, validate=True)) != 64:
        raise ValueError("A key of the curve P-256 has 64 bytes.")
    made = dns.rdata.from_text("IN", "DNSKEY", f"{flags} 3 {int(Algorithm.ECDSAP256SHA256)} {public_key}")
    assert isinstance(made, DNSKEY)
    return made


def ds_text(name: str, flags: int, public_key: str) -> str:
    """Return the DS record of a zone's key: its tag, algorithm, kind of digest and digest."""
    owner = dns.name.from_text(f"{name}.")
    return dns.dnssec.make_ds(owner, dnskey_of(flags, public_key), DSDigest.SHA256).to_text()


def kms_key(backends: Backends, arn: str) -> Any | None:
    """Return the key that an ARN names, if it can be a KSK; None for one of another region, account or kind."""
    if not arn.startswith(_ARN):
        return None
    key = backends.at("kms", REGION).keys.get(arn.removeprefix(_ARN))
    return key if key and (key.key_spec, key.key_usage) == (SPEC, "SIGN_VERIFY") else None


def problem(backends: Backends, arn: str, zone_id: str) -> str:
    """Return why Route 53 can't sign with a key of KMS, or nothing.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/access-control-managing-permissions.html (key policies)
    """
    key = kms_key(backends, arn)
    if key is None:
        return f"The KMS key {arn} is no {SPEC} key of {REGION} that signs and verifies."
    if key.key_state != "Enabled":
        return f"The KMS key {arn} is not enabled: its state is {key.key_state}."
    context = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"arn:aws:route53:::hostedzone/{zone_id}"}
    document = json.loads(key.policy or "{}")
    for action in _ACTIONS:
        request = AccessRequest(action, key.arn, context, _SERVICE)
        if combine([decide(document, request, of_resource=True)]) != "allow":
            return f"The policy of the KMS key {arn} does not let dnssec-route53.amazonaws.com perform {action}."
    return ""


def status(ksk: Any, backends: Backends, zone_id: str) -> tuple[KskStatus, str]:
    """Return a KSK's status with the message that goes with it."""
    if ksk.status != "ACTIVE":
        return "INACTIVE", ""
    found = problem(backends, ksk.kms_arn, zone_id)
    return ("ACTION_NEEDED", found) if found else ("ACTIVE", "")


def zone_keys(zone: Any, backends: Backends) -> ZoneKeys | None:
    """Return the keys of a hosted zone that is signed."""
    dnssec = getattr(zone, "dnssec", None)
    if dnssec is None or not dnssec.signing:
        return None
    ksks = tuple(
        SigningKey(ksk.private, KSK_FLAGS, status(ksk, backends, zone.resource_id)[0] == "ACTIVE")
        for ksk in dnssec.ksks.values()
        if ksk.status == "ACTIVE"
    )
    return ZoneKeys(ksks, SigningKey(dnssec.zsk, ZONE_FLAGS), dnssec.signed_at)
