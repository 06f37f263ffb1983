# SPDX-License-Identifier: GPL-3.0-or-later
"""SSM's managed instances: known by their agents' signed heartbeats, and by nothing else."""

from __future__ import annotations

import datetime
import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ssm.exceptions import SSMException
from moto.ssm.responses import SimpleSystemManagerResponse

from lab.api.callers import signature
from lab.api.moto.extension import adds
from lab.api.moto.paging import TokenError, page
from lab.base.backends import ACCOUNT
from lab.context import Context
from lab.session_registry import Agent
from lab.waiting.critical_path import ways_out
from lab.world.machines.managed_instances import STYLES, UnknownKeyError, UnknownValueError, filters, select

_TOLD = ("AgentVersion", "PlatformType", "PlatformName", "PlatformVersion", "ComputerName", "IPAddress")
_SETTINGS = {
    "/ssm/managed-instance/default-ec2-instance-management-role": "$None",
    "/ssm/managed-instance/activation-tier": "standard",
    "/ssm/documents/console/public-sharing-permission": "Enable",
    "/ssm/parameter-store/default-parameter-tier": "Standard",
    "/ssm/parameter-store/high-throughput-enabled": "false",
    "/ssm/automation/customer-script-log-destination": "",
    "/ssm/automation/customer-script-log-group-name": "",
    "/ssm/opsinsights/opscenter": "Disabled",
}
"""https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetServiceSetting.html"""


def extend(context: Context) -> None:
    """Add the operations of managed instances."""
    _hear(context)
    _tell(context)
    _settle()
    _compliance()


def _hear(context: Context) -> None:
    # Agents alone know this operation: no SDK has a model of it, so its answers are made by hand.
    @adds(SimpleSystemManagerResponse, "update_instance_information")
    def update_instance_information(self: Any) -> tuple[int, dict[str, str], str]:
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        request = signature.SignedRequest(self.method, self.uri, dict(self.headers), self.raw_body or b"")
        try:
            information = _heartbeat(context, self.region, request)
        except signature.SignatureError as error:
            refusal = json.dumps({"__type": error.code, "message": str(error)})
            # moto takes the status from here, not from the tuple.
            return 400, {**headers, "status": "400"}, refusal
        _register(context, self.region, information)
        return 200, headers, "{}"


def _heartbeat(context: Context, region: str, request: signature.SignedRequest) -> dict[str, Any]:
    """Return what a heartbeat says, once it is proven to be the machine's own."""
    try:
        information = json.loads(request.body)
        instance = str(information["InstanceId"])
    except (ValueError, TypeError, KeyError) as error:
        raise signature.SignatureError("InvalidInstanceId", "The heartbeat names no instance.") from error
    caller = signature.caller(request, context.backends)
    if caller.session != instance or caller.service != "ssm":
        raise signature.SignatureError("AccessDeniedException", f"The credentials are not those of {instance}.")
    arn = f"arn:aws:ec2:{region}:{ACCOUNT}:instance/{instance}"
    signature.authorize(caller, context.backends, "ssm:UpdateInstanceInformation", arn)
    return {name: str(information.get(name) or "") for name in ("InstanceId", *_TOLD)}


def _tell(context: Context) -> None:
    @adds(SimpleSystemManagerResponse, "describe_instance_information")
    def describe_instance_information(self: Any) -> ActionResult:
        try:
            wanted = filters({name: self._get_param(name) for name in STYLES})
        except UnknownKeyError as error:
            raise SSMException("InvalidFilterKey", str(error)) from error
        except UnknownValueError as error:
            raise SSMException("InvalidInstanceInformationFilterValue", str(error)) from error
        machines = present(context, self.region)
        listed = [describe(agent) for agent in machines]
        chosen = select(listed, wanted, {agent.instance: tags_of(context, agent) for agent in machines})
        size = self._get_int_param("MaxResults") or 50
        if not 5 <= size <= 50:
            raise SSMException(
                "ValidationException",
                f"1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: "
                "Member must be between 5 and 50",
            )
        return ActionResult(paged("InstanceInformationList", chosen, self._get_param("NextToken"), size))

    @adds(SimpleSystemManagerResponse, "get_connection_status")
    def get_connection_status(self: Any) -> ActionResult:
        target = self._get_param("Target")
        status = "connected" if connected(context, self.region, target) else "notconnected"
        return ActionResult({"Target": target, "Status": status})


def _settle() -> None:
    @adds(SimpleSystemManagerResponse, "get_service_setting")
    def get_service_setting(self: Any) -> ActionResult:
        identifier = (self._get_param("SettingId") or "").rpartition(":servicesetting")[2]
        if identifier not in _SETTINGS:
            raise SSMException("ServiceSettingNotFound", f"The specified service setting {identifier} was not found.")
        setting = {
            "SettingId": identifier,
            "SettingValue": _SETTINGS[identifier],
            "LastModifiedUser": "System",
            "ARN": f"arn:aws:ssm:{self.region}:{ACCOUNT}:servicesetting{identifier}",
            "Status": "Default",
        }
        return ActionResult({"ServiceSetting": setting})


def _register(context: Context, region: str, information: dict[str, Any]) -> None:
    """Take a heartbeat; the first one of an agent that was not there makes it known only after AWS's wait."""
    instance = information["InstanceId"]
    known = context.sessions.agents.get(instance)
    agent = agent_of(instance)
    if context.waits.pending(agent):
        return

    def hear() -> None:
        context.sessions.hear(instance, region, information, context.clock.time())

    if known and known.online:
        hear()
    else:
        needs = [instance, *ways_out(context.backends.at("ec2", region), instance)]
        context.waits.begin("agent online", agent, label=information["ComputerName"], needs=needs, then=hear)


def agent_of(instance: str) -> str:
    """Return by what name an instance's agent waits: the instance itself waits for other things."""
    return f"agent of {instance}"


def connected(context: Context, region: str, instance: str) -> bool:
    """Tell whether sessions with an instance can begin."""
    present = instance in context.sessions.connected and find_instance(context, region, instance) is not None
    return present and not context.waits.pending(agent_of(instance))


def find_instance(context: Context, region: str, instance: str) -> Any:
    """Return EC2's instance, or None when there is none or it is terminated."""
    found = context.backends.at("ec2", region).get_instance_by_id(instance)
    return None if found is None or found._state.name == "terminated" else found


def present(context: Context, region: str) -> list[Agent]:
    """Return the agents of a region whose machines still are."""
    return sorted(
        (
            agent
            for agent in list(context.sessions.agents.values())
            if agent.region == region and find_instance(context, region, agent.instance) is not None
        ),
        key=lambda agent: agent.instance,
    )


def describe(agent: Agent) -> dict[str, Any]:
    """Return an agent as DescribeInstanceInformation has it."""
    return {
        "InstanceId": agent.instance,
        "PingStatus": agent.ping_status,
        "LastPingDateTime": moment(agent.heard),
        "IsLatestVersion": True,
        "ResourceType": "EC2Instance",
        "SourceId": agent.instance,
        "SourceType": "AWS::EC2::Instance",
        **{name: agent.information.get(name) or "" for name in _TOLD},
    }


def paged(name: str, items: list[Any], token: str | None, size: int) -> dict[str, Any]:
    """Return a page as an answer has it."""
    try:
        chosen, following = page(items, token, size)
    except TokenError as error:
        raise SSMException("InvalidNextToken", str(error)) from error
    return {name: chosen, **({"NextToken": following} if following else {})}


def moment(seconds: float) -> datetime.datetime:
    """Return a lab wall clock time as answers have it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def tags_of(context: Context, agent: Agent) -> dict[str, str]:
    """Return the tags of an agent's instance."""
    found = find_instance(context, agent.region, agent.instance)
    return {tag["key"]: tag["value"] for tag in found.get_tags()}


def _compliance() -> None:
    """Answer what there is while nothing reports compliance: no association and no patch baseline runs here.

    Who would put items is refused. https://docs.aws.amazon.com/systems-manager/latest/userguide/compliance-about.html
    """
    for operation, key in (
        ("list_compliance_items", "ComplianceItems"),
        ("list_compliance_summaries", "ComplianceSummaryItems"),
        ("list_resource_compliance_summaries", "ResourceComplianceSummaryItems"),
    ):

        @adds(SimpleSystemManagerResponse, operation)
        def answer(self: Any, key: str = key) -> ActionResult:  # noqa: ARG001
            return ActionResult({key: []})
