# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what with a bucket. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-auth-workflow-object-operation.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lab.world.access.permissions import (
    ANONYMOUS,
    AccessRequest,
    Decision,
    Document,
    Principal,
    combine,
    decide,
    within,
)


@dataclass(frozen=True)
class Caller:
    """Who asks. `root` is the account itself, which needs no policy; others have the policies of their identity."""

    principal: Principal = ANONYMOUS
    root: bool = False
    policies: tuple[Document, ...] = ()
    boundary: Document | None = None
    """The identity's permissions boundary, if it has one."""
    user: str = ""
    """The unique id, `aws:userid`; that of a role's session ends in the session's name."""

    @property
    def arn(self) -> str:
        """The ARN by which refusals name the caller: a session's rather than its role's."""
        return self.principal.arns[-1] if self.principal.arns else "anonymous"

    @property
    def variables(self) -> dict[str, str]:
        """The condition keys about the caller, which policies use as variables, too."""
        kind, _, name = self.arn.rpartition(":")[2].partition("/")
        named = {"aws:username": name.rpartition("/")[2]} if kind == "user" else {}
        return {**named, "aws:userid": self.user, "aws:PrincipalArn": self.principal.arns[0]} if self.user else named

    def decide(self, request: AccessRequest) -> Decision:
        """Return what the identity's policies and its permissions boundary decide."""
        return within(combine(decide(policy, request) for policy in self.policies), self.boundary, request)

    @property
    def anonymous(self) -> bool:
        """Tell whether nobody has signed the request."""
        return self.principal == ANONYMOUS


@dataclass(frozen=True)
class Block:
    """The four switches of a bucket's public access block."""

    block_acls: bool = False
    ignore_acls: bool = False
    block_policy: bool = False
    restrict: bool = False


@dataclass(frozen=True)
class Bucket:
    """What of a bucket decides about access; `public_read` is that of the ACL which applies to the request."""

    policy: Document | None = None
    block: Block = field(default_factory=Block)
    acls: bool = False
    """Whether ACLs count: not while the bucket's owner owns all objects (BucketOwnerEnforced)."""
    public_read: bool = False


_POLICY_OPERATIONS = frozenset({"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"})
_PUBLIC_READS = frozenset({"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"})


def allowed(caller: Caller, bucket: Bucket, request: AccessRequest) -> bool:
    """Tell whether S3 answers; `request` need not name the principal."""
    asked = replace(request, principal=caller.principal)
    identity = caller.decide(asked)
    policy = decide(bucket.policy, asked, of_resource=True) if bucket.policy else "none"
    if caller.root:
        # The account's root can always mend a policy that locks everybody out:
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html
        return policy != "deny" or request.action in _POLICY_OPERATIONS
    if "deny" in (identity, policy):
        return False
    return identity == "allow" or _granted(caller, bucket, asked)


def _granted(caller: Caller, bucket: Bucket, asked: AccessRequest) -> bool:
    """Tell whether the bucket itself lets the caller in, by its policy or by an ACL."""
    if bucket.policy:
        # A statement that names the account leaves the decision to the account's own policies.
        itself = replace(asked, principal=replace(caller.principal, account=""))
        restricted = caller.anonymous and bucket.block.restrict and is_public(bucket.policy)
        if not restricted and decide(bucket.policy, itself, of_resource=True) == "allow":
            return True
    if not bucket.acls or bucket.block.ignore_acls:
        return False
    return bucket.public_read and asked.action in _PUBLIC_READS


_FIXING_KEYS = frozenset(
    {
        "aws:sourcearn",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceowner",
        "aws:sourceaccount",
        "aws:userid",
        "aws:principalorgid",
        "aws:principalarn",
        "aws:principalaccount",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount",
    }
)
_FIXING_OPERATORS = frozenset({"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"})
_BROADEST = {4: 8, 6: 32}
"""Networks broader than this are the public, as S3 sees it."""


def is_public(policy: Document) -> bool:
    """Tell whether S3 takes a policy for public: one statement that lets in more than fixed principals or sources.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
    """
    return any(
        statement.get("Effect") == "Allow" and _names_everybody(statement) and not _fixed(statement)
        for statement in _listed(policy.get("Statement", []))
    )


def _names_everybody(statement: Document) -> bool:
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return principal == "*"
    return any("*" in str(value) for values in principal.values() for value in _listed(values))


def _fixed(statement: Document) -> bool:
    return any(
        _fixes(operator, key, _listed(values))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _fixes(operator: str, key: str, values: list[Any]) -> bool:
    if operator == "IpAddress" and key.lower() == "aws:sourceip":
        return all(map(_is_narrow, values))
    if operator not in _FIXING_OPERATORS or key.lower() not in _FIXING_KEYS:
        return False
    return not any(sign in str(value) for value in values for sign in ("*", "?", "${"))


def _is_narrow(network: str) -> bool:
    try:
        parsed = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
    return parsed.prefixlen >= _BROADEST[parsed.version]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
