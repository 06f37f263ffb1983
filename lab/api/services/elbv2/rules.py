# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the API's listeners: which actions and conditions they may have, and in which order they are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.elbv2.exceptions import DuplicatePriorityError, PriorityInUseError
from moto.elbv2.models import ELBv2Backend, FakeListener

from lab.api.moto.extension import replaces
from lab.api.services.elbv2 import refusals

Original = Callable[..., Any]


def extend() -> None:
    """Replace what moto does with rules."""
    _contents()
    _order()


def _contents() -> None:
    @replaces(ELBv2Backend, "create_rule")
    def create_rule(original: Original, self: Any, **kwargs: Any) -> Any:
        listener = self.describe_listeners(None, [kwargs["listener_arn"]])[0]
        refusals.check_actions(kwargs["actions"], self.load_balancers[listener.load_balancer_arn], self)
        refusals.check_conditions(kwargs["conditions"])
        return original(self, **kwargs)

    @replaces(ELBv2Backend, "modify_rule")
    def modify_rule(original: Original, self: Any, rule_arn: str, conditions: Any, actions: Any) -> Any:
        if conditions:
            refusals.check_conditions(conditions)
        return original(self, rule_arn, conditions, actions)


def _order() -> None:
    @replaces(FakeListener, "register")
    def register(_original: Original, self: Any, arn: str, rule: Any) -> None:
        self._non_default_rules[arn] = rule
        _sort(self)

    @replaces(ELBv2Backend, "set_rule_priorities")
    def set_rule_priorities(_original: Original, self: Any, rule_priorities: list[dict[str, Any]]) -> list[Any]:
        """Move rules together, so that they may change places.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetRulePriorities.html
        """
        becoming = {priority["RuleArn"]: int(priority["Priority"]) for priority in rule_priorities}
        moved = self.describe_rules(listener_arn=None, rule_arns=list(becoming))
        _check_apart(priority["Priority"] for priority in rule_priorities)
        for arn in {rule.listener_arn for rule in moved}:
            listener = self.describe_listeners(None, [arn])[0]
            staying = [rule for rule in listener._non_default_rules.values() if rule.arn not in becoming]
            if {int(rule.priority) for rule in staying} & set(becoming.values()):
                raise PriorityInUseError()
        for rule in moved:
            rule.priority = becoming[rule.arn]
            _sort(self.describe_listeners(None, [rule.listener_arn])[0])
        return list(moved)


def _check_apart(priorities: Iterable[Any]) -> None:
    seen: set[int] = set()
    for priority in map(int, priorities):
        if priority in seen:
            raise DuplicatePriorityError(str(priority))
        seen.add(priority)


def _sort(listener: Any) -> None:
    rules = sorted(listener._non_default_rules.items(), key=lambda item: int(item[1].priority))
    listener._non_default_rules = dict(rules)
