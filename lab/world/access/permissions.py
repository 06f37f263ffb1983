# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: policies evaluated as IAM evaluates them. Pure.

moto's own evaluation (`moto.iam.access_control`) takes every unmet condition for a denial and reads
resources as regular expressions, so a policy that AWS accepts may fail there and the other way round.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

    allowed(iam, "site-web", "s3:GetObject", "arn:aws:s3:::bucket/key", {"aws:SecureTransport": "true"})
    decide(bucket_policy, Request(action, resource, context, Principal(service="cloudfront.amazonaws.com")))
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.world.access.conditions import Values, met

Decision = Literal["allow", "deny", "none"]
Document = Mapping[str, Any]


@dataclass(frozen=True)
class Principal:
    """Who asks: the ARNs a policy may name it by, or an AWS service; an anonymous one has neither."""

    arns: tuple[str, ...] = ()
    account: str = ""
    service: str = ""
    canonical_user: str = ""


ANONYMOUS = Principal()
_VARIABLE = re.compile(r"\$\{([A-Za-z0-9]+:[A-Za-z0-9/:_-]+)\}")


@dataclass(frozen=True)
class AccessRequest:
    """What is asked for; `context` has the condition keys, such as `aws:SecureTransport`."""

    action: str
    resource: str = "*"
    context: Mapping[str, Values] = field(default_factory=dict)
    principal: Principal = ANONYMOUS


def allowed(
    iam_backend: Any, role: str, action: str, resource: str = "*", context: Mapping[str, Values] | None = None
) -> bool:
    """Tell whether the policies of a role (its name or ARN) allow an action; a role that is gone may do nothing."""
    return verdict(iam_backend, role, action, resource, context) == "allow"


def verdict(
    iam_backend: Any, role: str, action: str, resource: str = "*", context: Mapping[str, Values] | None = None
) -> Decision:
    """Return what the policies of a role (its name or ARN) decide about an action."""
    request = AccessRequest(action, resource, context or {})
    own = combine(decide(document, request) for document in role_policies(iam_backend, role))
    return within(own, role_boundary(iam_backend, role), request)


def combine(decisions: Iterable[Decision]) -> Decision:
    """Return what several policies decide together: one denial outweighs every permission."""
    found = set(decisions)
    if "deny" in found:
        return "deny"
    return "allow" if "allow" in found else "none"


def within(decision: Decision, boundary: Document | None, request: AccessRequest) -> Decision:
    """Return what a permissions boundary leaves of what an identity's policies decide; None leaves all.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    limit: Decision = decide(boundary, request) if boundary is not None else "allow"
    if "deny" in (decision, limit):
        return "deny"
    return decision if limit == "allow" else "none"


def conceivable(policies: Iterable[Document], action: str) -> bool:
    """Tell whether policies may allow an action on some resource; whoever knows which one decides the rest."""
    statements = [
        statement
        for policy in policies
        for statement in _listed(policy.get("Statement", []))
        if _concerns(statement, "Action", action, ignore_case=True)
    ]
    for statement in statements:
        if (
            statement.get("Effect") == "Deny"
            and "Condition" not in statement
            and "*" in _listed(statement.get("Resource", []))
        ):
            return False
    return any(statement.get("Effect") == "Allow" for statement in statements)


def role_policies(iam_backend: Any, role: str) -> list[Document]:
    """Return a role's inline policies, and the default versions of its attached ones."""
    found = _role(iam_backend, role)
    return [] if found is None else policies_of(found)


def role_boundary(iam_backend: Any, role: str) -> Document | None:
    """Return a role's permissions boundary, if it has one."""
    return boundary_of(iam_backend, _role(iam_backend, role))


def boundary_of(iam_backend: Any, holder: Any) -> Document | None:
    """Return the permissions boundary of a role or a user, if it has one; of a policy that is gone, one of nothing."""
    arn = getattr(holder, "permissions_boundary_arn", None)
    if not arn:
        return None
    policy = iam_backend.managed_policies.get(arn)
    return default_policy(policy) if policy else {"Statement": []}


def _role(iam_backend: Any, role: str) -> Any:
    name = role.rsplit("/", 1)[-1]
    return next((role for role in iam_backend.roles.values() if role.name == name), None)


def policies_of(holder: Any) -> list[Document]:
    """Return the inline policies of a role, user or group, and the default versions of its attached ones."""
    return [
        *(_parsed(text) for text in holder.policies.values()),
        *(default_policy(policy) for policy in holder.managed_policies.values()),
    ]


def default_policy(policy: Any) -> Document:
    """Return the default version of a managed policy."""
    return _parsed(_default(policy).document)


def _default(policy: Any) -> Any:
    return next(version for version in policy.versions if version.is_default)


def _parsed(document: Any) -> Document:
    parsed: Document = json.loads(document) if isinstance(document, str) else document
    return parsed


def decide(policy: Document, request: AccessRequest, *, of_resource: bool = False) -> Decision:
    """Return what one policy decides; a resource's policy also looks at the principal."""
    return combine(
        _statement(_filled(statement, request.context), request, of_resource)
        for statement in _listed(policy.get("Statement", []))
    )


def _filled(statement: Document, context: Mapping[str, Values]) -> Document:
    """Return a statement with its policy variables in place; one that the request lacks matches nothing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """

    def value(found: re.Match[str]) -> str:
        known = context.get(found[1])
        return known if isinstance(known, str) else found[0]

    def fill(part: Any) -> Any:
        if isinstance(part, str):
            return _VARIABLE.sub(value, part)
        if isinstance(part, list):
            return [fill(item) for item in part]
        return {key: fill(item) for key, item in part.items()} if isinstance(part, Mapping) else part

    places = {name: fill(statement[name]) for name in ("Resource", "NotResource", "Condition") if name in statement}
    return {**statement, **places}


def _statement(statement: Document, request: AccessRequest, of_resource: bool) -> Decision:
    applies = (
        _concerns(statement, "Action", request.action, ignore_case=True)
        and _concerns(statement, "Resource", request.resource)
        and (not of_resource or _names(statement, request.principal))
        and met(statement.get("Condition", {}), request.context)
    )
    if not applies:
        return "none"
    return "allow" if statement.get("Effect") == "Allow" else "deny"


def _concerns(statement: Document, element: str, value: str, *, ignore_case: bool = False) -> bool:
    if f"Not{element}" in statement:
        return not any(matches(p, value, ignore_case=ignore_case) for p in _listed(statement[f"Not{element}"]))
    if element not in statement:
        # A trust policy has no resource: it is that of the role it belongs to.
        return element == "Resource"
    return any(matches(p, value, ignore_case=ignore_case) for p in _listed(statement[element]))


def _names(statement: Document, principal: Principal) -> bool:
    if "NotPrincipal" in statement:
        return not _is_one_of(statement["NotPrincipal"], principal)
    return _is_one_of(statement.get("Principal", {}), principal)


def _is_one_of(named: Any, principal: Principal) -> bool:
    if named == "*":
        return True
    for kind, values in named.items():
        for value in _listed(values):
            if _is_the(kind, value, principal):
                return True
    return False


def _is_the(kind: str, value: str, principal: Principal) -> bool:
    if kind == "Service":
        return value == principal.service
    if kind == "CanonicalUser":
        return bool(principal.canonical_user) and value == principal.canonical_user
    if kind != "AWS":
        return False
    if value == "*":
        return True
    account = bool(principal.account) and (
        value == principal.account or bool(re.fullmatch(rf"arn:[^:]+:iam::{principal.account}:root", value))
    )
    return account or value in principal.arns


def matches(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    """Tell whether a value matches a pattern of IAM's: `*` is any text, `?` any one character."""
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
