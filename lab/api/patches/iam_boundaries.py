# SPDX-License-Identifier: GPL-3.0-or-later
"""Users have permissions boundaries as roles do, and a managed policy tells how many have it as theirs.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html,
https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html (PermissionsBoundaryUsageCount)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import EmptyResult
from moto.iam.exceptions import NoSuchEntity
from moto.iam.models import ManagedPolicy, User
from moto.iam.responses import IamResponse

from lab.api.moto.extension import adds, replaces


def _count(policy: Any) -> int:
    holders = (*policy.backend.roles.values(), *policy.backend.users.values())
    return [getattr(holder, "permissions_boundary_arn", None) for holder in holders].count(policy.arn)


def _shown(user: Any) -> dict[str, str] | None:
    arn = getattr(user, "permissions_boundary_arn", None)
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn} if arn else None


def _set(call: Any) -> None:
    user, arn = call.backend.get_user(call._get_param("UserName")), call._get_param("PermissionsBoundary")
    call.backend.get_policy(arn)
    user.permissions_boundary_arn = arn


def extend() -> None:
    """Keep users' boundaries, and count."""
    ManagedPolicy.permissions_boundary_usage_count = property(_count)
    User.permissions_boundary = property(_shown)

    @replaces(IamResponse, "create_user")
    def create_user(original: Callable[..., Any], self: Any) -> Any:
        arn = self._get_param("PermissionsBoundary")
        if arn:
            self.backend.get_policy(arn)
        made = original(self)
        if arn:
            _set(self)
        return made

    @adds(IamResponse, "put_user_permissions_boundary")
    def put_user_permissions_boundary(self: Any) -> EmptyResult:
        _set(self)
        return EmptyResult()

    @adds(IamResponse, "delete_user_permissions_boundary")
    def delete_user_permissions_boundary(self: Any) -> EmptyResult:
        name = self._get_param("UserName")
        user = self.backend.get_user(name)
        if not _shown(user):
            raise NoSuchEntity(f"User {name} does not have a permission boundary.")
        user.permissions_boundary_arn = None
        return EmptyResult()
