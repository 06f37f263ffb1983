# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Checks of roles and of the session documents."""

from __future__ import annotations

from collections.abc import Iterator

from .._doctor.known.rights import Statement
from .facts import Facts, Rules, Seen
from .network import statements

RULES = Rules()
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
SOURCES = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid")


def everything(statement: Statement) -> bool:
    """Tell whether a statement allows all actions on all resources."""
    return statement.effect == "Allow" and statement.action == statement.resource == ("*",)


@RULES.rule("role-no-administration", "iam: roles", "iam: role policies")
def role_no_administration(facts: Facts) -> Iterator[Seen]:
    """No role has all rights."""
    for role, policies in facts.known.details.role_policies.items():
        wide = [name for name, policy in policies.own.items() if any(map(everything, policy.statement))]
        wide += [arn for arn in policies.attached if arn == ADMINISTRATOR]
        yield Seen(f"role {role}", not wide, f"everything is allowed by: {', '.join(wide) or 'none'}")


def names_source(policy: object) -> bool:
    """Tell whether each statement of a trust policy is bound to an account, an ARN or an organization."""
    found = statements(policy)
    return bool(found) and all(
        any(key.lower() in SOURCES for test in statement.condition.values() for key in test) for statement in found
    )


def _trust(facts: Facts, end: str) -> Iterator[Seen]:
    for name, role in facts.each("roles"):
        if name.endswith(end):
            bound = names_source(role["AssumeRolePolicyDocument"])
            told = "bound to a source" if bound else "no condition on aws:SourceAccount or aws:SourceArn"
            yield Seen(f"role {name}", bound, told)


@RULES.rule("trust-flow-logs", "iam: settings of roles")
def trust_flow_logs(facts: Facts) -> Iterator[Seen]:
    """Flow logs of others can't use the role."""
    yield from _trust(facts, "-flow-logs")


@RULES.rule("trust-machines", "iam: settings of roles")
def trust_machines(facts: Facts) -> Iterator[Seen]:
    """EC2 of others can't use the role."""
    yield from _trust(facts, "-web")


@RULES.rule("permissions-boundary", "iam: settings of roles")
def permissions_boundary(facts: Facts) -> Iterator[Seen]:
    """The machines' role has a boundary."""
    for name, role in facts.each("roles"):
        if name.endswith("-web"):
            found = (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
            yield Seen(f"role {name}", bool(found), f"boundary: {found or 'none'}")


@RULES.rule("documents-private", "ssm: documents", "ssm: sharing of documents")
def documents_private(facts: Facts) -> Iterator[Seen]:
    """Documents are for the account alone."""
    for name, accounts in facts.each("documents"):
        yield Seen(f"document {name}", "all" not in accounts, f"shared with: {', '.join(accounts) or 'nobody'}")
