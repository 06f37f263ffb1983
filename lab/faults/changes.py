# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that more than one fault makes: each notes first what takes it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from lab.base.errors import LabError
from lab.faults import outside, steps
from lab.faults.site import Site

Direction = Literal["ingress", "egress"]


def close(site: Site, part: str, direction: Direction, port: int) -> None:
    """Take away the rules of a group that open a port."""
    group = site.group(part)
    rules = group["IpPermissions" if direction == "ingress" else "IpPermissionsEgress"]
    closed = {
        "GroupId": group["GroupId"],
        "IpPermissions": [rule for rule in rules if rule.get("FromPort") == port],
    }
    site.to_mend(steps.call, "ec2", f"authorize_security_group_{direction}", **closed)
    getattr(site.ec2, f"revoke_security_group_{direction}")(**closed)


def admit_world(site: Site, part: str, port: int, description: str) -> None:
    """Open a port of a group to the world."""
    world = [{"CidrIp": "0.0.0.0/0", "Description": description}]
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": world}
    opened = {"GroupId": site.group(part)["GroupId"], "IpPermissions": [rule]}
    site.to_mend(steps.call, "ec2", "revoke_security_group_ingress", **opened)
    site.ec2.authorize_security_group_ingress(**opened)


def stop_service(site: Site, machine: str, unit: str) -> None:
    """Stop a service, now and at every boot."""
    site.to_mend(steps.run, machine, "systemctl", "enable", "--now", unit)
    site.run(machine, "systemctl", "disable", "--now", unit)


def edit(site: Site, machine: str, path: str, change: Callable[[str], str], *then: str) -> None:
    """Change a file on a machine, and run a command that makes it count."""
    before = site.run(machine, "cat", path)
    after = change(before)
    if after == before:
        raise LabError(
            f"{path} on {machine} is not as the site's roles write it; mend other faults (`lab faults`) first."
        )
    site.to_mend(steps.unchanged, machine, path, before, after, *then)
    steps.write(site, machine, path, after, *then)


def set_target_group(site: Site, **settings: Any) -> None:
    """Change settings of the target group."""
    group = site.target_group
    site.to_mend(steps.target_group, group["TargetGroupArn"], **{key: group[key] for key in settings})
    steps.target_group(site, group["TargetGroupArn"], **settings)


def replace_health_check(site: Site, **settings: Any) -> None:
    """Make the PRIMARY record's health check anew, with other settings."""
    former = {key: site.health_check["HealthCheckConfig"][key] for key in settings}
    site.to_mend(outside.replaced_health_check, **former)
    outside.replaced_health_check(site, **settings)


def set_error_responses(site: Site, member: str, value: Any) -> None:
    """Set one member of all of the distribution's custom error responses."""
    former = {
        str(response["ErrorCode"]): response[member] for response in site.distribution["CustomErrorResponses"]["Items"]
    }
    site.to_mend(outside.error_responses, member, former)
    outside.error_responses(site, member, dict.fromkeys(former, value))
