# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge's cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lab.plane.edge.origin import OriginResponse
from lab.world.edge.requests import Key, path_matches

_MOST = 2000


@dataclass(frozen=True)
class KeptResponse:
    """An answer that is kept; the times are the lab clock's."""

    answer: OriginResponse
    since: float
    until: float


@dataclass
class Store:
    """Answers by cache key; the first element of a key is the distribution's id, the second the path."""

    _entries: dict[Key, KeptResponse] = field(default_factory=dict)

    def get(self, key: Key, now: float) -> KeptResponse | None:
        """Return what is kept and still good."""
        found = self._entries.get(key)
        return found if found is not None and now < found.until else None

    def put(self, key: Key, entry: KeptResponse) -> None:
        """Keep an answer; what was kept first goes when there is too much."""
        self._entries.pop(key, None)
        while len(self._entries) >= _MOST:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = entry

    def keep(self, distributions: set[str]) -> None:
        """Drop what belongs to other distributions."""
        self._entries = {key: entry for key, entry in self._entries.items() if key[0] in distributions}

    def invalidate(self, distribution: str, paths: Sequence[str]) -> None:
        """Drop what an invalidation names; in its paths only a last asterisk is a pattern.

        https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
        """
        for key in [entry for entry in self._entries if entry[0] == distribution]:
            if any(path_matches(path, key[1]) for path in paths):
                del self._entries[key]
