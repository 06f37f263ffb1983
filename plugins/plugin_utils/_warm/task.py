# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a warm interpreter is asked for.

PRIVATE to the collection. Runs under any Python from 3.9.
"""

from __future__ import annotations

import base64
import io
import typing as t
import zipfile

from .private_core import archive_place

if t.TYPE_CHECKING:
    from collections.abc import Mapping


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


def archive_of(payload: bytes) -> bytes:
    """Return the archive that a payload carries; nothing if it carries none."""
    data = base64.b64decode(payload[archive_place(payload)] + b"==")
    return data if zipfile.is_zipfile(io.BytesIO(data)) else b""
