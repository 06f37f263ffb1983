# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Flow logs, which cannot be changed but only replaced."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._aws import UNKNOWN, ChangeResult, aws_call, aws_lookup, compare_tags, failure, pages, tag_dict, tag_list
from ._resource import Resource

RESOURCE_TYPES = {"vpc": "VPC", "subnet": "Subnet", "eni": "NetworkInterface"}
COMPARED = ("traffic_type", "max_aggregation_interval", "deliver_logs_permission_arn", "log_format")


def normalize(flow_log: Mapping[str, t.Any]) -> Resource:
    """Return a described flow log the way the module returns it."""
    kind = flow_log.get("LogDestinationType", "cloud-watch-logs")
    return {
        "flow_log_id": flow_log["FlowLogId"],
        "resource_id": flow_log["ResourceId"],
        "flow_log_status": flow_log.get("FlowLogStatus"),
        "deliver_logs_status": flow_log.get("DeliverLogsStatus"),
        "traffic_type": flow_log["TrafficType"],
        "log_destination_type": kind,
        "log_group_name": flow_log.get("LogGroupName"),
        "deliver_logs_permission_arn": flow_log.get("DeliverLogsPermissionArn"),
        "log_destination": flow_log.get("LogDestination") if kind == "s3" else None,
        "max_aggregation_interval": int(flow_log.get("MaxAggregationInterval", 600)),
        "log_format": flow_log.get("LogFormat"),
        "tags": tag_dict(flow_log.get("Tags")),
    }


def wanted(params: Mapping[str, t.Any], tags: Mapping[str, str]) -> Resource:
    """Return the flow log that the options ask for."""
    return {
        "flow_log_id": UNKNOWN,
        "resource_id": params["resource_id"],
        "flow_log_status": "ACTIVE",
        "deliver_logs_status": None,
        "traffic_type": params["traffic_type"],
        "log_destination_type": "s3" if params["s3_destination_arn"] else "cloud-watch-logs",
        "log_group_name": params["log_group_name"],
        "deliver_logs_permission_arn": params["deliver_logs_permission_arn"],
        "log_destination": params["s3_destination_arn"],
        "max_aggregation_interval": params["max_aggregation_interval"],
        "log_format": params["log_format"],
        "tags": dict(tags),
    }


def same_destination(flow_log: Mapping[str, t.Any], params: Mapping[str, t.Any]) -> bool:
    """Tell whether a flow log writes to where the options say."""
    if params["s3_destination_arn"]:
        return bool(flow_log["log_destination"] == params["s3_destination_arn"])
    return flow_log["log_destination_type"] != "s3" and bool(flow_log["log_group_name"] == params["log_group_name"])


def differs(before: Mapping[str, t.Any], after: Mapping[str, t.Any]) -> bool:
    """Tell whether a flow log has to be replaced."""
    return any(after[key] is not None and before[key] != after[key] for key in COMPARED)


@aws_call("list flow logs")
def list_flow_logs(client: t.Any, filters: list[Resource]) -> list[Resource]:
    """Return flow logs the way the module returns them."""
    return [normalize(log) for log in pages(client, "describe_flow_logs", Filters=filters).get("FlowLogs", [])]


@aws_call("create a flow log of {resource_id}")
def _create(client: t.Any, resource_id: str, arguments: Resource) -> str:
    answer = client.create_flow_logs(ResourceIds=[resource_id], **arguments)
    if refused := answer.get("Unsuccessful"):
        raise failure(f"Failed to create a flow log of {resource_id}: {refused[0]['Error']['Message']}")
    return t.cast("str", answer["FlowLogIds"][0])


@aws_lookup("delete flow log {flow_log_id}", "InvalidFlowLogId.NotFound")
def _delete(client: t.Any, flow_log_id: str) -> None:
    client.delete_flow_logs(FlowLogIds=[flow_log_id])


@aws_call("tag flow log {flow_log_id}")
def _add_tags(client: t.Any, flow_log_id: str, tags: list[dict[str, str]]) -> None:
    client.create_tags(Resources=[flow_log_id], Tags=tags)


@aws_call("remove tags from flow log {flow_log_id}")
def _remove_tags(client: t.Any, flow_log_id: str, keys: list[str]) -> None:
    client.delete_tags(Resources=[flow_log_id], Tags=[{"Key": key} for key in keys])


def _find(client: t.Any, params: Mapping[str, t.Any]) -> Resource:
    found = list_flow_logs(client, [{"Name": "resource-id", "Values": [params["resource_id"]]}])
    return next((flow_log for flow_log in found if same_destination(flow_log, params)), {})


def _arguments(after: Mapping[str, t.Any]) -> Resource:
    given = {
        "TrafficType": after["traffic_type"],
        "LogDestinationType": after["log_destination_type"],
        "LogGroupName": after["log_group_name"],
        "DeliverLogsPermissionArn": after["deliver_logs_permission_arn"],
        "LogDestination": after["log_destination"],
        "MaxAggregationInterval": after["max_aggregation_interval"],
        "LogFormat": after["log_format"],
        "ResourceType": RESOURCE_TYPES.get(after["resource_id"].partition("-")[0], "VPC"),
    }
    arguments = {key: value for key, value in given.items() if value is not None}
    if after["tags"]:
        tags = {"ResourceType": "vpc-flow-log", "Tags": tag_list(after["tags"])}
        arguments["TagSpecifications"] = [tags]
    return arguments


def ensure(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Create, replace or delete the flow log, as the options say."""
    before = _find(client, params)
    if params["state"] == "absent":
        if before and not check_mode:
            _delete(client, before["flow_log_id"])
        return ChangeResult(bool(before), before, {})
    tags = compare_tags(before.get("tags", {}), params["tags"], params["purge_tags"])
    after = wanted(params, tags.after)
    if before and not differs(before, after):
        if tags.changed and not check_mode:
            _remove_tags(client, before["flow_log_id"], tags.to_unset) if tags.to_unset else None
            _add_tags(client, before["flow_log_id"], tags.to_set_list) if tags.to_set else None
        return ChangeResult(tags.changed, before, {**before, "tags": tags.after})
    if not check_mode:
        if before:
            _delete(client, before["flow_log_id"])
        _create(client, params["resource_id"], _arguments(after))
        after = _find(client, params) or after
    return ChangeResult(True, before, after)
