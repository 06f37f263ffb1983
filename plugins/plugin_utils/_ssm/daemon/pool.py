# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kept sessions with one machine: one as long as that is enough, more where commands would wait for each other.

PRIVATE to the collection.
"""

from __future__ import annotations

import functools
import time
import typing as t
from dataclasses import replace

from ..wire.errors import SessionError, StartError
from .control import BusyError, NotBegunError, TimedOutError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..session.api import Started
    from ..session.result import Password, Result
    from .control import SessionControl

_PATIENCE_SECONDS = 1.0
"""How long a command waits for another's end: about what a new session takes to begin."""
_LOOK_SECONDS = 0.05
_RESTARTS = 2
"""How often a session is begun for one command; a second one dies only if something is wrong."""


class Pool(t.NamedTuple):
    """Where the sessions are, and how many there may be. Each is found by its number, the first one first."""

    first: SessionControl
    most: int
    ensure: Callable[[SessionControl], None]
    """Lets there be a session, and tries again while that may help."""
    begin: Callable[[SessionControl], Started]

    def run(self, command: bytes, stdin: bytes, password: Password | None, seconds: float) -> Result:
        """Run one command in the first session that is free.

        `seconds` of 0 are without end. Waiting for another command counts; the beginning of a session does not.
        """
        waited, restarts, patience = 0.0, 0, _PATIENCE_SECONDS
        while not seconds or waited < seconds:
            missing: list[SessionControl] = []
            for control in self._all():
                try:
                    return control.run(command, stdin, password, seconds and seconds - waited)
                except BusyError:
                    continue
                except NotBegunError:
                    missing.append(control)
            if len(missing) == self.most:
                restarts += 1
                if restarts > _RESTARTS:
                    raise NotBegunError("The session has ended, and so has another one.")
                self.ensure(self.first)
                continue
            if missing and waited >= patience:
                begun = self._begin_one(missing)
                if begun:
                    continue
                if begun is None:
                    patience = float("inf")
            time.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        raise TimedOutError(f"No session with the machine was free within {seconds:g} s.")

    def stop(self) -> None:
        """End the sessions, and wait until they have ended."""
        for control in self._all():
            control.stop()

    def _all(self) -> Iterator[SessionControl]:
        yield self.first
        for number in range(1, self.most):
            yield replace(self.first, number=number)

    def _begin_one(self, missing: list[SessionControl]) -> bool | None:
        """Begin another session. False if others are beginning them; None if there can be none."""
        try:
            return any(control.ensure(functools.partial(self.begin, control), wait=False) for control in missing)
        except (StartError, SessionError):
            return None
