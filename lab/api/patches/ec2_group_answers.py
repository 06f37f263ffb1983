# SPDX-License-Identifier: GPL-3.0-or-later
"""Who deletes a security group, or describes its rules otherwise, is told that it was done.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UpdateSecurityGroupRuleDescriptionsIngress.html (return)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses.security_groups import SecurityGroups

from lab.api.moto.extension import replaces


def extend() -> None:
    """Answer with the words that moto leaves out."""

    @replaces(SecurityGroups, "delete_security_group")
    def delete_security_group(original: Callable[..., Any], self: Any) -> ActionResult:
        original(self)
        return ActionResult({"Return": True, "GroupId": self._get_param("GroupId")})

    @replaces(SecurityGroups, "update_security_group_rule_descriptions_ingress")
    def update_ingress(original: Callable[..., Any], self: Any) -> ActionResult:
        original(self)
        return ActionResult({"Return": True})

    @replaces(SecurityGroups, "update_security_group_rule_descriptions_egress")
    def update_egress(original: Callable[..., Any], self: Any) -> ActionResult:
        original(self)
        return ActionResult({"Return": True})
