# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files to and from a machine: through the session in pieces, large ones through a bucket if there is one.

PRIVATE to the collection. Either way a file takes its place only when it has arrived as it is.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ..wire.errors import ChangedError, FileError
from . import shell
from .bucket import LARGEST, Bucket, download_command, upload_command

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from .result import Result


_ATTEMPTS = 3
"""How often a file is read that is written anew meanwhile."""


@dataclass(frozen=True)
class Files:
    """Copies files by commands. `run` runs one with its standard input."""

    run: Callable[[bytes, bytes], Result]
    lost: type[Exception]
    """What `run` raises when the machine cannot be asked any more, not even to clear up."""
    say: Callable[[str], None]
    """Takes a line about the progress."""
    target: str
    bucket: Bucket | None
    bucket_from: int
    """The size in bytes from which on a file goes through the bucket."""

    def put(self, in_path: str, out_path: str) -> None:
        """Copy a file to the machine."""
        unfinished = f"{out_path}.{secrets.token_hex(6)}"
        with Path(in_path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            try:
                bucket = self._bucket_for(size)
                if size <= shell.PIECE and not bucket:
                    self._put_whole(file, unfinished, out_path)
                else:
                    if bucket:
                        digest = self._put_bucket(bucket, file, size, unfinished, out_path)
                    else:
                        digest = self._put_pieces(file, size, unfinished, out_path)
                    place = shell.put_in_place(unfinished, out_path, digest)
                    self._done(place, b"", f"{out_path} cannot take its place")
            except self.lost:
                raise
            except BaseException:
                self.run(shell.discard(unfinished), b"")
                raise

    def _put_whole(self, file: io.BufferedReader, unfinished: str, out_path: str) -> None:
        data = file.read()
        command = shell.write_whole(unfinished, out_path, hashlib.sha256(data).hexdigest())
        self._done(command, data, f"{out_path} cannot be written")

    def _put_pieces(self, file: io.BufferedReader, size: int, unfinished: str, out_path: str) -> str:
        digest = hashlib.sha256()
        first = True
        while (piece := file.read(shell.PIECE)) or first:
            digest.update(piece)
            self._done(shell.write_piece(unfinished, first=first), piece, f"{out_path} cannot be written")
            first = False
            self._progress("PUT", out_path, file.tell(), size)
        return digest.hexdigest()

    def _put_bucket(self, bucket: Bucket, file: io.BufferedReader, size: int, unfinished: str, out_path: str) -> str:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        what = f"{out_path} cannot be got from the bucket {bucket.name}"
        with bucket.transfer(self.target) as transfer:
            self.say(f"PUT {out_path}: {size} bytes through the bucket {bucket.name}")
            self._done(download_command(unfinished), transfer.upload(file).config(), what)
        return digest

    def fetch(self, in_path: str, out_path: str) -> None:
        """Copy a file from the machine."""
        for attempt in range(_ATTEMPTS):
            try:
                self._fetch(in_path, out_path)
            except ChangedError:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return

    def _fetch(self, in_path: str, out_path: str) -> None:
        """Copy a file as it is now: what is added to it meanwhile is left out."""
        what = f"{in_path} cannot be fetched"
        at_once = min(shell.PIECE, self.bucket_from - 1) if self.bucket else shell.PIECE
        described = self._done(shell.describe_file(in_path, at_once), b"", what)
        try:
            expected, size, content = shell.read_description(described)
        except shell.ShellError as error:
            raise FileError(f"{what}: {error}.") from error
        unfinished = Path(f"{out_path}.{secrets.token_hex(6)}")
        try:
            with unfinished.open("x+b") as file:
                self._check_space(file, size, what)
                if size <= at_once:
                    file.write(content)
                elif bucket := self._bucket_for(size):
                    self._fetch_bucket(bucket, file, size, in_path, what)
                else:
                    self._fetch_pieces(file, size, in_path, what)
                file.seek(0)
                if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                    raise ChangedError(f"{what}: it changed while it was read.")
            unfinished.replace(out_path)
        finally:
            unfinished.unlink(missing_ok=True)

    def _fetch_pieces(self, file: io.BufferedRandom, size: int, in_path: str, what: str) -> None:
        for number in range(-(-size // shell.PIECE)):
            piece = self._done(shell.read_piece(in_path, number, size), b"", what)
            # The machine decides how many pieces there are: who promises more than it sends is not asked for ever.
            if len(piece) != min(shell.PIECE, size - number * shell.PIECE):
                raise ChangedError(f"{what}: it changed while it was read.")
            file.write(piece)
            self._progress("FETCH", in_path, file.tell(), size)

    def _fetch_bucket(self, bucket: Bucket, file: io.BufferedRandom, size: int, in_path: str, what: str) -> None:
        with bucket.transfer(self.target) as transfer:
            self.say(f"FETCH {in_path}: {size} bytes through the bucket {bucket.name}")
            self._done(upload_command(in_path), transfer.expect().config(), what)
            for piece in transfer.download().iter_chunks(shell.PIECE):
                file.write(piece[: size - file.tell()])
                if file.tell() == size:
                    break

    @staticmethod
    def _check_space(file: io.BufferedRandom, size: int, what: str) -> None:
        """Refuse a file that cannot fit."""
        space = os.fstatvfs(file.fileno())
        if size > space.f_bavail * space.f_frsize:
            raise FileError(f"{what}: it has {size} bytes, which is more than this disk has left.")

    def _bucket_for(self, size: int) -> Bucket | None:
        return self.bucket if self.bucket_from <= size <= LARGEST else None

    def _progress(self, verb: str, path: str, done: int, size: int) -> None:
        if size > shell.PIECE:
            self.say(f"{verb} {path}: {100 * done // size} % of {size} bytes")

    def _done(self, command: bytes, stdin: bytes, what: str) -> bytes:
        """Run a command of our own, and return its output."""
        result = self.run(command, stdin)
        if result.status:
            raise FileError(f"{what}: {result.stderr.decode(errors='replace').strip()}.")
        return result.stdout
