# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudWatch Logs refuses and moto accepts, and the newer list of log groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogsBackend
from moto.logs.responses import LogsResponse

from lab.api.moto.extension import adds, replaces
from lab.context import Context

DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""


def extend(_context: Context) -> None:
    """Refuse a retention that there is not; list log groups."""

    @replaces(LogsBackend, "put_retention_policy")
    def put_retention_policy(
        original: Callable[..., Any], self: Any, log_group_name: str, retention_in_days: Any
    ) -> Any:
        if retention_in_days not in DAYS:
            raise InvalidParameterException(
                constraint=f"Member must satisfy enum value set: {list(DAYS)}",
                parameter="retentionInDays",
                value=retention_in_days,
            )
        return original(self, log_group_name, retention_in_days)

    @adds(LogsResponse, "list_log_groups")
    def list_log_groups(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListLogGroups.html."""
        pattern, wanted = self._get_param("logGroupNamePattern"), self._get_param("logGroupClass")
        told = [
            {"logGroupName": group.name, "logGroupArn": group.arn.removesuffix(":*"), "logGroupClass": group_class}
            for name, group in sorted(self.logs_backend.groups.items())
            for group_class in [getattr(group, "log_group_class", None) or "STANDARD"]
            if (wanted or group_class) == group_class and (not pattern or _matches(pattern, name))
        ]
        return ActionResult({"logGroups": told})


def _matches(pattern: str, name: str) -> bool:
    """Tell whether a name holds the text, or begins with it behind a circumflex; parts are parted by `|`."""
    parts = pattern.split("|")
    return any(name.startswith(part[1:]) if part.startswith("^") else part in name for part in parts)
