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
    return [
        statement for statement in (found if isinstance(found, list) else [found]) if isinstance(statement, Mapping)
    ]


def titles(policy: Raw | None) -> list[str]:
    """Return what to call a policy's statements."""
    return [f"{statement.get('Sid') or 'unnamed'} ({statement.get('Effect')})" for statement in statements(policy)] or [
        "none"
    ]


def _texts(value: t.Any) -> list[str]:
    return [str(text) for text in value] if isinstance(value, list) else [str(value)] if value else []


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
    allowed = [statement for statement in about if statement.get("Effect") == "Allow"]
    denied = [statement for statement in about if statement.get("Effect") == "Deny" and not statement.get("Condition")]
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
    attached = [str(arn) for arn in (policies or {}).get("attached") or []]
    if any(not arn.startswith("arn:aws:iam::aws:policy/") or "SSM" in arn or "Admin" in arn for arn in attached):
        return []
    found = [statement for policy in ((policies or {}).get("own") or {}).values() for statement in statements(policy)]
    allowed = [statement for statement in found if statement.get("Effect") == "Allow"]
    return [action for action in actions if not any(_about(statement, action) for statement in allowed)]


def lets_read(policies: Raw | None, bucket: str) -> bool:
    """Tell whether some policy of a role lets it read a bucket's objects."""
    attached = [str(arn) for arn in (policies or {}).get("attached") or []]
    # What a policy of another name grants is not read: it may be this.
    if any(not arn.startswith("arn:aws:iam::aws:policy/") or "S3" in arn or "Admin" in arn for arn in attached):
        return True
    found = [statement for policy in ((policies or {}).get("own") or {}).values() for statement in statements(policy)]
    about = [
        statement
        for statement in found
        if _about(statement, "s3:GetObject") and _of_objects(statement, f"arn:aws:s3:::{bucket}/")
    ]
    return any(statement.get("Effect") == "Allow" for statement in about)


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


def lets_distribution_read(policy: Raw | None, arn: str) -> bool:
    """Tell whether a bucket's policy lets a distribution read its objects by origin access control."""
    for statement in statements(policy):
        principal = statement.get("Principal")
        services = _texts(principal.get("Service")) if isinstance(principal, Mapping) else _texts(principal)
        known = _about(statement, "s3:GetObject") and statement.get("Effect") == "Allow"
        if known and ("cloudfront.amazonaws.com" in services or "*" in services):
            condition = str(statement.get("Condition") or "")
            if "SourceArn" not in condition or arn in condition or "*" in condition:
                return True
    return False


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
