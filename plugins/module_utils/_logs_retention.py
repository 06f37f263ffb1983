# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""How long a log group of CloudWatch Logs keeps what is written to it."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._aws import ChangeResult, aws_call, failure, pages
from ._resource import Resource

DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""


@aws_call("look for the log group {name}")
def _find(client: t.Any, name: str) -> Resource:
    found = pages(client, "describe_log_groups", logGroupNamePrefix=name).get("logGroups", [])
    return next((_normalize(group) for group in found if group["logGroupName"] == name), {})


def _normalize(group: Resource) -> Resource:
    return {"log_group_name": group["logGroupName"], "retention_in_days": group.get("retentionInDays")}


@aws_call("set how long the log group {name} keeps what is written to it")
def _write(client: t.Any, name: str, days: int) -> None:
    client.put_retention_policy(logGroupName=name, retentionInDays=days)


def ensure(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Have the log group keep what is written to it for so many days."""
    name, days = params["log_group_name"], params["retention_in_days"]
    before = _find(client, name)
    if not before and not check_mode:
        raise failure(f"There is no log group {name}; create it first.")
    after = {"log_group_name": name, "retention_in_days": days}
    if before == after:
        return ChangeResult(False, before, before)
    if not check_mode:
        _write(client, name, days)
    return ChangeResult(True, before, after)
