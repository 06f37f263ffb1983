# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a warm interpreter is asked for.

PRIVATE to the collection. Runs under any Python from 3.9.
"""

from __future__ import annotations

import base64
import io
import re
import typing as t
import zipfile

if t.TYPE_CHECKING:
    from collections.abc import Mapping


_LONG_WORD = re.compile(rb"[A-Za-z0-9+/=]{1000,}")


class Task(t.NamedTuple):
    """A module's payload and the surroundings that it is to find."""

    payload: bytes
    environ: dict[bytes, bytes]
    cwd: bytes
    umask: int


def packed(environ: Mapping[bytes, bytes]) -> bytes:
    """Return an environment as one piece of bytes: neither names nor values hold a zero."""
    return b"\0".join(name + b"=" + value for name, value in environ.items())


def unpacked(data: bytes) -> dict[bytes, bytes]:
    """Return the environment that was packed."""
    return {name: value for name, _equal, value in (item.partition(b"=") for item in data.split(b"\0") if item)}


def archive_place(payload: bytes) -> slice:
    """Return where a payload's archive is: it is the one long word, whatever the wrapper around it looks like."""
    longest = max(_LONG_WORD.finditer(payload), key=lambda match: len(match[0]), default=None)
    return slice(longest.start(), longest.end()) if longest else slice(0, 0)


def archive_of(payload: bytes) -> bytes:
    """Return the archive that a payload carries; nothing if it carries none."""
    data = base64.b64decode(payload[archive_place(payload)] + b"==")
    return data if zipfile.is_zipfile(io.BytesIO(data)) else b""
