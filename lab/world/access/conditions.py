# SPDX-License-Identifier: GPL-3.0-or-later
"""The conditions of IAM policies. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Values = str | Sequence[str]
Test = Callable[[str, str], bool]
"""(what the policy has, what the request has) to whether they match."""


def _like(pattern: str, value: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _arn_like(pattern: str, value: str) -> bool:
    # Each of the six parts is matched on its own: an asterisk does not reach over a colon, but in the last one.
    patterns, values = pattern.split(":", 5), value.split(":", 5)
    return len(patterns) == len(values) == 6 and all(map(_like, patterns, values))


def _within(network: str, address: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _number(compare: Callable[[float, float], bool]) -> Test:
    return lambda wanted, given: compare(float(given), float(wanted))


def _date(compare: Callable[[float, float], bool]) -> Test:
    return lambda wanted, given: compare(_moment(given), _moment(wanted))


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        parsed = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)).timestamp()


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEquals": lambda a, b: a >= b,
}
_TESTS: dict[str, Test] = {
    "StringEquals": lambda a, b: a == b,
    "StringEqualsIgnoreCase": lambda a, b: a.lower() == b.lower(),
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": lambda a, b: a.lower() == b.lower(),
    "IpAddress": _within,
    "BinaryEquals": lambda a, b: a == b,
    **{f"Numeric{name}": _number(compare) for name, compare in _COMPARISONS.items()},
    **{f"Date{name}": _date(compare) for name, compare in _COMPARISONS.items()},
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def met(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, Values]) -> bool:
    """Tell whether all conditions are met; condition keys are compared without regard to case."""
    given = {key.lower(): _texts(values) for key, values in context.items()}
    return all(
        _one(operator, _texts(wanted), given.get(key.lower()))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _texts(values: Any) -> list[str]:
    listed = values if isinstance(values, (list, tuple)) else [values]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in listed]


def _one(operator: str, wanted: list[str], given: list[str] | None) -> bool:
    scope, _, name = operator.rpartition(":")
    if name == "Null":
        return any((given is None) == (value == "true") for value in wanted)
    optional = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    negated = name in _NEGATED
    test = _TESTS.get(_NEGATED.get(name, name))
    if test is None:
        raise ValueError(f"IAM has no condition operator {operator!r}.")
    if given is None:
        # A key that the request lacks meets a negated operator, and `ForAllValues` has nothing to refuse.
        return optional or negated or scope == "ForAllValues"
    found = [any(test(value, actual) for value in wanted) != negated for actual in given]
    return any(found) if scope == "ForAnyValue" else all(found)
