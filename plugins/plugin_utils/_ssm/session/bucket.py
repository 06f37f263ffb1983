# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket through which large files travel: one object a file, for as long as that takes.

PRIVATE to the collection. The machine needs no permission: it is told an address that is good for one
object and one method, for a short time. It is told on standard input, as it is a secret while it lasts.
"""

from __future__ import annotations

import contextlib
import secrets
import shlex
import typing as t
from dataclasses import dataclass, field

from ..wire.errors import BucketError
from .shell import word

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .api import Api

LARGEST = 5 << 30
"""One PUT carries at most this much: https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html."""
_SECONDS = 900
"""An address is used at once; what began in time goes on."""


@dataclass(frozen=True)
class PresignedUrl:
    """An object's address for the machine, and the headers that have to come with it."""

    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = ()

    def config(self) -> bytes:
        """Return what the machine's command reads: `curl --config` and the Python below understand it."""
        lines = [f'url = "{self.url}"', *(f'header = "{name}: {value}"' for name, value in self.headers)]
        return "".join(f"{line}\n" for line in lines).encode()


@dataclass(frozen=True)
class Bucket:
    """The bucket, and how it is reached."""

    api: Api
    name: str
    endpoint_url: str | None = None
    addressing_style: str = "auto"
    sse_mode: str | None = None
    sse_kms_key_id: str | None = None

    @contextlib.contextmanager
    def transfer(self, target: str) -> Iterator[Transfer]:
        """Yield an object to come; whatever happens, it is removed."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            client = self.api.client("s3", endpoint_url=self.endpoint_url)
            transfer = Transfer(self, client, self._signer(client), f"{target}/{secrets.token_hex(16)}")
            try:
                yield transfer
            finally:
                transfer.remove()
        except (BotoCoreError, ClientError) as error:
            raise BucketError(f"The bucket {self.name} cannot be used: {error}") from error

    def encryption(self) -> dict[str, str]:
        """Return the arguments that ask for encryption at rest."""
        asked = {"ServerSideEncryption": self.sse_mode} if self.sse_mode else {}
        if self.sse_mode == "aws:kms" and self.sse_kms_key_id:
            asked["SSEKMSKeyId"] = self.sse_kms_key_id
        return asked

    def _signer(self, client: t.Any) -> t.Any:
        """Return what makes addresses for the machine: it knows nothing of the controller's own way to S3."""
        from botocore.config import Config

        region = None if self.endpoint_url else client.head_bucket(Bucket=self.name).get("BucketRegion")
        style = self.addressing_style
        if style == "auto" and region and "." not in self.name:
            style = "virtual"  # Of "auto", the SDK may make the address of another region, which only redirects.
        config = Config(signature_version="s3v4", s3={"addressing_style": style}, ignore_configured_endpoint_urls=True)
        return self.api.client("s3", region=region, endpoint_url=self.endpoint_url, config=config)


class Transfer:
    """One object."""

    def __init__(self, bucket: Bucket, client: t.Any, signer: t.Any, key: str) -> None:
        self._bucket = bucket
        self._client = client
        self._signer = signer
        self._at = {"Bucket": bucket.name, "Key": key}
        self._version: dict[str, str] = {}

    def upload(self, file: t.BinaryIO) -> PresignedUrl:
        """Fill the object, and return where the machine gets it."""
        self._note(self._client.put_object(**self._at, Body=file, **self._bucket.encryption()))
        return PresignedUrl(self._sign("get_object", {}))

    def expect(self) -> PresignedUrl:
        """Return where the machine puts it."""
        asked = self._bucket.encryption()
        names = {"ServerSideEncryption": "", "SSEKMSKeyId": "-aws-kms-key-id"}
        headers = ((f"x-amz-server-side-encryption{names[name]}", value) for name, value in asked.items())
        return PresignedUrl(self._sign("put_object", asked), tuple(headers))

    def download(self) -> t.Any:
        """Return the stream of what the machine has put there."""
        answer = self._client.get_object(**self._at)
        self._note(answer)
        return answer["Body"]

    def remove(self) -> None:
        """Remove the object; of a bucket with versions the version, as it might hold a secret."""
        self._client.delete_object(**self._at, **self._version)

    def _note(self, answer: dict[str, t.Any]) -> None:
        if answer.get("VersionId"):
            self._version = {"VersionId": answer["VersionId"]}

    def _sign(self, operation: str, more: dict[str, str]) -> str:
        return str(self._signer.generate_presigned_url(operation, Params={**self._at, **more}, ExpiresIn=_SECONDS))


_CLIENT = r"""
import os, re, shutil, sys, urllib.request
told = re.findall(r'^(url|header) = "(.*)"$', sys.stdin.read(), re.M)
headers = dict(value.split(": ", 1) for name, value in told if name == "header")
get, path = sys.argv[1] == "get", sys.argv[2]
try:
    with open(path, "wb" if get else "rb") as file:
        if not get:
            headers["Content-Length"] = str(os.path.getsize(path))
        request = urllib.request.Request(told[0][1], None if get else file, headers, method="GET" if get else "PUT")
        with urllib.request.urlopen(request, timeout=60) as answer:
            shutil.copyfileobj(answer, file) if get else answer.read()
except OSError as error:
    sys.exit(str(error))
""".strip()
"""For machines without curl. An answer that is no success raises, before a byte of it is written."""


def _command(method: str, curl: str, path: str) -> bytes:
    python = f"{shlex.join(['python3', '-c', _CLIENT, method])} {word(path)}"
    return (
        f"if command -v curl >/dev/null; then curl -fsS --connect-timeout 30 --config - {curl} {word(path)}; "
        f"elif command -v python3 >/dev/null; then {python}; "
        "else echo 'neither curl nor python3 is there' >&2; exit 127; fi"
    ).encode()


def download_command(path: str) -> bytes:
    """Return the command that fills a file from the address on its standard input."""
    return _command("get", "-o", path)


def upload_command(path: str) -> bytes:
    """Return the command that sends a file to the address on its standard input."""
    return _command("put", "-T", path)
