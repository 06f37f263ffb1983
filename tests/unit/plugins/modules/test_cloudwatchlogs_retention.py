# SPDX-License-Identifier: GPL-3.0-or-later
"""A log group's retention in four steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils._logs_retention import DAYS, ensure

from tests.unit.plugins.modules.route53_account import REGION, open_account

NAME = "/shop/flow-logs"


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with open_account(tmp_path, monkeypatch) as account:
        yield account.client("logs", REGION)


def kept(logs: Any) -> int | None:
    [group] = [each for each in logs.describe_log_groups()["logGroups"] if each["logGroupName"] == NAME]
    days: int | None = group.get("retentionInDays")
    return days


def wanted(days: int) -> dict[str, Any]:
    return {"log_group_name": NAME, "retention_in_days": days}


def test_four_steps(logs: Any) -> None:
    logs.create_log_group(logGroupName=NAME)
    logs.create_log_group(logGroupName=f"{NAME}-of-others")
    assert ensure(logs, wanted(365), True) == (True, wanted(365) | {"retention_in_days": None}, wanted(365))
    assert kept(logs) is None
    assert ensure(logs, wanted(365), False).changed
    assert kept(logs) == 365
    assert ensure(logs, wanted(365), True) == ensure(logs, wanted(365), False) == (False, wanted(365), wanted(365))


@pytest.mark.parametrize("days", DAYS)
def test_aws_takes_each_number_of_days(logs: Any, days: int) -> None:
    logs.create_log_group(logGroupName=NAME)
    ensure(logs, wanted(days), False)
    assert kept(logs) == days


def test_a_log_group_that_is_not_there_is_one_that_check_mode_would_have(logs: Any) -> None:
    assert ensure(logs, wanted(7), True) == (True, {}, wanted(7))
    with pytest.raises(AnsibleAWSError, match="There is no log group /shop/flow-logs; create it first"):
        ensure(logs, wanted(7), False)
