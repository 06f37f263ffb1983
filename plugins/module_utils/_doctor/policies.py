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
import typing as t
from collections.abc import Iterable, Mapping

Raw = Mapping[str, t.Any]


def statements(policy: Raw | None) -> list[Raw]:
    """Return a policy's statements."""
    found = (policy or {}).get("Statement") or []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, Mapping)]


def titles(policy: Raw | None) -> list[str]:
    """Return what to call a policy's statements."""
    return [f"{statement.get('Sid') or 'unnamed'} ({statement.get('Effect')})" for statement in statements(policy)] or [
        "none"
    ]


def _texts(value: t.Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []


def _about(statement: Raw, action: str) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), text.lower()) for text in _texts(statement.get("Action")))


def _of(statement: Raw, resource: str) -> bool:
    return any(fnmatch.fnmatchcase(resource, text) for text in _texts(statement.get("Resource")))


def _of_objects(statement: Raw, bucket: str) -> bool:
    """Tell whether a statement is about objects of a bucket, wherever in it."""
    return _of(statement, f"{bucket}any") or any(text.startswith(bucket) for text in _texts(statement.get("Resource")))


def _principals(statement: Raw) -> list[str]:
    principal = statement.get("Principal")
    return _texts(principal.get("AWS")) if isinstance(principal, Mapping) else _texts(principal)


def lets_mount(policy: Raw | None, roles: list[str]) -> bool:
    """Tell whether a file system's policy lets the machines mount: as anybody, or as one of these roles.

    Without a policy, everyone may.
    """
    about = [
        statement
        for statement in statements(policy)
        if _about(statement, "elasticfilesystem:ClientMount")
        and any(who == "*" or who in roles or who.endswith(":root") for who in _principals(statement))
    ]
    allowed = [one for one in about if one.get("Effect") == "Allow"]
    denied = [one for one in about if one.get("Effect") == "Deny" and not one.get("Condition")]
    return not statements(policy) or (bool(allowed) and not denied)


SESSION_ACTIONS = (
    "ssm:UpdateInstanceInformation",
    *(f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")),
)
"""What an agent needs for sessions.

https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
"""


def lacks(policies: Raw | None, actions: Iterable[str]) -> list[str]:
    """Return those actions that no policy of a role allows; one that is attached may allow anything."""
    attached = [str(one) for one in (policies or {}).get("attached") or []]
    if any(not arn.startswith("arn:aws:iam::aws:policy/") or "SSM" in arn or "Admin" in arn for arn in attached):
        return []
    found = [statement for policy in ((policies or {}).get("own") or {}).values() for statement in statements(policy)]
    allowed = [one for one in found if one.get("Effect") == "Allow"]
    return [action for action in actions if not any(_about(one, action) for one in allowed)]


def lets_read(policies: Raw | None, bucket: str) -> bool:
    """Tell whether some policy of a role lets it read a bucket's objects."""
    attached = [str(one) for one in (policies or {}).get("attached") or []]
    # What a policy of another name grants is not read: it may be this.
    if any(not arn.startswith("arn:aws:iam::aws:policy/") or "S3" in arn or "Admin" in arn for arn in attached):
        return True
    found = [statement for policy in ((policies or {}).get("own") or {}).values() for statement in statements(policy)]
    about = [one for one in found if _about(one, "s3:GetObject") and _of_objects(one, f"arn:aws:s3:::{bucket}/")]
    return any(one.get("Effect") == "Allow" for one in about)


def denying(policies: Raw | None, actions: Mapping[str, str]) -> dict[str, str]:
    """Return those of a role's own policies that deny an action, each on its resource, in any case, with the action."""
    return {
        name: action
        for name, policy in ((policies or {}).get("own") or {}).items()
        for statement in statements(policy)
        for action, resource in actions.items()
        if statement.get("Effect") == "Deny"
        and not statement.get("Condition")
        and _about(statement, action)
        and _of(statement, resource)
    }


def not_admitted(boundary: Raw | None, actions: Mapping[str, str]) -> list[str]:
    """Return those actions, each with its resource, that a permissions boundary lets nobody take.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """

    def said(effect: str, action: str, resource: str) -> bool:
        return any(
            _about(statement, action) and _of(statement, resource)
            for statement in statements(boundary)
            if statement.get("Effect") == effect and not (effect == "Deny" and statement.get("Condition"))
        )

    # What is named by exclusion may be admitted by it.
    if any(key in statement for statement in statements(boundary) for key in ("NotAction", "NotResource")):
        return []

    return [
        action
        for action, resource in actions.items()
        if said("Deny", action, resource) or not said("Allow", action, resource)
    ]


def lets_distribution_read(policy: Raw | None, arn: str, bucket: str) -> bool:
    """Tell whether a bucket's policy lets a distribution read its objects by origin access control.

    A statement that denies outweighs all that allow:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    about = [one for one in statements(policy) if _about(one, "s3:GetObject") and _to_service(one, CLOUDFRONT)]
    denied = [one for one in about if one.get("Effect") == "Deny" and not one.get("Condition")]
    if any(_of(one, f"arn:aws:s3:::{bucket}/any") for one in denied):
        return False
    conditions = [str(one.get("Condition") or "") for one in about if one.get("Effect") == "Allow"]
    return any("SourceArn" not in one or arn in one or "*" in one for one in conditions)


CLOUDFRONT = "cloudfront.amazonaws.com"


def _to_service(statement: Raw, service: str) -> bool:
    """Tell whether a statement is about a service, or about everybody."""
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        return service in _texts(principal.get("Service")) or "*" in _texts(principal.get("AWS"))
    return "*" in _texts(principal)


def _about_all_callers(statement: Raw, roles: Iterable[str]) -> bool:
    """Tell whether a statement is about everybody, or about one of these roles."""
    return any(who == "*" or who in roles or who.endswith(":root") for who in _principals(statement))


def denials(policy: Raw | None, action: str, objects: str, roles: list[str]) -> list[str]:
    """Return the statements that deny an action on objects to everybody or to one of these roles, whatever the case."""
    return [
        str(statement.get("Sid") or "unnamed")
        for statement in statements(policy)
        if statement.get("Effect") == "Deny"
        and not statement.get("Condition")
        and _about(statement, action)
        and _of(statement, f"{objects}any")
        and _about_all_callers(statement, roles)
    ]


def lets_pass(policy: Raw | None, action: str, objects: str, roles: list[str]) -> bool:
    """Tell whether an endpoint's policy lets an action on objects pass; what its conditions say counts as met."""
    allowed = any(
        statement.get("Effect") == "Allow"
        and _about(statement, action)
        and (
            _of(statement, f"{objects}any")
            or any(text.startswith(objects) for text in _texts(statement.get("Resource")))
        )
        and _about_all_callers(statement, roles)
        for statement in statements(policy)
    )
    return allowed and not denials(policy, action, objects, roles)


def lets_assume(policy: Raw | None, service: str) -> bool:
    """Tell whether a role's trust policy lets a service assume it; conditions count as met."""
    for statement in statements(policy):
        principal = statement.get("Principal")
        services = _texts(principal.get("Service")) if isinstance(principal, Mapping) else _texts(principal)
        if (
            statement.get("Effect") == "Allow"
            and _about(statement, "sts:AssumeRole")
            and {service, "*"} & set(services)
        ):
            return True
    return False
