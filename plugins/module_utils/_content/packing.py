# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Packing contents into an archive."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from .._release.manifest import Pack
from .checks import ContentError, shown

_LEVEL = 6


def packed(pack: Pack, files: Mapping[str, Path]) -> bytes:
    """Return a pack's archive; `files` are those that have the contents, by their SHA-256."""
    whole = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=whole, mode="wb", compresslevel=_LEVEL, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for blob in pack.blobs:
            content = files[blob.sha256].read_bytes()
            if hashlib.sha256(content).hexdigest() != blob.sha256:
                raise ContentError(
                    f"The file {shown(str(files[blob.sha256]))} has changed while it was packed; try again."
                )
            member = tarfile.TarInfo(blob.sha256)
            member.size = blob.size
            archive.addfile(member, io.BytesIO(content))
    return whole.getvalue()
