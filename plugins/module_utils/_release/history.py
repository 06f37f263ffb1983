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
    """What was served, the last one last, what was taken back since it was served last, and what somebody calls bad."""

    served: tuple[str, ...] = ()
    taken_back: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    on_trial: tuple[str, ...] = ()
    """The release that is served while what follows its first switch is still to be done, and the one that was served
    before it, if there was one. Otherwise nothing."""

    def serving(self, release: str) -> History:
        """Return the history after a release is served, as the latest."""
        served = tuple(name for name in self.served if name != release)
        taken_back = tuple(name for name in self.taken_back if name != release)
        return self._replace(served=(*served, release)[-_LONGEST:], taken_back=taken_back, on_trial=())

    def beginning(self, release: str, current: str | None) -> History:
        """Return the history after a new release is served in the place of the current one, on trial.

        One that is on trial itself is not what anybody wants to return to if the new one fails.
        """
        before = self.replaced(current)
        return self.serving(release)._replace(on_trial=(release, *((before,) if before else ())))

    def proved(self) -> History:
        """Return the history after all is done that follows a switch."""
        return self._replace(on_trial=())

    def replaced(self, current: str | None) -> str | None:
        """Return what the current release has replaced if it is on trial, and otherwise the current release."""
        if self.on_trial[:1] != (current,):
            return current
        return next(iter(self.on_trial[1:]), None)

    def returning(self, release: str, current: str | None) -> History:
        """Return the history after a return from the current release to an earlier one.

        What was served after the earlier one is taken back. A release that is later than the current one is no return.
        """
        if current is None or not self._is_earlier(release, current):
            return self.serving(release)
        cut = self.served.index(release) if release in self.served else len(self.served)
        left = {current, *self.served[cut + 1 :]}
        kept = tuple(name for name in self.served[:cut] if name != current)
        taken_back = (*self.taken_back, *sorted(left - set(self.taken_back)))
        return self._replace(served=kept, taken_back=taken_back[-_LONGEST:]).serving(release)

    def reached(self, current: str | None) -> History:
        """Return the history as far as it has come: a writer may have ended between writing it and the switch.

        A release that was to be served and is not was never served. A return that is not done stays: `undone`.
        """
        if current in self.served:
            return self._replace(served=self.served[: self.served.index(current) + 1])
        if current is None or current in self.taken_back or not self.served:
            return self
        return self.serving(current)

    def undone(self, current: str | None) -> str | None:
        """Return the release to which a return from the current one has begun, and was not finished."""
        return self.served[-1] if self.served and current in self.taken_back else None

    def marking(self, bad: t.Collection[str], good: t.Collection[str]) -> History:
        """Return the history after releases are called bad, and others no longer so."""
        kept = [name for name in dict.fromkeys((*self.bad, *bad)) if name not in good]
        return self._replace(bad=tuple(kept[-_LONGEST:]))

    def passes_over(self, release: str) -> bool:
        """Tell whether no return leads to a release, and no upload serves it again."""
        return release in self.taken_back or release in self.bad

    def _is_earlier(self, release: str, current: str) -> bool:
        if release in self.served and current in self.served:
            return self.served.index(release) < self.served.index(current)
        return release < current

    def before(self, current: str | None, held: t.Collection[str]) -> str | None:
        """Return the release that was served before the current one, of those that are held and not passed over.

        Of what is not remembered, the latest upload before the current one. None if there is none.
        """
        usable = {name for name in held if name != current and not self.passes_over(name)}
        until = self.served.index(current) if current in self.served else len(self.served)
        for name in reversed(self.served[:until]):
            if name in usable:
                return name
        older = [name for name in usable if current is None or name < current]
        return max(older, default=None)

    def ranked(self, releases: t.Iterable[str]) -> list[str]:
        """Return the releases in the order in which returns lead to them: the latest served one first.

        After them what was never served, and last what is passed over, each with the latest upload first.
        """
        places = {release: place for place, release in enumerate(self.served)}
        return sorted(releases, key=lambda one: (not self.passes_over(one), places.get(one, -1), one), reverse=True)

    def encode(self) -> bytes:
        """Return the history as text."""
        return json.dumps(self._asdict(), indent=1).encode()


def decode(text: bytes) -> History:
    """Return the history that a text is; one that can't be read is an empty one, for no release depends on it."""
    try:
        found = json.loads(text)
        return History(*(tuple(map(str, found.get(name, ()))) for name in History._fields))
    except (ValueError, AttributeError, TypeError):
        return History()
