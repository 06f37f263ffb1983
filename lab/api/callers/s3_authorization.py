# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides on every S3 request.

`aws:SecureTransport` is true on the lab's TLS endpoints, and on the host's loopback, which stands for the
TLS channel that an SDK would use to AWS.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import MissingBucket, S3AccessDeniedError, S3ClientError
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from lab.api.callers import s3_callers
from lab.api.moto.extension import replaces
from lab.base.backends import ACCOUNT, Backends
from lab.context import Context
from lab.world.access import s3_actions
from lab.world.access.bucket_access import Block, Bucket, Caller, allowed
from lab.world.access.permissions import AccessRequest, decide

SOURCE_ARN = "lab.source_arn"
"""The key of the WSGI environment by which one of the lab's services says for which resource it asks."""
_LOOPBACK = "127.0.0.1"
_HEADER_KEYS = ("x-amz-acl", "x-amz-server-side-encryption", "x-amz-copy-source", "x-amz-content-sha256")
_QUERY_KEYS = ("prefix", "delimiter", "max-keys", "versionid")


@dataclass(frozen=True)
class S3Request:
    """A request under decision."""

    caller: Caller
    context: dict[str, str]
    note: Callable[[str, str, str], None]
    """Takes down what was permitted: who, which action, on which resource."""
    versioned: frozenset[str] = frozenset()
    """The keys of which a deletion of several objects names versions."""


_asking: ContextVar[S3Request | None] = ContextVar("asking", default=None)


def extend(context: Context) -> None:
    """Decide before moto answers."""
    for name in ("_bucket_response", "_key_response"):

        @replaces(S3Response, name)
        def respond(original: Callable[..., Any], self: Any, request: Any, full_url: str) -> Any:
            _authorize(self, request, context)
            return original(self, request, full_url)

    @replaces(FakeBucket, "get_permission")
    def get_permission(_original: Callable[..., Any], self: Any, action: str, resource: str) -> Any:
        # moto asks once more, and for each object of a deletion of several only here.
        asking = _asking.get()
        if action != "s3:DeleteObject" or asking is None:
            return PermissionResult.PERMITTED
        key = resource.removeprefix(f"arn:aws:s3:::{self.name}/")
        action = "s3:DeleteObjectVersion" if key in asking.versioned else action
        return PermissionResult.PERMITTED if _may(asking, self, action, key) else PermissionResult.DENIED


def pass_as_stranger(response: Any, request: Any, lab: Context) -> str:
    """Return the key that is asked for in another account's public bucket, if the caller's own side allows it.

    The bucket admits everybody; who signs needs a policy of their own account besides, and the way may be barred.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-auth-workflow-object-operation.html
    """
    environ, key = request.environ, _key(response)
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    asking = _asked(environ, query, lab)
    wanted = _request(
        asking, s3_actions.action(request.method, response.bucket_name, key, query), response.bucket_name, key
    )
    _pass_endpoint(lab, environ, wanted)
    if not asking.caller.anonymous:
        _demand(asking, Bucket(), wanted)
    return key


def _asked(
    environ: dict[str, Any], query: dict[str, list[str]], lab: Context, versioned: frozenset[str] = frozenset()
) -> S3Request:
    caller = s3_callers.caller(environ)
    return S3Request(caller, {**caller.variables, **_context(environ, query)}, lab.calls.note, versioned)


def _authorize(response: Any, request: Any, lab: Context) -> None:
    environ, backends = request.environ, lab.backends
    bucket_name, key = response.bucket_name or "", _key(response)
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    several = request.method == "POST" and not key and "delete" in query
    versioned = s3_actions.versioned_keys(request.data) if several else frozenset()
    asking = _asked(environ, query, lab, versioned)
    _asking.set(asking)
    action = s3_actions.action(request.method, bucket_name, key, query)
    _pass_endpoint(lab, environ, _request(asking, action, bucket_name, key))
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    if environ.get("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER", ACCOUNT) != ACCOUNT:
        raise S3AccessDeniedError
    if not bucket_name or action == "s3:CreateBucket":
        _demand(asking, Bucket(), _request(asking, action, bucket_name, key))
        return
    bucket = _bucket(backends, bucket_name)
    if several:
        return  # each object is asked for by itself
    if request.method == "OPTIONS":
        return  # a preflight request is answered by the bucket's CORS rules
    _demand(asking, _facts(bucket, key), _request(asking, action, bucket.name, key))
    missing = action in ("s3:GetObject", "s3:GetObjectVersion") and key not in bucket.keys
    if missing:
        # Who may not list must not learn what is missing:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        _demand(asking, _facts(bucket, ""), _request(asking, "s3:ListBucket", bucket.name, ""))
    if source := environ.get("HTTP_X_AMZ_COPY_SOURCE"):
        source_bucket, _, source_key = unquote(source).lstrip("/").partition("/")
        held, source_key = _bucket(backends, source_bucket), source_key.partition("?")[0]
        _demand(asking, _facts(held, source_key), _request(asking, "s3:GetObject", held.name, source_key))


def _pass_endpoint(lab: Context, environ: Mapping[str, Any], request: AccessRequest) -> None:
    """Refuse what comes through a VPC's gateway endpoint, and its policy does not allow.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html#edit-vpc-endpoint-policy-s3
    """
    vpc = lab.observed.transits.get(str(environ.get("REMOTE_ADDR", "")))
    endpoint = vpc and _gateway(lab.backends, vpc)
    if not endpoint:
        return
    owned = request.resource.removeprefix("arn:aws:s3:::").partition("/")[0] in lab.backends.at("s3", "aws").buckets
    owner = {"aws:ResourceAccount": ACCOUNT, "s3:ResourceAccount": ACCOUNT} if owned else {}
    # No address counts there: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html
    rest = {name: value for name, value in request.context.items() if name != "aws:SourceIp"}
    known = {**rest, **owner, "aws:SourceVpc": vpc, "aws:SourceVpce": endpoint.id}
    asked = replace(request, context=known, principal=s3_callers.caller(environ).principal)
    if decide(json.loads(endpoint.policy_document), asked, of_resource=True) != "allow":
        if not asked.principal.arns:
            raise S3AccessDeniedError
        raise _DeniedError(asked, f"because no VPC endpoint policy allows the {asked.action} action")


def _gateway(backends: Backends, vpc: str) -> Any:
    """Return a VPC's gateway endpoint of S3; None if it has none."""
    found = (point for _region, ec2 in backends.regional("ec2") for point in ec2.vpc_end_points.values())
    return next(
        (
            endpoint
            for endpoint in found
            if endpoint.vpc_id == vpc
            and endpoint.service_name.endswith(".s3")
            and str(endpoint.vpc_endpoint_type).lower() == "gateway"
        ),
        None,
    )


def _key(response: Any) -> str:
    """Return the object's key, empty for a request to the bucket itself."""
    name = response.get_safe_path().lstrip("/")
    if response.subdomain_based_buckets(response.request):
        return str(name)
    return str(name.partition("/")[2])


def _bucket(backends: Backends, name: str) -> Any:
    found = backends.at("s3", "aws").buckets.get(name)
    if found is None:
        raise MissingBucket(bucket=name)
    return found


def _may(asking: S3Request, bucket: Any, action: str, key: str) -> bool:
    return _allowed(asking, _facts(bucket, key), _request(asking, action, bucket.name, key))


def _demand(asking: S3Request, bucket: Bucket, request: AccessRequest) -> None:
    if _allowed(asking, bucket, request):
        return
    if not asking.caller.principal.arns:  # an anonymous caller, or a service of AWS
        raise S3AccessDeniedError
    asked = replace(request, principal=asking.caller.principal)
    if bucket.policy and decide(bucket.policy, asked, of_resource=True) == "deny":
        raise _DeniedError(asked, "with an explicit deny in a resource-based policy")
    if asking.caller.decide(asked) == "deny":
        raise _DeniedError(asked, "with an explicit deny in an identity-based policy")
    raise _DeniedError(asked, f"because no identity-based policy allows the {asked.action} action")


class _DeniedError(S3ClientError):
    """S3 tells callers of the bucket's own account why.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html#access-denied-message-examples
    """

    def __init__(self, request: AccessRequest, why: str) -> None:
        who = request.principal.arns[-1]
        super().__init__(
            "AccessDenied",
            f'User: {who} is not authorized to perform: {request.action} on resource: "{request.resource}" {why}',
        )


def _allowed(asking: S3Request, bucket: Bucket, request: AccessRequest) -> bool:
    permitted = allowed(asking.caller, bucket, request)
    if permitted:
        asking.note(asking.caller.arn, request.action, request.resource)
    return permitted


def _request(asking: S3Request, action: str, bucket_name: str, key: str) -> AccessRequest:
    return AccessRequest(action, s3_actions.resource(bucket_name, key), asking.context)


def _facts(bucket: Any, key: str) -> Bucket:
    block = bucket.public_access_block
    held = bucket.keys.get(key) if key else bucket
    acl = getattr(held, "acl", None)
    return Bucket(
        policy=json.loads(bucket.policy) if bucket.policy else None,
        block=Block(
            bool(block.block_public_acls),
            bool(block.ignore_public_acls),
            bool(block.block_public_policy),
            bool(block.restrict_public_buckets),
        )
        if block
        else Block(),
        acls=bucket.ownership_rule != "BucketOwnerEnforced",
        public_read=bool(acl and acl.public_read),
    )


def _context(environ: dict[str, Any], query: dict[str, list[str]]) -> dict[str, str]:
    address = str(environ.get("REMOTE_ADDR", ""))
    secure = environ.get("wsgi.url_scheme") == "https" or address == _LOOPBACK
    found = {"aws:SecureTransport": str(secure).lower()}
    if SOURCE_ARN in environ:
        found |= {"aws:SourceArn": environ[SOURCE_ARN], "aws:SourceAccount": ACCOUNT}
        found["aws:SecureTransport"] = "true"
    else:
        found["aws:SourceIp"] = address
    for name in _HEADER_KEYS:
        header = f"HTTP_{name.upper().replace('-', '_')}"
        if header in environ:
            found[f"s3:{name}"] = environ[header]
    for name, values in query.items():
        if name.lower() in _QUERY_KEYS:
            found[f"s3:{name.lower()}"] = values[0]
    return found
