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
import typing as t
from collections.abc import Iterable

from .._resource import Resource

ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
"""Storage classes whose objects cannot be read before they are restored."""
OURS = "hasite.aws"
"""The ID of the one rule that the collection writes."""


def harm(rule: Resource, keys: Iterable[str]) -> str | None:
    """Say what a rule does to the current versions of objects with these keys or prefixes; None if nothing."""
    if rule.get("Status") != "Enabled" or not _concerns(rule, keys):
        return None
    expiration = rule.get("Expiration") or {}
    if expiration.get("Days") or expiration.get("Date"):
        return f"deletes {_when(expiration)}"
    for transition in rule.get("Transitions") or []:
        if transition.get("StorageClass") in ARCHIVES:
            return f"archives in {transition['StorageClass']} {_when(transition)}"
    return None


def _concerns(rule: Resource, keys: Iterable[str]) -> bool:
    """Tell whether a rule's filter may match. Nothing of a site's is tagged; its sizes are not known."""
    found = rule.get("Filter") or {}
    several = found.get("And") or {}
    if found.get("Tag") or several.get("Tags"):
        return False
    prefix = str(found.get("Prefix") or several.get("Prefix") or rule.get("Prefix") or "")
    return any(key.startswith(prefix) or prefix.startswith(key) for key in keys)


def _when(action: Resource) -> str:
    # A date comes first: where there is one, there are no days.
    return f"on {str(action['Date'])[:10]}" if action.get("Date") else f"after {action.get('Days')} days"


def without(bucket: str, rules: Iterable[Resource], unwanted: Iterable[str]) -> str:
    """Return the call that disables the rules with these IDs, and leaves the others as they are."""
    ids = set(unwanted)
    kept: list[t.Any] = [{**rule, "Status": "Disabled"} if rule.get("ID") in ids else rule for rule in rules]
    document = json.dumps({"Rules": kept})
    return (
        f"aws s3api put-bucket-lifecycle-configuration --bucket {bucket} "
        f"--lifecycle-configuration {shlex.quote(document)}"
    )
