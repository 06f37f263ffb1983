# SPDX-License-Identifier: GPL-3.0-or-later
"""Who makes a call: nothing of AWS's is answered before its signature is checked and IAM has been asked.

The owner of the lab holds the account's root key, which only the lab's own files tell. Machines have the credentials of
their role, IAM users the keys that the API gave them; their policies decide which operations they may call, on the
resources that the call itself names, and the services that know more about it (S3, KMS, the agents' heartbeats) look
at that as well. S3 alone hears who signs nothing,
as its buckets may be public.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

from lab.api.callers import endpoint_policies, operations, s3_callers, signature, throttling
from lab.api.callers.authorization import authorize
from lab.api.callers.operations import Call
from lab.api.callers.resource_tags import tags
from lab.api.callers.unknown_paths import Application
from lab.base.backends import ACCOUNT, Backends
from lab.base.history import Event
from lab.base.key import Key
from lab.context import Context
from lab.world.access import s3_signature
from lab.world.access.api_permissions import Permission
from lab.world.access.bucket_access import Caller
from lab.world.access.call_permissions import Account, needed
from lab.world.access.permissions import Document, Principal, boundary_of, policies_of, role_boundary, role_policies
from lab.world.access.s3_signature import Signature

_OWN_PATHS = ("/moto-api", "/latest/meta-data/", "/latest/api/", "/favicon.ico")
"""Where moto itself would answer, also to whoever signs nothing."""
_FREE = ("sts:GetCallerIdentity",)
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: nobody needs a permission for it."""
_REGIONS = frozenset(region.name for region in RegionsAndZonesBackend.regions)
"""A region that does not exist has no endpoint, so no call is signed for it."""
_HASH = re.compile(r"[0-9a-f]{64}\Z")


class RefusedError(Exception):
    """A call that AWS would refuse, with the name of its error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Identity:
    """Whose key signed a call."""

    secret: str
    token: str
    expires: datetime.datetime | None
    arn: str
    caller: Caller


def authenticated(application: Application, context: Context) -> Application:
    """Return the application behind the checks; they are made under the API's lock."""
    backends, owner = context.backends, context.owner

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if s3_callers.CALLER in environ:  # one of the lab's own services, in this process
            return answered(environ, start_response)
        call = _read(environ)
        try:
            caller = environ[s3_callers.CALLER] = _admit(call, environ, backends, owner)
        except RefusedError as refusal:
            return _send(operations.error(call, refusal.code, str(refusal)), start_response)
        if throttled := throttling.refusal(call, context):
            return _send(throttled, start_response)
        if call.operation and not _is_of_a_bucket(call):  # what buckets are asked for is known where it is decided
            for permission in _needed(call, backends):
                context.calls.note(caller.arn, permission.action, permission.resource)
            context.history.note(_event(call, environ))
        return answered(environ, start_response)

    def answered(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        before = s3_callers.CURRENT.set(environ[s3_callers.CALLER])
        try:
            return [b"".join(application(environ, start_response))]
        finally:  # the thread may call moto for somebody else next
            s3_callers.CURRENT.reset(before)

    return serve


def _event(call: Call, environ: Mapping[str, Any]) -> Event:
    """Return what is kept of an admitted call."""
    caller, scope = environ[s3_callers.CALLER], call.signature.scope if call.signature else ("",) * 4
    return Event(
        service=call.service,
        name=call.operation,
        region=scope[1],
        key=call.signature.key if call.signature else "",
        arn=caller.arn,
        entity=caller.principal.arns[0] if caller.principal.arns else "",
        address=str(environ.get("REMOTE_ADDR", "")),
        agent=str(environ.get("HTTP_USER_AGENT", "")),
    )


def is_owner(environ: Mapping[str, Any], owner: Key) -> bool:
    """Tell whether a request to one of the lab's own pages bears the owner's secret."""
    return signature.same(str(environ.get("HTTP_AUTHORIZATION", "")), f"Bearer {owner.secret_key}")


def is_ours(host: str) -> bool:
    """Tell whether a name is one by which the lab is reached: an address, this machine's, or one of AWS's.

    A page whose own name was made to lead to the loopback sends that name (DNS rebinding).
    """
    name = host.rsplit(":", 1)[0].lower() if not host.endswith("]") else host
    if name == "localhost" or name.endswith((".localhost", ".amazonaws.com")):
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _read(environ: dict[str, Any]) -> Call:
    request = s3_callers.signed(environ)
    body = environ["wsgi.input"].read()
    environ["wsgi.input"].seek(0)
    try:
        found = s3_signature.read(request)
    except s3_signature.SignatureError as error:
        return Call(request, body, None, error)
    return Call(request, body, found)


def _admit(call: Call, environ: dict[str, Any], backends: Backends, owner: Key) -> Caller:
    if not is_ours(call.request.headers.get("host", "")):
        raise RefusedError("AccessDenied", "The lab is not reached by that name.")
    if str(environ["PATH_INFO"]).startswith(_OWN_PATHS):
        raise RefusedError("AccessDenied", "The lab does not answer there.")
    if call.broken:
        raise RefusedError(call.broken.code, str(call.broken))
    found = call.signature
    if found is None:
        return _unsigned(call, environ)
    identity = _identity(found.key, backends, owner)
    _check(call, found, identity)
    if call.is_malformed:
        raise RefusedError("SerializationException", "The body is no JSON object.")
    if found.expires is not None:
        environ[operations.SERVICE] = "s3"
    if not _is_of_a_bucket(call):
        _ask_iam(call, identity, backends, str(environ.get(endpoint_policies.INTERFACE, "")))
    return identity.caller


def _is_of_a_bucket(call: Call) -> bool:
    return call.service == "s3" and not call.request.path.startswith(operations.CONTROL)


def _unsigned(call: Call, environ: dict[str, Any]) -> Caller:
    query = parse_qs(call.request.query)
    if "authorization" in call.request.headers or "AWSAccessKeyId" in query:
        raise RefusedError(
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        )
    if "x-amz-target" in call.request.headers or call.action:
        raise RefusedError("MissingAuthenticationToken", "Missing Authentication Token")
    environ[operations.SERVICE] = "s3"
    return Caller()


def _identity(key: str, backends: Backends, owner: Key) -> Identity:
    if signature.same(key, owner.access_key):
        return Identity(owner.secret_key, "", None, f"arn:aws:iam::{ACCOUNT}:root", s3_callers.ROOT)
    session = backends.at("sts", "aws").get_assumed_role_from_access_key(key)
    if session is not None:
        iam, role = backends.at("iam", "aws"), session.role_arn
        caller = Caller(
            Principal(arns=(role, session.arn), account=ACCOUNT),
            policies=tuple(role_policies(iam, role)),
            boundary=role_boundary(iam, role),
            user=_user_id(session),
        )
        expires = session.expiration if session.expiration.tzinfo else session.expiration.replace(tzinfo=datetime.UTC)
        return Identity(session.secret_access_key, session.session_token, expires, session.arn, caller)
    for user in backends.at("iam", "aws").users.values():
        for access_key in user.access_keys:
            if access_key.access_key_id == key:
                caller = Caller(
                    Principal(arns=(user.arn,), account=ACCOUNT),
                    policies=tuple(_policies_of(user, backends)),
                    boundary=boundary_of(backends.at("iam", "aws"), user),
                    user=user.id,
                )
                return Identity(access_key.secret_access_key, "", None, user.arn, caller)
    raise RefusedError("InvalidClientTokenId", "The security token included in the request is invalid.")


def _user_id(session: Any) -> str:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable."""
    return str(session.user_id)


def _policies_of(user: Any, backends: Backends) -> Iterator[Document]:
    groups = backends.at("iam", "aws").groups.values()
    for holder in (user, *(group for group in groups if any(member.name == user.name for member in group.users))):
        yield from policies_of(holder)


def _check(call: Call, found: Signature, identity: Identity) -> None:
    """Refuse a token that is not the key's, one that has expired, and a signature that the secret does not make."""
    if not signature.same(found.token, identity.token):
        raise RefusedError("InvalidClientTokenId", "The security token included in the request is invalid.")
    if identity.expires and identity.expires < datetime.datetime.now(datetime.UTC):
        raise RefusedError("ExpiredToken", "The security token included in the request is expired")
    presigned_elsewhere = found.expires is not None and call.service != "s3"
    if presigned_elsewhere or "host" not in found.headers or len(found.scope) != 4:
        raise RefusedError("SignatureDoesNotMatch", "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    if found.scope[1] not in _REGIONS:
        raise RefusedError("SignatureDoesNotMatch", "Credential should be scoped to a valid region.")
    try:
        s3_signature.check_time(found, datetime.datetime.now(datetime.UTC))
        if call.service == "s3":
            s3_signature.check(call.request, found, identity.secret)
            _check_body(call, found)
        else:
            signature.check(call.request, call.body, found, identity.secret)
    except (s3_signature.SignatureError, signature.SignatureError) as error:
        raise RefusedError(error.code, str(error)) from None


def _check_body(call: Call, found: Signature) -> None:
    if _HASH.match(found.payload) and hashlib.sha256(call.body).hexdigest() != found.payload:
        raise RefusedError(
            "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."
        )


def _ask_iam(call: Call, identity: Identity, backends: Backends, interface: str) -> None:
    """Ask the caller's policies, and that of the endpoint through whose interface the call came, if it did."""
    caller = identity.caller
    if not call.operation and not caller.root:
        raise RefusedError("AccessDenied", "The lab does not know which operation that is.")
    try:
        for permission in _needed(call, backends) if interface or not caller.root else ():
            if not caller.root and permission.action not in _FREE:
                authorize(caller, permission)
            if interface:
                endpoint_policies.check(backends, interface, caller.principal, permission)
    except signature.SignatureError as error:
        began = "You are not authorized to perform this operation. " if call.service == "ec2" else ""
        raise RefusedError("AccessDenied", f"{began}{error}") from None


def _needed(call: Call, backends: Backends) -> list[Permission]:
    """Return what IAM is asked about; parameters, secrets, keys and logs are looked at where they are served, too."""
    region = call.signature.scope[1] if call.signature else ""
    account = Account(ACCOUNT, region, partial(_roles, backends), partial(tags, backends, region))
    return needed(call.permission, call.parameters, account)


def _roles(backends: Backends, profile: str) -> list[str]:
    found = [
        instance_profile
        for instance_profile in backends.at("iam", "aws").instance_profiles.values()
        if instance_profile.name == profile
    ]
    return [role.arn for instance_profile in found for role in instance_profile.roles]


def _send(refusal: tuple[str, str, bytes], start_response: Callable[..., Any]) -> Iterable[bytes]:
    status, kind, body = refusal
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]
