# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Query logging of hosted zones: a zone has one configuration at most, which cannot be changed but only replaced."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ._aws import UNKNOWN, ChangeResult, aws_call, aws_lookup
from ._resource import Resource


@aws_call("look for the query logging of the hosted zone {zone_id}")
def _find(client: t.Any, zone_id: str) -> Resource:
    found = client.list_query_logging_configs(HostedZoneId=zone_id)["QueryLoggingConfigs"]
    return next((_shown(config) for config in found), {})


@aws_call("log the queries of the hosted zone {zone_id} to {log_group_arn}")
def _create(client: t.Any, zone_id: str, log_group_arn: str) -> Resource:
    answer = client.create_query_logging_config(HostedZoneId=zone_id, CloudWatchLogsLogGroupArn=log_group_arn)
    return _shown(answer["QueryLoggingConfig"])


@aws_lookup("stop the query logging {config_id}", "NoSuchQueryLoggingConfig")
def _delete(client: t.Any, config_id: str) -> None:
    client.delete_query_logging_config(Id=config_id)


def _shown(config: Mapping[str, t.Any]) -> Resource:
    return {
        "id": config["Id"],
        "hosted_zone_id": config["HostedZoneId"],
        "log_group_arn": _plain(config["CloudWatchLogsLogGroupArn"]),
    }


def _plain(arn: str) -> str:
    """Return a log group's ARN without the end that some of AWS's services give it."""
    return arn.removesuffix(":*")


def ensure(client: t.Any, params: Mapping[str, t.Any], check_mode: bool, warn: Callable[[str], None]) -> ChangeResult:
    """Have the zone's queries logged to the log group, or no longer to it; what others have set up is left alone."""
    zone_id, wanted = params["hosted_zone_id"], _plain(params["log_group_arn"])
    before = _find(client, zone_id)
    ours = bool(before) and before["log_group_arn"] == wanted
    if params["state"] == "absent":
        if ours and not check_mode:
            _delete(client, before["id"])
        return ChangeResult(ours, before, {} if ours else before)
    if before:
        if not ours:
            warn(
                f"The queries of the hosted zone {zone_id} are logged to {before['log_group_arn']} already, and a zone "
                "has one log, so this stays; delete that configuration to have them logged by the site."
            )
        return ChangeResult(False, before, before)
    if check_mode:
        return ChangeResult(True, {}, {"id": UNKNOWN, "hosted_zone_id": zone_id, "log_group_arn": wanted})
    return ChangeResult(True, {}, _create(client, zone_id, wanted))
