# SPDX-License-Identifier: GPL-3.0-or-later
"""Query logging configurations, refused where Route 53 could not write.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateQueryLoggingConfig.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.logs.models import LogsBackend
from moto.route53.exceptions import Route53ClientError
from moto.route53.models import Route53Backend

from lab.api.moto.extension import replaces
from lab.base.backends import ACCOUNT
from lab.context import Context
from lab.world.names import query_logs


def extend(context: Context) -> None:
    """Ask for a log group and a resource policy before a zone's queries are logged."""

    @replaces(Route53Backend, "create_query_logging_config")
    def create(original: Callable[..., Any], self: Any, hosted_zone_id: str, log_group_arn: str) -> Any:
        zone = self.get_hosted_zone(hosted_zone_id)
        group = query_logs.group_of(str(log_group_arn or ""), ACCOUNT)
        if zone.private_zone:
            raise Route53ClientError("InvalidInput", "Query logging is for public hosted zones only.")
        if group is None:
            raise Route53ClientError(
                "InvalidInput",
                f"The ARN for the CloudWatch Logs log group is invalid, or not of {query_logs.REGION}.",
            )
        logs = context.backends.at("logs", query_logs.REGION)
        policies = [policy.policy_document for policy in logs.resource_policies.values()]
        if not query_logs.may_write(policies, zone.resource_id, group, ACCOUNT):
            raise Route53ClientError(
                "InsufficientCloudWatchLogsResourcePolicy",
                "The resource policy that you're using for Route 53 query logging doesn't grant Route 53 sufficient "
                "permission to create a log stream in the specified log group.",
            )
        # moto knows a log group by one of the two ways to write its ARN.
        made = original(self, zone.resource_id, f"arn:aws:logs:{query_logs.REGION}:{ACCOUNT}:log-group:{group}:*")
        made.cloud_watch_logs_log_group_arn = log_group_arn
        return made

    @replaces(LogsBackend, "put_resource_policy")
    def put_resource_policy(original: Callable[..., Any], self: Any, policy_name: str, policy_doc: str) -> Any:
        """Refuse what is no policy.

        https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
        """
        if not _is_policy(policy_doc):
            raise JsonRESTError("InvalidParameterException", "The policy document is not a valid policy.")
        return original(self, policy_name, policy_doc)


def _is_policy(text: Any) -> bool:
    try:
        read = json.loads(text or "")
    except (ValueError, TypeError):
        return False
    found = read.get("Statement") if isinstance(read, dict) else None
    statements = found if isinstance(found, list) else [found]
    return bool(statements) and all(
        isinstance(statement, dict) and statement.get("Effect") in ("Allow", "Deny") for statement in statements
    )
