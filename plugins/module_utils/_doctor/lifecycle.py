# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What a bucket's lifecycle rules do to objects that are in use. Pure; the rules are as S3 has them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping

from .known.shape import shape
from .known.stores import LifecycleRule, Removal

ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
"""Storage classes whose objects cannot be read before they are restored."""
OURS = "hasite.aws"
"""The ID of the one rule that the collection writes."""


def harm(rule: LifecycleRule, keys: Iterable[str]) -> str | None:
    """Say what a rule does to the current versions of objects with these keys or prefixes; None if nothing."""
    if rule.status != "Enabled" or not _concerns(rule, keys):
        return None
    if rule.expiration.days or rule.expiration.date:
        return f"deletes {_when(rule.expiration)}"
    archive = next((transition for transition in rule.transitions if transition.storage_class in ARCHIVES), None)
    return f"archives in {archive.storage_class} {_when(archive)}" if archive else None


def _concerns(rule: LifecycleRule, keys: Iterable[str]) -> bool:
    """Tell whether a rule's filter may match. Nothing of a site's is tagged; its sizes are not known."""
    if rule.filter.tag or rule.filter.and_.tags:
        return False
    prefix = rule.filter.prefix or rule.filter.and_.prefix or rule.prefix
    return any(key.startswith(prefix) or prefix.startswith(key) for key in keys)


def _when(action: Removal) -> str:
    # A date comes first: where there is one, there are no days.
    return f"on {action.date[:10]}" if action.date else f"after {action.days} days"


def without(bucket: str, rules: Iterable[Mapping[str, object]], unwanted: Iterable[str]) -> str:
    """Return the call that disables the rules with these IDs, and leaves the others as they are."""
    ids = set(unwanted)
    kept = [{**rule, "Status": "Disabled"} if shape(LifecycleRule, rule).id in ids else rule for rule in rules]
    document = json.dumps({"Rules": kept})
    return (
        f"aws s3api put-bucket-lifecycle-configuration --bucket {bucket} "
        f"--lifecycle-configuration {shlex.quote(document)}"
    )
