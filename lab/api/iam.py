# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM: the policies that AWS manages exist, and what is in use is not deleted."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.exceptions import DeleteConflictException
from moto.iam.models import AWSManagedPolicy, IAMBackend

from lab.api import iam_reports, iam_simulation
from lab.api.extension import replaces
from lab.context import Context


@cache
def _managed(account: str) -> list[Any]:
    known = json.loads(aws_managed_policies_data)
    return [AWSManagedPolicy.from_data(name, account, "aws", policy) for name, policy in known.items()]


def extend(context: Context) -> None:
    """Add what moto leaves out."""
    iam_reports.extend(context)
    iam_simulation.extend()

    @replaces(IAMBackend, "_init_aws_policies")
    def _init_aws_policies(_original: Callable[..., Any], self: Any) -> list[Any]:
        # moto has them, and by default does not load them: AmazonSSMManagedInstanceCore is one. How often each is
        # attached is the account's own; the rest never changes.
        return [copy.copy(policy) for policy in _managed(self.account_id)] if self.region_name == "aws" else []

    @replaces(IAMBackend, "create_instance_profile")
    def create_instance_profile(original: Callable[..., Any], self: Any, name: str, *args: Any, **more: Any) -> Any:
        made = original(self, name, *args, **more)
        context.waits.begin("instance profile, visible to EC2", made.arn, label=name, gives=[name])
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
