# SPDX-License-Identifier: GPL-3.0-or-later
"""Signature Version 4 as S3 checks it, in a header or in a presigned URL. Pure.

S3 signs the path as it is sent, encoded once, which other services do not; so this is its own.
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),\s*"
    r"Signature=(?P<signature>[0-9a-f]+)\s*\Z"
)
_STAMP = "%Y%m%dT%H%M%SZ"
_SKEW = datetime.timedelta(minutes=15)


@dataclass(frozen=True)
class Signed:
    """A request as it came; header names in lower case, path and query as they were sent."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Signature:
    """What a request says about its signature."""

    key: str
    scope: tuple[str, ...]
    """Day, region, service, `aws4_request`."""
    headers: tuple[str, ...]
    signature: str
    stamp: str
    token: str
    payload: str
    expires: int | None = None
    """Seconds for which a presigned URL is good."""


class SignatureError(Exception):
    """A signature that S3 refuses, with its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read(request: Signed) -> Signature | None:
    """Return the signature that a request carries, None if it is unsigned or signed by an older scheme."""
    authorization = request.headers.get("authorization", "")
    if authorization.startswith("AWS4-HMAC-SHA256"):
        return _from_header(request, authorization)
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    if query.get("X-Amz-Algorithm") == "AWS4-HMAC-SHA256":
        return _from_query(query)
    return None


def _from_header(request: Signed, authorization: str) -> Signature:
    found = _HEADER.match(authorization)
    if not found:
        raise SignatureError("AuthorizationHeaderMalformed", "The authorization header that you provided is not valid.")
    key, *scope = found["credential"].split("/")
    return Signature(
        key=key,
        scope=tuple(scope),
        headers=tuple(found["headers"].split(";")),
        signature=found["signature"],
        stamp=request.headers.get("x-amz-date", ""),
        token=request.headers.get("x-amz-security-token", ""),
        payload=request.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
    )


def _from_query(query: Mapping[str, str]) -> Signature:
    try:
        key, *scope = query["X-Amz-Credential"].split("/")
        return Signature(
            key=key,
            scope=tuple(scope),
            headers=tuple(query["X-Amz-SignedHeaders"].split(";")),
            signature=query["X-Amz-Signature"],
            stamp=query["X-Amz-Date"],
            token=query.get("X-Amz-Security-Token", ""),
            payload="UNSIGNED-PAYLOAD",
            expires=int(query["X-Amz-Expires"]),
        )
    except (KeyError, ValueError):
        raise SignatureError(
            "AuthorizationQueryParametersError",
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        ) from None


def check_time(signature: Signature, now: datetime.datetime) -> None:
    """Refuse a presigned URL that has expired, and a request signed by a clock that is far off."""
    try:
        at = datetime.datetime.strptime(signature.stamp, _STAMP).replace(tzinfo=datetime.UTC)
    except ValueError:
        raise SignatureError("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header") from None
    if signature.expires is not None and now > at + datetime.timedelta(seconds=signature.expires):
        raise SignatureError("AccessDenied", "Request has expired")
    if signature.expires is None and abs(now - at) > _SKEW:
        raise SignatureError(
            "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."
        )


def check(request: Signed, signature: Signature, secret: str) -> None:
    """Refuse a signature that was not made with the secret."""
    expected = sign(request, signature, secret)
    if not hmac.compare_digest(expected, signature.signature):
        raise SignatureError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
        )


def sign(request: Signed, signature: Signature, secret: str) -> str:
    """Return the signature that the secret makes of a request."""
    canonical = "\n".join(
        [
            request.method,
            request.path or "/",
            _canonical_query(request.query),
            *(f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in signature.headers),
            "",
            ";".join(signature.headers),
            signature.payload,
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", signature.stamp, "/".join(signature.scope), digest])
    key = f"AWS4{secret}".encode()
    for part in signature.scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _canonical_query(query: str) -> str:
    pairs = [
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name != "X-Amz-Signature"
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
