# SPDX-License-Identifier: GPL-3.0-or-later
"""The access key of the lab's owner: drawn anew for each run of a lab, and nobody else's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class Key:
    """An access key of the account's root."""

    access_key: str
    secret_key: str = field(repr=False)


def draw() -> Key:
    """Return a new key, in the form of AWS's."""
    return Key("AKIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16)), secrets.token_urlsafe(30))
