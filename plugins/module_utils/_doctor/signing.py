# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: DNSSEC, which takes all names of a zone away where it is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from .._delegation_signer import normal
from .evidence import Evidence
from .finding import CRITICAL, WARNING, Area, Occurrence, RuleInfo, Where
from .known.names import Signing
from .known.rights import Key
from .needs import DELEGATION

AREA = Area("signing")
SIGNS = ("SIGNING", "ACTION_NEEDED", "INTERNAL_FAILURE")
TROUBLED = ("ACTION_NEEDED", "INTERNAL_FAILURE")


def signing_of(evidence: Evidence) -> Signing:
    """Return how the hosted zone is signed, empty if that is not known."""
    return evidence.details.zone_signing.get(evidence.zone.id if evidence.zone else "", Signing())


def signers(signing: Signing) -> list[str]:
    """Return the DS records of the keys that a zone is signed with."""
    signs = signing.status in SIGNS
    return [normal(key.ds_record) for key in signing.keys if signs and key.status != "INACTIVE"]


def vouched(evidence: Evidence) -> list[str] | None:
    """Return the DS records that the parent zone has; None if it was not asked."""
    delegation = evidence.outside.delegation
    return [normal(signer) for signer in delegation.signers] if delegation and not delegation.problem else None


@AREA.rule(
    RuleInfo(
        "ds-of-no-key",
        CRITICAL,
        "Resolvers that validate refuse all answers of the zone, so that most visitors find none of its names.",
        "At the registrar, enter the DS record of the zone's key, or remove that of none.",
        ("certificate-pending", "page-unavailable", "plain-unavailable", "name-unresolved", "edge-unavailable"),
    ),
    "route53: hosted zones",
    "route53: signing of zones",
    DELEGATION,
)
def ds_of_no_key(evidence: Evidence) -> Iterator[Occurrence]:
    """The DS record in the parent zone is that of no key by which the zone is signed."""
    zone, there, signing = evidence.zone, vouched(evidence), signing_of(evidence)
    ours = signers(signing)
    if not zone or not there or zone.id not in evidence.details.zone_signing or set(there) & set(ours):
        return
    delegation = evidence.outside.delegation
    name, parent = zone.name, delegation.parent_zone if delegation else None
    status = f"{zone.id} says {signing.status}, with the DS record {', '.join(ours) or 'of no key'}"
    remove = f"At the registrar of {name}, remove the DS record {there[0].upper()}."
    enter = f"At the registrar of {name}, enter this DS record and no other: {ours[0].upper()}." if ours else remove
    yield Occurrence(
        f"{parent or 'The parent zone'} has a DS record of {name} that is none of its keys'.",
        Where("delegation", name, str(parent or "")),
        f"{parent} has: {', '.join(there)}; the hosted zone {status}",
        remedy=enter,
    )


@AREA.rule(
    RuleInfo(
        "signed-without-ds",
        WARNING,
        "Nobody believes the signatures: answers are as easily forged as without them.",
        "Enter the DS record of the zone's key at the registrar; where the account has the parent zone or the domain's "
        "registration, running playbooks/site.yml with site_dnssec enters it.",
    ),
    "route53: hosted zones",
    "route53: signing of zones",
    DELEGATION,
)
def signed_without_ds(evidence: Evidence) -> Iterator[Occurrence]:
    """The zone is signed, and the parent zone has no DS record of it."""
    zone, there, ours = evidence.zone, vouched(evidence), signers(signing_of(evidence))
    if not zone or there is None or there or not ours:
        return
    name = zone.name
    yield Occurrence(
        f"{name} is signed, and its parent zone has no DS record of it.",
        Where("hosted zone", zone.id, name),
        "DS records of the parent zone: none",
        remedy=f"At the registrar of {name}, enter this DS record: {ours[0].upper()}. If the account has the parent "
        "zone or the registration, run playbooks/site.yml with site_dnssec.",
    )


@AREA.rule(
    RuleInfo(
        "signing-key-unusable",
        CRITICAL,
        "Route 53 can't sign the zone's keys. When their present signature ends, in some days, resolvers that validate "
        "refuse all answers of the zone.",
        "Enable the KMS key, or give Route 53 the right to use it again.",
    ),
    "route53: hosted zones",
    "route53: signing of zones",
)
def signing_key_unusable(evidence: Evidence) -> Iterator[Occurrence]:
    """Route 53 may not use the KMS key by which the zone is signed."""
    for key in signing_of(evidence).keys:
        if key.status not in TROUBLED:
            continue
        name, arn = evidence.zone.name if evidence.zone else "", key.kms_key_arn
        identity = arn.rpartition("/")[2]
        enable = f"aws kms enable-key --region us-east-1 --key-id {identity}"
        again = f"aws kms cancel-key-deletion --region us-east-1 --key-id {identity}, then: {enable}"
        message = key.status_message
        kept = next((known for known in evidence.site.kms_keys if known.key_arn == arn), Key())
        leaving = kept.key_state == "PendingDeletion" or "PendingDeletion" in message
        yield Occurrence(
            f"The key {key.name} of {name} needs action: {message or key.status}",
            Where("KMS key", identity, key.name),
            f"Status={key.status}",
            remedy=f"Call: {again if leaving else enable}",
        )
