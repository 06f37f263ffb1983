# SPDX-License-Identifier: GPL-3.0-or-later
"""How far away AWS is from the controller (`--latency`). The delays are real, whatever the lab's speed is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.base.errors import LabError

_WISH = re.compile(r"(rtt|api)=(\d+(?:\.\d+)?)\Z")


@dataclass(frozen=True)
class Latency:
    """Seconds of a round trip, on every connection; and of AWS's own time on every API call but those of S3."""

    round_trip: float = 0.0
    call: float = 0.0

    @classmethod
    def read(cls, option: str) -> Latency:
        """Read `rtt=60,api=150`, in milliseconds; an empty text means none."""
        found = {}
        for word in filter(None, option.split(",")):
            match = _WISH.match(word)
            if match is None:
                raise LabError(f"--latency is {option!r}; use milliseconds, such as rtt=60,api=150.")
            found[match[1]] = float(match[2]) / 1000
        return cls(found.get("rtt", 0.0), found.get("api", 0.0))
