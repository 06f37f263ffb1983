# SPDX-License-Identifier: GPL-3.0-or-later
"""Who makes an S3 request.

A role's session and an IAM user are known by their signature, which is checked. Any other key, such as
the `test` that `lab env` gives the controller, stands for the account's root: the lab's API listens for
it on the host's loopback only, and no secret guards it.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from lab.context import ACCOUNT, Backends
from lab.world import s3_signature
from lab.world.bucket_access import Caller
from lab.world.permissions import Document, Principal, role_policies
from lab.world.s3_signature import Signature, SignatureError, Signed

CALLER = "lab.caller"
"""The key of the WSGI environment by which the lab's own services say as whom they ask; nothing outside can set it."""
ROOT = Caller(Principal(arns=(f"arn:aws:iam::{ACCOUNT}:root",), account=ACCOUNT), root=True)


def caller(environ: Mapping[str, Any], backends: Backends) -> Caller:
    """Return who makes a request, or raise SignatureError; under the API's lock."""
    if CALLER in environ:
        own: Caller = environ[CALLER]
        return own
    request = signed(environ)
    signature = s3_signature.read(request)
    if signature is None:
        return _of_older_scheme(request, backends)
    session = backends.at("sts", "aws").get_assumed_role_from_access_key(signature.key)
    if session is not None:
        return _session(request, signature, session, backends)
    if signature.token and signature.key.startswith("ASIA"):
        raise SignatureError("InvalidToken", "The provided token is malformed or otherwise invalid.")
    found = _user(backends, signature.key)
    if found is None:
        if signature.expires is not None:
            s3_signature.check_time(signature, _now())
        return ROOT
    user, secret = found
    s3_signature.check_time(signature, _now())
    s3_signature.check(request, signature, secret)
    return _as_user(user)


def signed(environ: Mapping[str, Any]) -> Signed:
    """Return the request as it was signed."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    path = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"])
    if not path.startswith("/"):  # a request line in absolute form, as to a proxy
        path = "/" + path.split("://", 1)[-1].partition("/")[2]
    return Signed(environ["REQUEST_METHOD"], path.partition("?")[0], environ.get("QUERY_STRING", ""), headers)


def _session(request: Signed, signature: Signature, session: Any, backends: Backends) -> Caller:
    if signature.token != session.session_token:
        raise SignatureError("InvalidToken", "The provided token is malformed or otherwise invalid.")
    expires = session.expiration if session.expiration.tzinfo else session.expiration.replace(tzinfo=datetime.UTC)
    if expires < _now():
        raise SignatureError("ExpiredToken", "The provided token has expired.")
    s3_signature.check_time(signature, _now())
    s3_signature.check(request, signature, session.secret_access_key)
    return Caller(
        Principal(arns=(session.role_arn, session.arn), account=ACCOUNT),
        policies=tuple(role_policies(backends.at("iam", "aws"), session.role_arn)),
    )


def _of_older_scheme(request: Signed, backends: Backends) -> Caller:
    """Return the caller of Signature Version 2, which boto3 still uses for presigned URLs, or the anonymous one."""
    query = parse_qs(request.query)
    authorization = request.headers.get("authorization", "")
    key = query.get("AWSAccessKeyId", [""])[0] or authorization.removeprefix("AWS ").partition(":")[0]
    if not key:
        return Caller()
    if backends.at("sts", "aws").get_assumed_role_from_access_key(key) is not None or _user(backends, key):
        raise SignatureError(
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        )
    if float(query.get("Expires", ["inf"])[0]) < _now().timestamp():
        raise SignatureError("AccessDenied", "Request has expired")
    return ROOT


def _user(backends: Backends, key: str) -> tuple[Any, str] | None:
    for user in backends.at("iam", "aws").users.values():
        for one in user.access_keys:
            if one.access_key_id == key:
                return user, one.secret_access_key
    return None


def _as_user(user: Any) -> Caller:
    return Caller(Principal(arns=(user.arn,), account=ACCOUNT), policies=tuple(_policies_of(user)))


def _policies_of(user: Any) -> Iterator[Document]:
    for holder in (user, *user_groups(user)):
        for document in holder.policies.values():
            yield json.loads(document) if isinstance(document, str) else document
        for policy in holder.managed_policies.values():
            yield json.loads(policy.document)


def user_groups(user: Any) -> list[Any]:
    """Return the groups that a user is in."""
    groups = Backends().at("iam", "aws").groups.values()
    return [group for group in groups if any(member.name == user.name for member in group.users)]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
