# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions with a real machine, which is online only as long as its role and its path let it be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lab.base.paths import LabPaths
from tests.integration.fleet import BOOT, CORE, Fleet
from tests.integration.small_world import until
from tests.session_client import Talk

pytestmark = pytest.mark.lab
LOST = 60
BACK = 30


@dataclass(frozen=True)
class Managed:
    """The one machine of a fleet, and the API that manages it."""

    fleet: Fleet

    @property
    def instance(self) -> str:
        return self.fleet.instances[0]

    @property
    def ec2(self) -> Any:
        return self.fleet.world.ec2

    def ping(self) -> str:
        return self.fleet.ping(self.instance)

    def connected(self) -> bool:
        return self.fleet.connected(self.instance)

    def online(self) -> bool:
        return self.fleet.online(self.instance)

    def open(self, document: str = "", **parameters: str) -> Talk:
        request: dict[str, Any] = {"Target": self.instance}
        if document:
            request["DocumentName"] = document
            request["Parameters"] = {name: [value] for name, value in parameters.items()}
        return Talk(self.fleet.ssm.start_session(**request))

    def table(self) -> str:
        filters = [{"Name": "association.subnet-id", "Values": [self.fleet.world.private[0]]}]
        return str(self.ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"])


@pytest.fixture(scope="module")
def managed(session: boto3.session.Session, place: LabPaths) -> Iterator[Managed]:
    fleet = Fleet(session, place, "sessions", 47)
    yield Managed(fleet)
    fleet.close()


def test_a_shell_belongs_to_the_user_that_the_agent_makes(managed: Managed) -> None:
    talk = managed.open()
    talk.read_until(b"$ ")
    talk.channel.send(b"stty -echo; PS1=; whoami; pwd; sudo -n id -u; hostname\n")
    assert b"ssm-user\r\n/usr/bin\r\n0\r\nip-10-47-10-" in talk.read_until(b"ip-10-47-10-")
    talk.channel.send(b"exit\n")
    talk.until_closed()


def test_a_command_runs_as_root(managed: Managed) -> None:
    sent = managed.fleet.ssm.send_command(
        InstanceIds=[managed.instance], DocumentName="AWS-RunShellScript", Parameters={"commands": ["id -un; uname -s"]}
    )
    asked = {"CommandId": sent["Command"]["CommandId"], "InstanceId": managed.instance}
    managed.fleet.ssm.get_waiter("command_executed").wait(**asked, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    assert managed.fleet.ssm.get_command_invocation(**asked)["StandardOutputContent"] == "root\nLinux\n"


def cut(managed: Managed) -> str:
    """Take the route to the NAT gateway away, see the machine go offline, and return the gateway's id."""
    table = managed.table()
    (route,) = (
        each
        for each in managed.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        if each["DestinationCidrBlock"] == "0.0.0.0/0"
    )
    managed.ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    until(lambda: not managed.connected() and managed.ping() == "ConnectionLost", LOST)
    return str(route["NatGatewayId"])


def mend(managed: Managed, gateway: str) -> None:
    managed.ec2.create_route(RouteTableId=managed.table(), DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
    until(managed.online, BACK)


def test_without_a_way_out_a_machine_is_lost_and_with_one_it_is_back(managed: Managed) -> None:
    gateway = cut(managed)
    with pytest.raises(ClientError, match="TargetNotConnected"):
        managed.open()
    mend(managed, gateway)


@pytest.mark.acceptance
def test_interface_endpoints_are_a_way_out_too(managed: Managed) -> None:
    gateway = cut(managed)
    ec2, group = managed.ec2, managed.fleet.world.group("endpoints")
    managed.fleet.world.admit(group, 443, world=True)
    endpoints = [
        ec2.create_vpc_endpoint(
            VpcId=managed.fleet.world.vpc,
            ServiceName=f"com.amazonaws.ap-northeast-1.{service}",
            VpcEndpointType="Interface",
            SubnetIds=managed.fleet.world.private,
            SecurityGroupIds=[group],
        )["VpcEndpoint"]["VpcEndpointId"]
        for service in ("ssm", "ssmmessages")
    ]
    until(managed.online, BACK)
    ec2.delete_vpc_endpoints(VpcEndpointIds=endpoints)
    until(lambda: not managed.connected() and managed.ping() == "ConnectionLost", LOST)
    mend(managed, gateway)


def test_a_rebooted_machine_ends_its_sessions_and_is_back(managed: Managed) -> None:
    talk = managed.open()
    talk.read_until(b"$ ")
    managed.ec2.reboot_instances(InstanceIds=[managed.instance])
    talk.run(lambda: False, 45)
    # The agent ends its sessions first and hangs up a moment later: only then is "online" the next boot's.
    until(lambda: not managed.connected(), BOOT)
    until(managed.online, BOOT)
    done = managed.open("AWS-StartNonInteractiveCommand", command="id -un", separateOutputStream="true")
    done.until_closed()
    assert (done.output, done.code) == (b"ssm-user\n", 0)


def test_a_role_that_may_not_is_not_heard(managed: Managed) -> None:
    managed.fleet.iam.detach_role_policy(RoleName="sessions", PolicyArn=CORE)
    until(lambda: managed.ping() == "ConnectionLost", LOST)
    managed.fleet.iam.attach_role_policy(RoleName="sessions", PolicyArn=CORE)
    until(managed.online, BACK)


def test_a_stopped_machine_is_not_connected(managed: Managed) -> None:
    managed.ec2.stop_instances(InstanceIds=[managed.instance])
    managed.ec2.get_waiter("instance_stopped").wait(
        InstanceIds=[managed.instance], WaiterConfig={"Delay": 1, "MaxAttempts": LOST}
    )
    assert not managed.connected()
    managed.ec2.start_instances(InstanceIds=[managed.instance])
    until(managed.online, BOOT)
