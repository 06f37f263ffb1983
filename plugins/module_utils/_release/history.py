# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Which releases were served, in their order, and which of them were taken back.

Ids sort by the time of the upload, which is not the order of serving: whoever takes back a release, and later another
one, wants what visitors saw before both of them.
"""

from __future__ import annotations

import json
import typing as t

_LONGEST = 100
"""How many servings are remembered; far more than any share keeps releases."""


class History(t.NamedTuple):
    """What was served, the last one last, and what was taken back since it was served last."""

    served: tuple[str, ...] = ()
    taken_back: tuple[str, ...] = ()

    def serving(self, release: str) -> History:
        """Return the history after a release is served, as the latest."""
        served = tuple(one for one in self.served if one != release)
        return History((*served, release)[-_LONGEST:], tuple(one for one in self.taken_back if one != release))

    def returning(self, release: str, current: str | None) -> History:
        """Return the history after a return from the current release to an earlier one.

        What was served after the earlier one is taken back. A release that is later than the current one is no return.
        """
        if current is None or not self._is_earlier(release, current):
            return self.serving(release)
        cut = self.served.index(release) if release in self.served else len(self.served)
        left = {current, *self.served[cut + 1 :]}
        kept = tuple(one for one in self.served[:cut] if one != current)
        taken_back = (*self.taken_back, *sorted(left - set(self.taken_back)))
        return History(kept, taken_back[-_LONGEST:]).serving(release)

    def _is_earlier(self, release: str, current: str) -> bool:
        if release in self.served and current in self.served:
            return self.served.index(release) < self.served.index(current)
        return release < current

    def before(self, current: str | None, held: t.Collection[str]) -> str | None:
        """Return the release that was served before the current one, of those that are held and were not taken back.

        Of what is not remembered, the latest upload before the current one. None if there is none.
        """
        usable = {one for one in held if one != current and one not in self.taken_back}
        until = self.served.index(current) if current in self.served else len(self.served)
        for one in reversed(self.served[:until]):
            if one in usable:
                return one
        older = [one for one in usable if current is None or one < current]
        return max(older, default=None)

    def encode(self) -> bytes:
        """Return the history as text."""
        return json.dumps(self._asdict(), indent=1).encode()


def decode(text: bytes) -> History:
    """Return the history that a text is; one that can't be read is an empty one, for no release depends on it."""
    try:
        found = json.loads(text)
        return History(tuple(map(str, found["served"])), tuple(map(str, found["taken_back"])))
    except (ValueError, KeyError, TypeError):
        return History()
