# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM: the policies that AWS manages exist, and what is in use is not deleted."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.exceptions import DeleteConflictException, MalformedPolicyDocument
from moto.iam.models import AWSManagedPolicy, IAMBackend

from lab.api.moto.extension import replaces
from lab.api.services.iam import reports, simulation
from lab.context import Context


@cache
def _managed(account: str) -> list[Any]:
    known = json.loads(aws_managed_policies_data)
    return [AWSManagedPolicy.from_data(name, account, "aws", policy) for name, policy in known.items()]


def _unattached(account: str) -> list[Any]:
    """Return AWS's policies as an account that begins has them: none is attached, and the rest never changes."""
    for policy in _managed(account):
        policy.attachment_count = 0
    return list(_managed(account))


def extend(context: Context) -> None:
    """Add what moto leaves out."""
    reports.extend(context)
    simulation.extend()

    @replaces(IAMBackend, "_init_aws_policies")
    def _init_aws_policies(_original: Callable[..., Any], self: Any) -> list[Any]:
        # moto has them, and by default does not load them: AmazonSSMManagedInstanceCore is one.
        return _unattached(self.account_id) if self.region_name == "aws" else []

    @replaces(IAMBackend, "create_role")
    def create_role(original: Callable[..., Any], self: Any, *args: Any, **more: Any) -> Any:
        """Refuse a trust policy that is none: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html."""
        told = inspect.signature(original).bind(self, *args, **more).arguments
        try:
            read = json.loads(told["assume_role_policy_document"])
        except ValueError:
            read = None
        if not isinstance(read, dict) or "Statement" not in read:
            raise MalformedPolicyDocument("This policy contains invalid Json")
        return original(self, *args, **more)

    @replaces(IAMBackend, "create_instance_profile")
    def create_instance_profile(original: Callable[..., Any], self: Any, name: str, *args: Any, **more: Any) -> Any:
        made = original(self, name, *args, **more)
        context.waits.begin("instance profile, visible to EC2", made.arn, label=name, provides=[name])
        return made

    @replaces(IAMBackend, "delete_policy")
    def delete_policy(original: Callable[..., Any], self: Any, policy_arn: str) -> None:
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
        policy = self.get_policy(policy_arn)
        if policy.attachment_count:
            raise DeleteConflictException("Cannot delete a policy attached to entities.")
        if len(policy.versions) > 1:
            raise DeleteConflictException(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                "versions. The default version is deleted with the policy."
            )
        original(self, policy_arn)
