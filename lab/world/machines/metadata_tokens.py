# SPDX-License-Identifier: GPL-3.0-or-later
"""The session tokens of version 2 of the instance metadata service. Pure.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

LONGEST = 21600


@dataclass
class Tokens:
    """Tokens are good on the instance they were given to, until they expire."""

    _known: dict[str, tuple[str, float]] = field(default_factory=dict)

    def issue(self, instance_id: str, seconds: int, now: float) -> str:
        """Return a new token for an instance."""
        self._known = {token: given for token, given in self._known.items() if given[1] > now}
        token = secrets.token_urlsafe(40)
        self._known[token] = instance_id, now + seconds
        return token

    def valid(self, token: str, instance_id: str, now: float) -> bool:
        """Tell whether the token is this instance's and has not expired."""
        owner, until = self._known.get(token, ("", 0.0))
        return owner == instance_id and now < until


def lifetime(header: str | None) -> int | None:
    """Return the seconds that a request for a token asks for, or None if it is not a permitted number."""
    if header is None or not header.isascii() or not header.isdigit():
        return None
    seconds = int(header)
    return seconds if 1 <= seconds <= LONGEST else None
