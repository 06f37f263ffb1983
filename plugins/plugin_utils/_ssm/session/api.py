# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls to the API that a session needs, and the clients for what goes beside it.

PRIVATE to the collection. boto3 is imported at the first call only: the process that keeps a session
open stays small, for it makes a call at the session's end at most.
"""

from __future__ import annotations

import os
import pickle
import re
import typing as t
from dataclasses import dataclass

from ..wire.cipher import KEY_BYTES
from ..wire.errors import StartError

if t.TYPE_CHECKING:
    from collections.abc import Callable

T = t.TypeVar("T")


@dataclass(frozen=True)
class Api:
    """How the API is reached, and as whom."""

    region: str | None = None
    profile: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None
    endpoint_url: str | None = None
    kms_endpoint_url: str | None = None

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Api(region={self.region!r}, profile={self.profile!r}, endpoint_url={self.endpoint_url!r})"

    def start(self, target: str, document: str | None, reason: str) -> Started:
        """Begin a session with a machine."""
        from botocore.exceptions import BotoCoreError, ClientError

        request = {"Target": target, "Reason": reason}
        if document:
            request["DocumentName"] = document
        region = ""
        try:
            ssm = self._ssm()
            region = ssm.meta.region_name
            answer = ssm.start_session(**request)
        except ClientError as error:
            code = _code(error)
            raise StartError(_sentence(target, region, code, str(error)), permanent=code not in _PASSING) from error
        except (BotoCoreError, ValueError) as error:  # botocore finds the fault of an address with ValueError
            raise StartError(
                f"SSM cannot be asked for a session with {target}: {error}", permanent=not _may_pass(error)
            ) from error
        check_stream(answer["StreamUrl"], lambda: str(ssm.meta.endpoint_url))
        return Started(answer["SessionId"], answer["StreamUrl"], answer["TokenValue"])

    def endpoint(self) -> str:
        """Return the address of the SSM API."""
        return str(self._ssm().meta.endpoint_url)

    def resume(self, session: str) -> str | None:
        """Return a new token for a session whose connection was lost; None when it is over."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            token = self._ssm().resume_session(SessionId=session).get("TokenValue")
        except ClientError as error:
            code = _code(error)
            if code == "DoesNotExistException":
                return None
            raise StartError(_of_the_caller(code, str(error)) or f"{error}", permanent=code not in _OUTAGES) from error
        except (BotoCoreError, ValueError) as error:
            raise StartError(
                f"SSM cannot be asked to resume the session: {error}", permanent=not _may_pass(error)
            ) from error
        return str(token) if token else None

    def terminate(self, session: str) -> None:
        """End a session; one that has ended already is no fault."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._ssm().terminate_session(SessionId=session)
        except (BotoCoreError, ClientError):
            return

    def data_key(self, key_id: str, context: dict[str, str]) -> tuple[bytes, bytes]:
        """Return a session's key, and the same as KMS has encrypted it."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            made = self.client("kms", region=_region_of(key_id), endpoint_url=self.kms_endpoint_url).generate_data_key(
                KeyId=key_id, NumberOfBytes=KEY_BYTES, EncryptionContext=context
            )
        except (BotoCoreError, ClientError) as error:
            raise StartError(f"KMS gives no key for the session from {key_id}: {error}", permanent=True) from error
        return made["Plaintext"], made["CiphertextBlob"]

    def client(
        self, service: str, *, region: str | None = None, endpoint_url: str | None = None, config: t.Any = None
    ) -> t.Any:
        """Return a client with these credentials."""
        import boto3
        from botocore.config import Config

        session = boto3.session.Session(
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            aws_session_token=self.session_token,
            region_name=self.region,
            profile_name=self.profile,
        )
        common = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})
        merged = common.merge(config) if config else common
        return session.client(service, region_name=region, endpoint_url=endpoint_url, config=merged)

    def _ssm(self) -> t.Any:
        return self.client("ssm", endpoint_url=self.endpoint_url)


@dataclass(frozen=True)
class Started:
    """A session that has begun. The token is a secret: whoever has it has the machine's shell."""

    session: str
    url: str
    token: str

    def __repr__(self) -> str:
        """Show no secret."""
        return f"Started({self.session!r})"


def check_stream(url: str, endpoint: Callable[[], str]) -> None:
    """Refuse a stream in clear text, unless the API itself is asked in clear text: the stream carries the token."""
    if url.startswith("wss:") or (url.startswith("ws:") and endpoint().startswith("http:")):
        return
    place = url.split("/v1/", 1)[0]
    raise StartError(f"The session's stream at {place} is not encrypted with TLS; it is not opened.", permanent=True)


def _region_of(arn: str) -> str | None:
    parts = arn.split(":")
    return parts[3] if len(parts) > 4 else None


def in_child_process(call: Callable[[], T]) -> T:
    """Make a call in a process of its own: this one stays as small as it is without boto3. Trouble is StartError."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        try:
            outcome: tuple[bool, t.Any] = (True, call())
        except Exception as error:  # every kind of trouble is the caller's
            outcome = (False, (str(error), getattr(error, "permanent", True)))
        with open(writer, "wb") as pipe:  # noqa: PTH123 (a descriptor)
            pickle.dump(outcome, pipe)
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as pipe:  # noqa: PTH123 (a descriptor)
        data = pipe.read()
    os.waitpid(child, 0)
    if not data:
        raise StartError("A call to AWS ended without an answer.", permanent=False)
    succeeded, value = pickle.loads(data)  # noqa: S301 (from our own child)
    if not succeeded:
        message, permanent = value
        raise StartError(message, permanent=permanent)
    return t.cast("T", value)


_OUTAGES = ("ThrottlingException", "InternalServerError", "ServiceUnavailable", "RequestTimeout", "500", "502", "503")
_PASSING = ("TargetNotConnected", *_OUTAGES)


def _code(error: t.Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _may_pass(error: Exception) -> bool:
    """Tell whether another try may help: AWS was not reached. Its certificate and our settings stay as they are."""
    from botocore.exceptions import HTTPClientError, SSLError

    return isinstance(error, HTTPClientError) and not isinstance(error, SSLError)


def _sentence(target: str, region: str, code: str, text: str) -> str:
    if code == "TargetNotConnected":
        return (
            f"The agent of {target} is not connected to Session Manager in {region}. Is that its region, is the "
            "machine running, has it an instance profile for SSM, and a way to ssm and ssmmessages on port 443?"
        )
    return _of_the_caller(code, text) or f"SSM refused a session with {target}: {text}"


_OTHER_TIME = re.compile(r"Signature (expired|not yet current)")
"""How services with JSON tell a clock that is wrong from a wrong key: by the text of InvalidSignatureException."""


def _of_the_caller(code: str, text: str) -> str:
    """Return what is wrong with who calls; empty if it is something else.

    https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
    """
    if code in ("ExpiredToken", "ExpiredTokenException"):
        return (
            f"The credentials for AWS have expired ({code}); renew them, or name a profile that renews them "
            "(ansible_aws_ssm_profile)."
        )
    if code in ("RequestExpired", "RequestTimeTooSkewed") or _OTHER_TIME.search(text):
        return f"AWS takes no request of another time than its own ({code}); set the controller's clock."
    return ""
