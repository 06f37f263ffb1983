# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes with DNSSEC, in whose order one step too early or too late takes all names away."""

from __future__ import annotations

import json
import uuid
from typing import Any

from lab.base.backends import ACCOUNT
from lab.faults import outside
from lab.faults.fault import fault
from lab.faults.site import GLOBAL_REGION, Site

_KEY = "by_hand"
_ACTIONS = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]
_ROUTE53 = {"Effect": "Allow", "Principal": {"Service": "dnssec-route53.amazonaws.com"}, "Action": _ACTIONS}
_OWNER = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}
_POLICY = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"} for statement in (_OWNER, _ROUTE53)]}


@fault(None)
def ds_of_no_key(site: Site) -> None:
    """Enter the DS record of a key that the zone does not have at the registrar."""
    domain = site.zone["Name"].rstrip(".")
    site.to_mend(outside.signers, domain, None)
    outside.signers(site, domain, [f"4217 13 2 {'ab' * 32}"])


@fault(None)
def signed_without_ds(site: Site) -> None:
    """Sign the zone, and tell nobody at the registrar."""
    _sign(site)


@fault(None)
def signing_key_unusable(site: Site) -> None:
    """Disable the KMS key by which the zone is signed."""
    key = _sign(site)
    domain = site.zone["Name"].rstrip(".")
    site.to_mend(outside.signers, domain, None)
    outside.signers(site, domain, [key["DSRecord"]])
    site.to_mend(outside.signing_key, key["KmsArn"], enabled=True)
    site.client("kms", GLOBAL_REGION).disable_key(KeyId=key["KmsArn"])


def _sign(site: Site) -> dict[str, Any]:
    """Sign the zone by hand and return its key-signing key."""
    zone = site.zone["Id"].rpartition("/")[2]
    route53 = site.client("route53", GLOBAL_REGION)
    made = site.client("kms", GLOBAL_REGION).create_key(
        KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=json.dumps(_POLICY)
    )
    arn = made["KeyMetadata"]["Arn"]
    site.to_mend(outside.signing_key, arn, enabled=False)
    site.to_mend(outside.unsigned, zone, _KEY)
    key: dict[str, Any] = route53.create_key_signing_key(
        CallerReference=uuid.uuid4().hex, HostedZoneId=zone, KeyManagementServiceArn=arn, Name=_KEY, Status="ACTIVE"
    )["KeySigningKey"]
    route53.enable_hosted_zone_dnssec(HostedZoneId=zone)
    return key
