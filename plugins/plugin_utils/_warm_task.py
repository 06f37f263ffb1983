# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a warm interpreter is asked for.

PRIVATE to the collection. Runs under any Python from 3.9.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A module's payload and the surroundings that it is to find."""

    payload: bytes
    environ: dict[bytes, bytes]
    cwd: str
    umask: int


def readable(environ: dict[bytes, bytes]) -> dict[str, str]:
    """Return an environment as JSON can carry it: its bytes may have no meaning in either process's encoding."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in environ.items()}


def original(environ: dict[str, str]) -> dict[bytes, bytes]:
    """Return the environment that was made readable."""
    return {name.encode("latin-1"): value.encode("latin-1") for name, value in environ.items()}
