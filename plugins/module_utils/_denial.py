# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""One sentence for what AWS says when a caller lacks a permission. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html has AWS's words; services put their own
before and after them, and S3 has none for the HEAD method, whose answers have no body.
"""

from __future__ import annotations

import re

_DENIED = re.compile(
    r"User: (?P<who>\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: \"?(?P<resource>[^\s\"]+)\"?)?(?P<why>[^.]*)"
)
_HEAD = re.compile(r"An error occurred \(403\) when calling the Head(?P<what>Bucket|Object) operation")
_HEAD_ACTIONS = {"Bucket": "s3:ListBucket", "Object": "s3:GetObject"}
"""https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html and API_HeadObject.html there"""
PAGE = "docs/permissions.md"


def sentence(text: str) -> str | None:
    """Return who lacks which action and what to do about it; None if the text tells of no denial."""
    if found := _DENIED.search(text):
        who, action = found["who"], found["action"]
        on = f" on {found['resource']}" if found["resource"] else ""
        if "explicit deny" in found["why"]:
            return f"A policy denies {who} the action {action}{on}; remove that denial, or use another caller."
        return f"{who} may not perform {action}{on}; add {action} to that caller's policy (see {PAGE})."
    if found := _HEAD.search(text):
        action = _HEAD_ACTIONS[found["what"]]
        return f"The caller may not perform {action}; add {action} to that caller's policy (see {PAGE})."
    return None
