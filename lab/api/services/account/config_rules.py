# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Config: what is told of rules and delivery channels; no rule is ever evaluated here, so data never suffice.

https://docs.aws.amazon.com/config/latest/APIReference/API_Compliance.html (INSUFFICIENT_DATA)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.config.exceptions import NoSuchConfigRuleException, NoSuchDeliveryChannelException
from moto.config.responses import ConfigResponse
from moto.core.responses import ActionResult

from lab.api.moto.extension import adds, replaces
from lab.base.history import now
from lab.context import Context


def extend(context: Context) -> None:  # noqa: ARG001 - all extensions are called alike
    """Tell the state of rules and delivery channels."""
    _rules()
    _channels()


def _rules() -> None:
    @adds(ConfigResponse, "describe_compliance_by_config_rule")
    def describe_compliance(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeComplianceByConfigRule.html."""
        wanted = self._get_param("ComplianceTypes") or ["INSUFFICIENT_DATA"]
        found = _asked(self) if "INSUFFICIENT_DATA" in wanted else []
        none = {"ComplianceType": "INSUFFICIENT_DATA"}
        told = [{"ConfigRuleName": rule.config_rule_name, "Compliance": none} for rule in found]
        return ActionResult({"ComplianceByConfigRules": told})

    @adds(ConfigResponse, "describe_config_rule_evaluation_status")
    def describe_evaluation(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigRuleEvaluationStatus.html."""
        told = [
            {
                "ConfigRuleName": rule.config_rule_name,
                "ConfigRuleArn": rule.config_rule_arn,
                "ConfigRuleId": rule.config_rule_id,
                "FirstEvaluationStarted": False,
            }
            for rule in _asked(self)
        ]
        return ActionResult({"ConfigRulesEvaluationStatus": told})

    @adds(ConfigResponse, "get_compliance_summary_by_config_rule")
    def summarize(self: Any) -> ActionResult:  # noqa: ARG001
        """https://docs.aws.amazon.com/config/latest/APIReference/API_ComplianceSummary.html."""
        none = {"CappedCount": 0, "CapExceeded": False}
        counts = {"CompliantResourceCount": none, "NonCompliantResourceCount": none}
        return ActionResult({"ComplianceSummary": {**counts, "ComplianceSummaryTimestamp": now()}})


def _asked(call: Any) -> list[Any]:
    rules = call.config_backend.config_rules
    names = call._get_param("ConfigRuleNames") or list(rules)
    for name in names:
        if name not in rules:
            raise NoSuchConfigRuleException(name)
    return [rules[name] for name in names]


def _channels() -> None:
    @replaces(ConfigResponse, "describe_delivery_channel_status")
    def describe_channels(_original: Callable[..., Any], self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeDeliveryChannelStatus.html."""
        channels = self.config_backend.delivery_channels
        names = self._get_param("DeliveryChannelNames") or list(channels)
        for name in names:
            if name not in channels:
                raise NoSuchDeliveryChannelException(name)
        # Nothing was ever delivered.
        return ActionResult({"DeliveryChannelsStatus": [{"name": name} for name in names]})
