# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The bucket from which a release is taken, read with the role of the machine that runs this."""

from __future__ import annotations

import gzip
import typing as t
import zlib
from collections.abc import Mapping

from .._bucket_owner import expect_owner
from .manifest import POINTER_KEY, Manifest, Pack, Pointer, decode, decode_pointer, file_key, manifest_key, pack_key
from .paths import ReleaseError

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    HAS_BOTO3 = False
else:
    HAS_BOTO3 = True

CHUNK = 1 << 20
_READS = 3
"""How often an object's body is asked for."""
DOWNLOADS = 4
"""How many packs are in memory at once."""


class MissingError(Exception):
    """An object that the manifest names is not there: perhaps another upload has replaced the release meanwhile."""


class Source:
    """The releases below a prefix of a bucket."""

    def __init__(self, bucket: str, prefix: str, region: str, owner: str | None = None) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/") + "/" if prefix.strip("/") else ""
        # The region's own endpoint: it is the one that the VPC's gateway endpoint leads to.
        config = Config(
            retries={"mode": "standard", "max_attempts": 5},
            connect_timeout=10,
            read_timeout=60,
            s3={"us_east_1_regional_endpoint": "regional"},
        )
        client = boto3.session.Session(region_name=region).client("s3", config=config)
        self._client = expect_owner(client, owner)

    @classmethod
    def of(cls, params: Mapping[str, t.Any]) -> Source:
        """Return the source that the module's options name."""
        return cls(params["bucket"], params["prefix"], params["region"], params["expected_bucket_owner"])

    def pointer(self) -> Pointer:
        """Return which release is to be served."""
        try:
            return decode_pointer(self._get(POINTER_KEY))
        except MissingError as error:
            raise ReleaseError(
                f"The bucket {self.bucket} holds no release below {self.prefix!r}; upload the site's files first."
            ) from error

    def manifest(self, release: str) -> Manifest:
        """Return what a release consists of."""
        key = manifest_key(release)
        try:
            found = decode(gzip.decompress(self._get(key)))
        except (OSError, EOFError, zlib.error) as error:
            raise ReleaseError(
                f"The object {self.prefix + key!r} is damaged; upload the site's files again."
            ) from error
        if found.release != release:
            raise ReleaseError(f"The object {self.prefix + key!r} is the manifest of another release, {found.release}.")
        return found

    def pack(self, pack: Pack) -> bytes:
        """Return a pack, unpacked; never more of it than the manifest says."""
        key = pack_key(pack.id)
        # 16 + MAX_WBITS: gzip. What pads a tar's end is not needed.
        unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            found = unpacking.decompress(self._get(key), pack.unpacked_bytes)
        except zlib.error as error:
            raise ReleaseError(f"The object {self.prefix + key!r} is damaged; {_AGAIN}") from error
        if len(found) < pack.unpacked_bytes:
            raise ReleaseError(f"The object {self.prefix + key!r} is too short; {_AGAIN}")
        return found

    def large(self, sha256: str) -> t.Iterator[bytes]:
        """Return a large file's content, piece by piece."""
        return self._pieces(file_key(sha256))

    def _get(self, key: str) -> bytes:
        return b"".join(self._pieces(key))

    def _pieces(self, key: str) -> t.Iterator[bytes]:
        """Read an object; where the connection is lost on the way, go on from there."""
        read = 0
        with self._reading(key):
            for attempt in range(1, _READS + 1):
                try:
                    for piece in self._open(key, read).iter_chunks(CHUNK):
                        read += len(piece)
                        yield piece
                    return
                except BotoCoreError:
                    # The SDK repeats what fails before the answer's body, not what fails in it.
                    if attempt == _READS:
                        raise

    def _open(self, key: str, start: int) -> t.Any:
        rest = {"Range": f"bytes={start}-"} if start else {}
        return self._client.get_object(Bucket=self.bucket, Key=self.prefix + key, **rest)["Body"]

    def _reading(self, key: str) -> _Reading:
        return _Reading(self.bucket, self.prefix + key)


_AGAIN = "delete it and upload the site's files again."


class _Reading:
    """Turns what goes wrong while an object is read into one sentence."""

    def __init__(self, bucket: str, key: str) -> None:
        self.bucket = bucket
        self.key = key

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            raise MissingError(self.key) from error
        if isinstance(error, (BotoCoreError, ClientError)):
            raise ReleaseError(
                f"The object {self.key!r} of {self.bucket} cannot be read: {_sentence(error)}"
            ) from error


def _sentence(error: Exception) -> str:
    """Add the likely cause to AWS's words."""
    text = str(error).rstrip(".") + "."
    if isinstance(error, ClientError) and error.response["Error"]["Code"] == "AccessDenied":
        return text + " Was a release uploaded, and does the machine's role allow s3:GetObject there?"
    if "credentials" in text.lower():
        return text + " Has the machine an instance profile?"
    return text
