# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells by its signature who made a request: Signature Version 4, as AWS checks it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
"""

from __future__ import annotations

import datetime
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lab.base.backends import ACCOUNT, Backends
from lab.world.access.permissions import verdict
from lab.world.access.s3_signature import Signature, Signed

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})\Z"
)
_SKEW = datetime.timedelta(minutes=5)
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_STAMP = "%Y%m%dT%H%M%SZ"


class SignatureError(Exception):
    """A request that AWS would refuse; `code` is AWS's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class SignedRequest:
    """What was signed."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Caller:
    """A role's session that has signed a request."""

    role: str
    """Its ARN."""
    session: str
    """Its name: the instance's id for a machine."""
    region: str
    service: str

    @property
    def arn(self) -> str:
        """Return the caller as AWS names it in refusals."""
        return f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.role.rsplit('/', 1)[-1]}/{self.session}"


def caller(request: SignedRequest, backends: Backends, now: datetime.datetime | None = None) -> Caller:
    """Return the role's session that signed a request, or raise SignatureError; the caller holds the API's lock."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    found = _AUTHORIZATION.match(headers.get("authorization", ""))
    if not found:
        raise SignatureError("MissingAuthenticationTokenException", "Missing Authentication Token")
    assumed = _assumed_role(backends, found["key"])
    now = now or datetime.datetime.now(datetime.UTC)
    if assumed is None or not hmac.compare_digest(
        headers.get("x-amz-security-token", "").encode(), assumed.session_token.encode()
    ):
        raise SignatureError("UnrecognizedClientException", "The security token included in the request is invalid.")
    if _utc(assumed.expiration) < now:
        raise SignatureError("ExpiredTokenException", "The security token included in the request is expired")
    _check_time(headers.get("x-amz-date", ""), found["day"], now)
    secret = Credentials(assumed.access_key_id, assumed.secret_access_key)
    names = found["headers"].split(";")
    expected = _signed(request, headers, names, SigV4Auth(secret, found["service"], found["region"]))
    if not same(expected, found["signature"]):
        raise SignatureError("InvalidSignatureException", _MISMATCH)
    return Caller(assumed.role_arn, assumed.session_name, found["region"], found["service"])


def same(one: str, other: str) -> bool:
    """Compare two texts in a time that tells nothing of them."""
    return hmac.compare_digest(one.encode(errors="surrogateescape"), other.encode(errors="surrogateescape"))


def check(request: Signed, body: bytes, found: Signature, secret: str) -> None:
    """Refuse a signature that the secret does not make of a request, as every service but S3 checks it."""
    _day, region, service, _end = found.scope
    headers = request.headers
    made = SignedRequest(request.method, f"https://{headers['host']}{request.path}?{request.query}", headers, body)
    expected = _signed(made, headers, found.headers, SigV4Auth(Credentials(found.key, secret), service, region))
    if found.stamp[:8] != found.scope[0] or not same(expected, found.signature):
        raise SignatureError("SignatureDoesNotMatch", _MISMATCH)


def authorize(who: Caller, backends: Backends, action: str, resource: str = "*") -> None:
    """Raise SignatureError unless the caller's role may do this; the caller holds the API's lock.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html has AWS's words.
    """
    decision = verdict(backends.at("iam", "aws"), who.role, action, resource)
    if decision != "allow":
        why = (
            "with an explicit deny in an identity-based policy"
            if decision == "deny"
            else f"because no identity-based policy allows the {action} action"
        )
        raise SignatureError(
            "AccessDeniedException",
            f"User: {who.arn} is not authorized to perform: {action} on resource: {resource} {why}",
        )


def _assumed_role(backends: Backends, key: str) -> Any:
    return backends.at("sts", "aws").get_assumed_role_from_access_key(key)


def _signed(request: SignedRequest, headers: Mapping[str, str], names: Iterable[str], auth: Any) -> str:
    signed = {name: headers.get(name, "") for name in names}
    made = AWSRequest(request.method, request.url, headers=signed, data=request.body)
    made.context["timestamp"] = headers["x-amz-date"]
    text = auth.string_to_sign(made, auth.canonical_request(made))
    return str(auth.signature(text, made))


def _check_time(stamp: str, day: str, now: datetime.datetime) -> None:
    try:
        at = datetime.datetime.strptime(stamp, _STAMP).replace(tzinfo=datetime.UTC)
    except ValueError:
        at = None
    if at is None or stamp[:8] != day or abs(now - at) > _SKEW:
        raise SignatureError("InvalidSignatureException", f"Signature expired: {stamp} is not within 5 minutes of now.")


def _utc(moment: datetime.datetime) -> datetime.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
