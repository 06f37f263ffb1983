# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: keys and buckets, without which nothing is lost today."""

from __future__ import annotations

from collections.abc import Iterator

from .evidence import Evidence
from .finding import CRITICAL, PROVISION, WARNING, Area, Case, Kind, Where

AREA = Area("stores")


@AREA.rule(
    Kind(
        "key-unusable",
        CRITICAL,
        "What it encrypts can neither be read nor written: sessions are refused that have to be encrypted by it.",
        "Enable it: aws kms enable-key --key-id ID; one that is to be deleted first needs aws kms cancel-key-deletion.",
        ("machine-unreachable",),
    ),
    "kms: keys",
)
def key_unusable(evidence: Evidence) -> Iterator[Case]:
    """A key of the site is disabled, or is to be deleted."""
    for one in evidence.listed("kms_keys"):
        state, key = str(one.get("key_state")), str(one.get("key_id"))
        if state in ("Disabled", "PendingDeletion"):
            call = f"Call: aws kms enable-key --key-id {key}"
            again = f"Call: aws kms cancel-key-deletion --key-id {key}, then: aws kms enable-key --key-id {key}"
            what = f"The key {one.get('alias')} is {'disabled' if state == 'Disabled' else 'to be deleted'}."
            where = Where("KMS key", key, str(one.get("alias") or ""))
            yield Case(what, where, f"KeyState={state}", cure=call if state == "Disabled" else again)


@AREA.rule(
    Kind(
        "versions-suspended",
        WARNING,
        "A release or an error page that is overwritten or deleted by mistake is gone for good.",
        f"Switch versioning on again: {PROVISION}",
    ),
    "s3: buckets",
    "s3: bucket settings",
)
def versions_suspended(evidence: Evidence) -> Iterator[Case]:
    """A bucket does not keep what is overwritten or deleted."""
    # Of what it cannot restore: logs only come.
    kept = {one.get("name") for one in evidence.listed("buckets") if one.get("part") in ("content", "error_page")}
    for name, told in evidence.documents("bucket_settings").items():
        if name in kept and told.get("versioning") is False:
            yield Case(f"{name} keeps no versions.", Where("bucket", name), "versioning: off")


@AREA.rule(
    Kind(
        "bucket-unblocked",
        WARNING,
        "One wrong policy, and the world reads or writes the site's files: the block is what stands before that.",
        f"Block all public access again: {PROVISION}",
    ),
    "s3: buckets",
    "s3: bucket settings",
)
def bucket_unblocked(evidence: Evidence) -> Iterator[Case]:
    """A bucket does not block public access."""
    for name, told in evidence.documents("bucket_settings").items():
        off = [key for key, value in (told.get("public_access_block") or {}).items() if value is False]
        if off:
            yield Case(f"{name} does not block public access.", Where("bucket", name), f"off: {', '.join(sorted(off))}")
