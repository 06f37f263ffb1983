# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: keys and buckets, without which nothing is lost today."""

from __future__ import annotations

from collections.abc import Iterator

from . import lifecycle
from .evidence import Evidence
from .finding import CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.shape import shape
from .known.stores import LifecycleRule

AREA = Area("stores")
RELEASES = "site/"
"""Below which the content bucket has the releases."""


@AREA.rule(
    RuleInfo(
        "key-unusable",
        CRITICAL,
        "What it encrypts can neither be read nor written, and nothing is signed: sessions are refused that have to be "
        "encrypted by it, and so are releases that have to be signed.",
        "Enable it: aws kms enable-key --key-id ID; one that is to be deleted first needs aws kms cancel-key-deletion.",
        ("machine-unreachable",),
    ),
    "kms: keys",
)
def key_unusable(evidence: Evidence) -> Iterator[Occurrence]:
    """A key of the site is disabled, or is to be deleted."""
    signing = {key.kms_key_arn for zone in evidence.details.zone_signing.values() for key in zone.keys}
    for key in evidence.site.kms_keys:
        if key.key_arn in signing:
            continue  # Route 53 says itself whether it can use it
        state, identity = key.key_state, key.key_id
        if state in ("Disabled", "PendingDeletion"):
            call = f"Call: aws kms enable-key --key-id {identity}"
            again = (
                f"Call: aws kms cancel-key-deletion --key-id {identity}, then: aws kms enable-key --key-id {identity}"
            )
            what = f"The key {key.alias} is {'disabled' if state == 'Disabled' else 'to be deleted'}."
            where = Where("KMS key", identity, key.alias)
            yield Occurrence(what, where, f"KeyState={state}", remedy=call if state == "Disabled" else again)


@AREA.rule(
    RuleInfo(
        "versions-suspended",
        WARNING,
        "A release or an error page that is overwritten or deleted by mistake is gone for good.",
        f"Switch versioning on again: {PROVISION}",
    ),
    "s3: buckets",
    "s3: bucket settings",
)
def versions_suspended(evidence: Evidence) -> Iterator[Occurrence]:
    """A bucket does not keep what is overwritten or deleted."""
    # Of what it cannot restore: logs only come.
    kept = {bucket.name for bucket in evidence.site.buckets if bucket.part in ("content", "error_page")}
    for name, told in evidence.details.bucket_settings.items():
        if name in kept and told.versioning is False:
            yield Occurrence(f"{name} keeps no versions.", Where("bucket", name), "versioning: off")


@AREA.rule(
    RuleInfo(
        "bucket-unblocked",
        WARNING,
        "One wrong policy, and the world reads or writes the site's files: the block is what stands before that.",
        f"Block all public access again: {PROVISION}",
    ),
    "s3: buckets",
    "s3: bucket settings",
)
def bucket_unblocked(evidence: Evidence) -> Iterator[Occurrence]:
    """A bucket does not block public access."""
    for name, told in evidence.details.bucket_settings.items():
        off = [key for key, value in told.public_access_block.items() if value is False]
        if off:
            yield Occurrence(
                f"{name} does not block public access.", Where("bucket", name), f"off: {', '.join(sorted(off))}"
            )


@AREA.rule(
    RuleInfo(
        "lifecycle-deletes",
        WARNING,
        "S3 deletes or archives objects by itself, whether they are in use or not: one day the next machine finds no "
        "release, or visitors no error page.",
        "Disable the lifecycle rule: aws s3api put-bucket-lifecycle-configuration takes all rules of a bucket at once.",
        ("content-missing", "error-page-missing"),
    ),
    "s3: buckets",
    "s3: bucket settings",
    "s3: error pages",
)
def lifecycle_deletes(evidence: Evidence) -> Iterator[Occurrence]:
    """A bucket's lifecycle rule deletes or archives what the site needs."""
    pages = [place.partition("/") for place in evidence.details.error_objects]
    needed = {"content": [RELEASES], "error_page": [key for dummy, dummy, key in pages]}
    keys = {bucket.name: needed.get(bucket.part, []) for bucket in evidence.site.buckets}
    for name, told in evidence.details.bucket_settings.items():
        rules = [shape(LifecycleRule, rule) for rule in told.lifecycle_rules]
        harms = {rule.id: said for rule in rules if (said := lifecycle.harm(rule, keys.get(name, [])))}
        if harms:
            call = f"Call: {lifecycle.without(name, told.lifecycle_rules, harms)}"
            yield Occurrence(
                f"A lifecycle rule of {name} takes away what the site needs.",
                Where("bucket", name),
                "; ".join(f"rule {identity} {said}" for identity, said in harms.items()),
                remedy=f"Write the rule anew: {PROVISION}" if set(harms) == {lifecycle.OURS} else call,
            )


@AREA.rule(
    RuleInfo(
        "backups-off",
        WARNING,
        "The share holds what visitors have uploaded. What is deleted there, or overwritten, is gone for good.",
        f"Switch automatic backups on again: {PROVISION}",
    ),
    "efs: file systems",
    "efs: backup policies",
)
def backups_off(evidence: Evidence) -> Iterator[Occurrence]:
    """The share is not backed up."""
    for share, on in evidence.details.file_system_backups.items():
        if not on:
            yield Occurrence(f"The share {share} is not backed up.", Where("file system", share), "BackupPolicy: off")
