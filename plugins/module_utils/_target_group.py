# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Target groups of load balancers, and the targets in them."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ._aws import (
    UNKNOWN,
    ChangeResult,
    acceptor,
    aws_call,
    aws_lookup,
    compare_tags,
    failure,
    tag_dict,
    tag_list,
    waited,
)
from ._load_balancer_attributes import attribute_text
from ._resource import Resource

FIXED = {
    "vpc_id": "VpcId",
    "protocol": "Protocol",
    "protocol_version": "ProtocolVersion",
    "port": "Port",
    "target_type": "TargetType",
}
HEALTH_CHECK = {
    "health_check_protocol": "HealthCheckProtocol",
    "health_check_port": "HealthCheckPort",
    "health_check_path": "HealthCheckPath",
    "health_check_interval_seconds": "HealthCheckIntervalSeconds",
    "health_check_timeout_seconds": "HealthCheckTimeoutSeconds",
    "healthy_threshold_count": "HealthyThresholdCount",
    "unhealthy_threshold_count": "UnhealthyThresholdCount",
}
NEW = {
    "protocol": "HTTP",
    "protocol_version": "HTTP1",
    "port": 80,
    "target_type": "instance",
    "health_check_protocol": "HTTP",
    "health_check_port": "traffic-port",
    "health_check_path": "/",
    "health_check_interval_seconds": 30,
    "health_check_timeout_seconds": 5,
    "healthy_threshold_count": 5,
    "unhealthy_threshold_count": 2,
    "matcher": "200",
}
"""What a new target group gets if the options leave it open: AWS's own defaults, so that a plan can tell them."""
GOING = "draining"
SHIFTED = ("zonal_shift_active", "zonal_shift_delegated_to_dns")
"""What stands above the health of a target in a zone that visitors are kept away from."""

# ---- pure


def normalize(
    group: Mapping[str, t.Any], attributes: Mapping[str, str], targets: list[Resource], tags: dict[str, str]
) -> Resource:
    """Return a described target group the way the module returns it."""
    return {
        "target_group_arn": group["TargetGroupArn"],
        "target_group_name": group["TargetGroupName"],
        **{key: group.get(name) for key, name in {**FIXED, **HEALTH_CHECK}.items()},
        "protocol_version": group.get("ProtocolVersion", "HTTP1"),
        "matcher": matcher(group.get("Matcher", {})),
        "load_balancer_arns": sorted(group.get("LoadBalancerArns", [])),
        "attributes": dict(attributes),
        "targets": targets,
        "tags": tags,
    }


def matcher(value: Mapping[str, str]) -> str:
    """Return the statuses of a successful check."""
    return value.get("HttpCode") or value.get("GrpcCode") or "200"


def normalize_target(described: Mapping[str, t.Any]) -> Resource:
    """Return one target with its health."""
    health = described["TargetHealth"]
    return {
        "id": described["Target"]["Id"],
        "port": described["Target"].get("Port"),
        "state": health["State"],
        "reason": health.get("Reason"),
        "description": health.get("Description"),
        "override": described.get("AdministrativeOverride", {}).get("State"),
    }


def wanted_settings(params: Mapping[str, t.Any], present: Mapping[str, t.Any]) -> Resource:
    """Return the settings that the options ask for; what they leave open stays as it is."""
    named_attributes = {key: attribute_text(value) for key, value in params["attributes"].items()}
    return {
        **{key: _either(params[key], present.get(key, NEW[key])) for key in (*HEALTH_CHECK, "matcher")},
        "attributes": {**present.get("attributes", {}), **named_attributes},
    }


def _either(wanted: t.Any, otherwise: t.Any) -> t.Any:
    return otherwise if wanted is None else wanted


def fixed_settings(params: Mapping[str, t.Any]) -> Resource:
    """Return what a new target group is for ever."""
    return {key: _either(params[key], NEW.get(key)) for key in FIXED}


def refuse_fixed(params: Mapping[str, t.Any], present: Mapping[str, t.Any]) -> None:
    """Fail if an option asks for what can only be said at creation."""
    for key in FIXED:
        if params[key] is not None and params[key] != present[key]:
            raise failure(
                f"The target group {params['name']} has {key}={present[key]}, which cannot be changed to "
                f"{params[key]}. Set {key} to what it is, or make a target group with another name."
            )


class Registration(t.NamedTuple):
    """Which targets come and go, and which there are afterwards."""

    add: list[Resource]
    remove: list[Resource]
    after: list[Resource]


def plan_targets(params: Mapping[str, t.Any], present: list[Resource], default_port: int) -> Registration:
    """Compare targets. One that is draining counts as taken out."""
    staying = [target for target in present if target["state"] != GOING]
    if params["targets"] is None:
        return Registration([], [], present)
    wanted = {(target["id"], target["port"] or default_port) for target in params["targets"]}
    there = {(target["id"], target["port"]) for target in staying}
    unwanted = there - wanted if params["purge_targets"] else set()
    fresh = {"state": "initial", "reason": "Elb.RegistrationInProgress", "description": None, "override": None}
    kept = [target for target in staying if (target["id"], target["port"]) not in unwanted]
    added = [{"id": name, "port": port, **fresh} for name, port in wanted - there]
    return Registration(
        [{"Id": name, "Port": port} for name, port in sorted(wanted - there)],
        [{"Id": name, "Port": port} for name, port in sorted(unwanted)],
        sort_targets([*kept, *added]),
    )


def refuse_to_empty(name: str, leaving: list[Resource], present: list[Resource], keep: int) -> None:
    """Fail if healthy targets would be taken out and fewer than `keep` healthy ones be left.

    One in a zone that is shifted away from gets no visitors, so it does not count.
    """
    gone = {(target["Id"], target["Port"]) for target in leaving}
    healthy = [target for target in present if target["state"] == "healthy" and target.get("override") not in SHIFTED]
    going = [target["id"] for target in healthy if (target["id"], target["port"]) in gone]
    if going and len(healthy) - len(going) < keep:
        others = [
            f"{target['id']} is {_condition(target)}"
            for target in present
            if (target["id"], target["port"]) not in gone
        ]
        raise failure(
            f"Without {', '.join(going)} the target group {name} would have {len(healthy) - len(going)} healthy "
            f"targets, fewer than {keep}, so nothing was taken out ({'; '.join(others) or 'there is no other target'})."
        )


def _condition(target: Mapping[str, t.Any]) -> str:
    return "in a zone that is shifted away from" if target.get("override") in SHIFTED else str(target["state"])


def sort_targets(targets: Iterable[Resource]) -> list[Resource]:
    """Return targets in a stable order."""
    return sorted(targets, key=lambda one: (str(one["id"]), one["port"] or 0))


# ---- reading


@aws_lookup("describe target group {name}", "TargetGroupNotFound", "TargetGroupNotFoundException")
def _describe(client: t.Any, name: str) -> Resource:
    return t.cast("Resource", client.describe_target_groups(Names=[name])["TargetGroups"][0])


@aws_call("read the attributes of target group {arn}")
def _attributes(client: t.Any, arn: str) -> dict[str, str]:
    return tag_dict(client.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"])


@aws_call("read the health of the targets of {arn}")
def read_targets(client: t.Any, arn: str) -> list[Resource]:
    """Return the targets with their health."""
    found = client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return sort_targets(normalize_target(description) for description in found)


@aws_call("read the tags of {arn}")
def _tags(client: t.Any, arn: str) -> dict[str, str]:
    found = client.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return tag_dict(found[0]["Tags"]) if found else {}


def read(client: t.Any, name: str) -> Resource:
    """Return the target group, empty if there is none."""
    group = _describe(client, name)
    if group is None:
        return {}
    arn = group["TargetGroupArn"]
    return normalize(group, _attributes(client, arn), read_targets(client, arn), _tags(client, arn))


# ---- writing


def _health_check(settings: Mapping[str, t.Any], version: str) -> Resource:
    code = "GrpcCode" if version == "GRPC" else "HttpCode"
    return {
        **{name: settings[key] for key, name in HEALTH_CHECK.items()},
        "Matcher": {code: settings["matcher"]},
    }


@aws_call("create target group {name}")
def _create(client: t.Any, name: str, arguments: Resource) -> str:
    return t.cast("str", client.create_target_group(Name=name, **arguments)["TargetGroups"][0]["TargetGroupArn"])


@aws_call("modify target group {arn}")
def _modify(client: t.Any, arn: str, arguments: Resource) -> None:
    client.modify_target_group(TargetGroupArn=arn, **arguments)


@aws_call("set the attributes of target group {arn}")
def _write_attributes(client: t.Any, arn: str, attributes: list[dict[str, str]]) -> None:
    client.modify_target_group_attributes(TargetGroupArn=arn, Attributes=attributes)


@aws_call("register targets in {arn}")
def _register(client: t.Any, arn: str, targets: list[Resource]) -> None:
    client.register_targets(TargetGroupArn=arn, Targets=targets)


@aws_call("take targets out of {arn}")
def _deregister(client: t.Any, arn: str, targets: list[Resource]) -> None:
    client.deregister_targets(TargetGroupArn=arn, Targets=targets)


@aws_call("tag {arn}")
def _add_tags(client: t.Any, arn: str, tags: list[dict[str, str]]) -> None:
    client.add_tags(ResourceArns=[arn], Tags=tags)


@aws_call("remove tags from {arn}")
def _remove_tags(client: t.Any, arn: str, keys: list[str]) -> None:
    client.remove_tags(ResourceArns=[arn], TagKeys=keys)


@aws_lookup("delete target group {arn}", "TargetGroupNotFound", "TargetGroupNotFoundException")
def _delete(client: t.Any, arn: str) -> None:
    client.delete_target_group(TargetGroupArn=arn)


# ---- the whole


def ensure_present(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Create or change the target group, as the options say."""
    name = params["name"]
    before = read(client, name)
    if before:
        refuse_fixed(params, before)
    elif not params["vpc_id"]:
        raise failure(f"There is no target group {name}. Set vpc_id to create it.")
    settings = wanted_settings(params, before)
    tags = compare_tags(before.get("tags", {}), params["tags"], params["purge_tags"])
    targets = plan_targets(params, before.get("targets", []), before.get("port") or fixed_settings(params)["port"])
    refuse_to_empty(name, targets.remove, before.get("targets", []), params["keep_healthy"])
    different = not before or any(before[key] != value for key, value in settings.items())
    changed = different or tags.changed or bool(targets.add or targets.remove)
    if check_mode:
        after = {**(before or _planned(params)), **settings, "targets": targets.after, "tags": tags.after}
        return ChangeResult(changed, before, after)
    arn = before["target_group_arn"] if before else _created(client, params, settings)
    if before and different:
        _modify(client, arn, _health_check(settings, before["protocol_version"]))
    _change_attributes(client, arn, settings["attributes"])
    if tags.to_unset:
        _remove_tags(client, arn, tags.to_unset)
    if before and tags.to_set:
        _add_tags(client, arn, tags.to_set_list)
    if targets.remove:
        _deregister(client, arn, targets.remove)
    if targets.add:
        _register(client, arn, targets.add)
    if params["wait"]:
        _wait(client, arn, params, before.get("port") or fixed_settings(params)["port"])
    return ChangeResult(changed, before, read(client, name))


def _planned(params: Mapping[str, t.Any]) -> Resource:
    unknown = {"target_group_arn": UNKNOWN, "target_group_name": params["name"], "load_balancer_arns": []}
    return {**unknown, **fixed_settings(params)}


def _created(client: t.Any, params: Mapping[str, t.Any], settings: Resource) -> str:
    fixed = fixed_settings(params)
    arguments = {
        **{FIXED[key]: value for key, value in fixed.items()},
        **_health_check(settings, fixed["protocol_version"]),
    }
    if params["tags"]:
        arguments["Tags"] = tag_list(params["tags"])
    return _create(client, params["name"], arguments)


def _change_attributes(client: t.Any, arn: str, wanted: Mapping[str, str]) -> None:
    present = _attributes(client, arn)
    different = [{"Key": key, "Value": value} for key, value in wanted.items() if present.get(key) != value]
    if different:
        _write_attributes(client, arn, different)


def _wait(client: t.Any, arn: str, params: Mapping[str, t.Any], default_port: int) -> None:
    timeout = params["wait_timeout"]
    wanted = [{"Id": target["id"], "Port": target["port"] or default_port} for target in params["targets"] or []]
    healthy = {**acceptor("TargetHealthDescriptions[].TargetHealth.State", "healthy"), "matcher": "pathAll"}
    if wanted and not waited(client, "DescribeTargetHealth", [healthy], timeout, 5, TargetGroupArn=arn, Targets=wanted):
        raise failure(unhealthy(read_targets(client, arn), timeout))
    empty = acceptor(f"length(TargetHealthDescriptions[?TargetHealth.State == '{GOING}']) == `0`")
    if not waited(client, "DescribeTargetHealth", [empty], timeout, 5, TargetGroupArn=arn):
        raise failure(
            f"Targets of {params['name']} still had connections after {timeout} seconds. "
            "Wait longer than the attribute deregistration_delay.timeout_seconds says."
        )


def unhealthy(targets: Iterable[Resource], timeout: int) -> str:
    """Say which targets are not healthy, and why."""
    bad = [
        f"{target['id']}:{target['port']} is {target['state']} ({target['reason']}: {target['description']})"
        for target in targets
        if target["state"] != "healthy"
    ]
    return f"Not all targets were healthy within {timeout} seconds: {'; '.join(bad)}."


def ensure_absent(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Delete the target group."""
    before = read(client, params["name"])
    if before and not check_mode:
        _delete(client, before["target_group_arn"])
    return ChangeResult(bool(before), before, {})
