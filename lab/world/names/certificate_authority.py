# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a domain's CAA records let Amazon issue a certificate (RFC 8659, section 4)."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

AMAZON = frozenset({"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"})
"""https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html"""


def caa_allows(records: Sequence[str], *, wildcard: bool) -> bool:
    """Return whether records like `0 issue "amazon.com"` allow Amazon; `issuewild` goes before for wildcards."""
    issuers: dict[str, list[str]] = {}
    for record in records:
        _, tag, value = shlex.split(record)
        issuers.setdefault(tag.lower(), []).append(value.split(";")[0].strip().lower())
    said = issuers.get("issuewild") if wildcard and "issuewild" in issuers else issuers.get("issue")
    return said is None or not AMAZON.isdisjoint(said)
