# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What policies allow, as far as the doctor has to know.

Not an evaluation of IAM: only the sites' own few forms are told apart, and what is not understood counts as allowed, so
that no finding is wrong.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping

from .known.rights import Policy, RolePolicies, Statement

MANAGED = "arn:aws:iam::aws:policy/"


def titles(policy: Policy) -> list[str]:
    """Return what to call a policy's statements."""
    return [f"{statement.sid or 'unnamed'} ({statement.effect})" for statement in policy.statement] or ["none"]


def _about(statement: Statement, action: str) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), text.lower()) for text in statement.action)


def _of(statement: Statement, resource: str) -> bool:
    return any(fnmatch.fnmatchcase(resource, text) for text in statement.resource)


def _of_objects(statement: Statement, objects: str) -> bool:
    """Tell whether a statement is about objects below a prefix, wherever there."""
    return _of(statement, f"{objects}any") or any(text.startswith(objects) for text in statement.resource)


def _principals(statement: Statement, kind: str) -> list[str]:
    """Return the principals of a kind that a statement is about; one without a kind is of every kind."""
    principal = statement.principal
    told = principal.get(kind) if isinstance(principal, Mapping) else principal
    return [str(text) for text in told] if isinstance(told, list) else [str(told)] if told else []


def _about_callers(statement: Statement, roles: Iterable[str]) -> bool:
    """Tell whether a statement is about everybody, or about one of these roles."""
    return any(who == "*" or who in roles or who.endswith(":root") for who in _principals(statement, "AWS"))


def _denies(statement: Statement) -> bool:
    """Tell whether a statement denies in any case."""
    return statement.effect == "Deny" and not statement.condition


def lets_mount(policy: Policy, roles: list[str]) -> bool:
    """Tell whether a file system's policy lets the machines mount: as anybody, or as one of these roles.

    Without a policy, everyone may.
    """
    about = [
        statement
        for statement in policy.statement
        if _about(statement, "elasticfilesystem:ClientMount") and _about_callers(statement, roles)
    ]
    allowed = any(statement.effect == "Allow" for statement in about)
    return not policy.statement or (allowed and not any(map(_denies, about)))


SESSION_ACTIONS = (
    "ssm:UpdateInstanceInformation",
    *(f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")),
)
"""What an agent needs for sessions.

https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
"""


def _allowing(policies: RolePolicies, managed: str) -> list[Statement] | None:
    """Return what a role's own policies allow; None if one that is attached may allow it: `managed` is in its name."""
    # What a policy of another name grants is not read: it may be this.
    if any(not arn.startswith(MANAGED) or managed in arn or "Admin" in arn for arn in policies.attached):
        return None
    found = (statement for policy in policies.own.values() for statement in policy.statement)
    return [statement for statement in found if statement.effect == "Allow"]


def lacks(policies: RolePolicies, actions: Iterable[str]) -> list[str]:
    """Return those actions that no policy of a role allows; one that is attached may allow anything."""
    allowed = _allowing(policies, "SSM")
    if allowed is None:
        return []
    return [action for action in actions if not any(_about(statement, action) for statement in allowed)]


def lets_read(policies: RolePolicies, bucket: str) -> bool:
    """Tell whether some policy of a role lets it read a bucket's objects."""
    allowed = _allowing(policies, "S3")
    return allowed is None or any(
        _about(statement, "s3:GetObject") and _of_objects(statement, f"arn:aws:s3:::{bucket}/") for statement in allowed
    )


def denying(policies: RolePolicies, actions: Mapping[str, str]) -> dict[str, str]:
    """Return those of a role's own policies that deny an action, each on its resource, in any case, with the action."""
    return {
        name: action
        for name, policy in policies.own.items()
        for statement in policy.statement
        for action, resource in actions.items()
        if _denies(statement) and _about(statement, action) and _of(statement, resource)
    }


def not_admitted(boundary: Policy | None, actions: Mapping[str, str]) -> list[str]:
    """Return those actions, each with its resource, that a permissions boundary lets nobody take.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    statements = boundary.statement if boundary else ()
    # What is named by exclusion may be admitted by it.
    if any(statement.not_action or statement.not_resource for statement in statements):
        return []

    def said(denied: bool, action: str, resource: str) -> bool:
        return any(
            _about(statement, action) and _of(statement, resource)
            for statement in statements
            if (_denies(statement) if denied else statement.effect == "Allow")
        )

    return [
        action
        for action, resource in actions.items()
        if said(True, action, resource) or not said(False, action, resource)
    ]


def lets_distribution_read(policy: Policy, arn: str, bucket: str) -> bool:
    """Tell whether a bucket's policy lets a distribution read its objects by origin access control.

    A statement that denies outweighs all that allow:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    about = [
        statement
        for statement in policy.statement
        if _about(statement, "s3:GetObject") and _about_service(statement, "cloudfront.amazonaws.com")
    ]
    if any(_denies(statement) and _of(statement, f"arn:aws:s3:::{bucket}/any") for statement in about):
        return False
    conditions = [str(statement.condition or "") for statement in about if statement.effect == "Allow"]
    return any("SourceArn" not in text or arn in text or "*" in text for text in conditions)


def _about_service(statement: Statement, service: str) -> bool:
    """Tell whether a statement is about a service, or about everybody."""
    return service in _principals(statement, "Service") or "*" in _principals(statement, "AWS")


def denials(policy: Policy, action: str, objects: str, roles: list[str]) -> list[str]:
    """Return the statements that deny an action on objects to everybody or to one of these roles, whatever the case."""
    return [
        statement.sid or "unnamed"
        for statement in policy.statement
        if _denies(statement)
        and _about(statement, action)
        and _of(statement, f"{objects}any")
        and _about_callers(statement, roles)
    ]


def lets_pass(policy: Policy, action: str, objects: str, roles: list[str]) -> bool:
    """Tell whether an endpoint's policy lets an action on objects pass; what its conditions say counts as met."""
    allowed = any(
        statement.effect == "Allow"
        and _about(statement, action)
        and _of_objects(statement, objects)
        and _about_callers(statement, roles)
        for statement in policy.statement
    )
    return allowed and not denials(policy, action, objects, roles)


def lets_assume(policy: Policy, service: str) -> bool:
    """Tell whether a role's trust policy lets a service assume it; conditions count as met."""
    return any(
        statement.effect == "Allow"
        and _about(statement, "sts:AssumeRole")
        and {service, "*"} & set(_principals(statement, "Service"))
        for statement in policy.statement
    )
