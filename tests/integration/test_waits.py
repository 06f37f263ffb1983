# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab that makes its users wait as AWS does: nothing can be used before it is said to be ready, or while it goes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lab.base import addresses
from lab.base.paths import LabPaths
from tests.integration.labs import place_of, run_lab, session_of, up
from tests.integration.small_world import SmallWorld, until

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")]

SPEED = 20.0
"""A NAT gateway's 85 to 126 s are 4 to 6 real ones, a record's 30 to 61 s are 1.5 to 3."""


@dataclass
class Slow:
    """The lab that waits, and a network in it."""

    place: LabPaths
    session: boto3.session.Session
    world: SmallWorld

    def waits(self) -> dict[str, Any]:
        done = run_lab(self.place.name, "timeline", "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def wait_of(self, step: str) -> dict[str, Any]:
        """Return the newest wait of a kind."""
        found: dict[str, Any] = [wait for wait in self.waits()["waits"] if wait["step"] == step][-1]
        return found

    def reaches(self, role: str, address: str, port: int) -> bool:
        return self.world.run(role, "timeout", "1", "bash", "-c", f"</dev/tcp/{address}/{port}").returncode == 0


@pytest.fixture(scope="module")
def slow() -> Iterator[Slow]:
    place = place_of("wait")
    endpoint = up(place.name, "--waits", "aws", "--speed", str(SPEED), "--seed", "3", "--latency", "rtt=10,api=10")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", endpoint.url)
        session = session_of(place)
        yield Slow(place, session, SmallWorld(session, place, 71))
    assert run_lab(place.name, "down").returncode == 0


def test_a_nat_gateway_carries_packets_only_once_it_is_available(slow: Slow) -> None:
    world = slow.world
    machine, _ = world.interface(world.private[0], world.group("inside"))
    address = world.ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = world.ec2.create_nat_gateway(SubnetId=world.public[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    world._routes([world.private[0]], NatGatewayId=nat)

    def state() -> str:
        (found,) = world.ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"]
        return str(found["State"])

    reached = slow.reaches(machine, addresses.API, 443)
    assert (state(), reached) == ("pending", False)
    until(lambda: state() == "available")
    until(lambda: slow.reaches(machine, addresses.API, 443))
    assert 85 <= slow.wait_of("NAT gateway")["seconds"] <= 126

    world.ec2.delete_nat_gateway(NatGatewayId=nat)
    assert state() == "deleting"
    with pytest.raises(ClientError, match="InUse"):
        world.ec2.release_address(AllocationId=address)
    until(lambda: state() == "deleted")
    world.ec2.release_address(AllocationId=address)


def test_a_load_balancer_answers_only_once_it_is_active_and_its_group_is_busy_after_its_end(slow: Slow) -> None:
    world = slow.world
    group = world.group("balancer")
    world.admit(group, 80, world=True)
    (made,) = world.elb.create_load_balancer(Name="slow", Subnets=world.public, SecurityGroups=[group])["LoadBalancers"]
    arn = made["LoadBalancerArn"]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    world.elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[answer])
    (node, *_) = world.ec2.describe_network_interfaces(
        Filters=[{"Name": "description", "Values": [f"ELB {arn.partition('loadbalancer/')[2]}"]}]
    )["NetworkInterfaces"]

    def state() -> str:
        (found,) = world.elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
        return str(found["State"]["Code"])

    address = node["Association"]["PublicIp"]
    reached = slow.reaches("client", address, 80)
    assert (state(), reached) == ("provisioning", False)
    until(lambda: state() == "active")
    assert world.fetch(address)[0] == 200

    world.elb.delete_load_balancer(LoadBalancerArn=arn)
    with pytest.raises(ClientError, match="DependencyViolation"):
        world.ec2.delete_security_group(GroupId=group)

    def gone() -> bool:
        try:
            world.ec2.delete_security_group(GroupId=group)
        except ClientError:
            return False
        return True

    until(gone)


def test_a_mount_target_needs_an_available_file_system(slow: Slow) -> None:
    world = slow.world
    system = world.efs.create_file_system(CreationToken="slow")["FileSystemId"]
    with pytest.raises(ClientError, match="IncorrectFileSystemLifeCycleState"):
        world.efs.create_mount_target(FileSystemId=system, SubnetId=world.private[1])

    def state() -> str:
        (found,) = world.efs.describe_file_systems(FileSystemId=system)["FileSystems"]
        return str(found["LifeCycleState"])

    until(lambda: state() == "available")
    group = world.group("share")
    world.admit(group, 2049, source=group)
    client, _ = world.interface(world.private[1], group)
    made = world.efs.create_mount_target(FileSystemId=system, SubnetId=world.private[1], SecurityGroups=[group])
    target, address = made["MountTargetId"], made["IpAddress"]

    def target_state() -> str:
        (found,) = world.efs.describe_mount_targets(MountTargetId=target)["MountTargets"]
        return str(found["LifeCycleState"])

    reached = slow.reaches(client, address, 2049)
    assert (target_state(), reached) == ("creating", False)
    until(lambda: target_state() == "available", 60)
    assert slow.reaches(client, address, 2049)
    assert slow.wait_of("mount target")["earliest"] == pytest.approx(slow.wait_of("file system")["seconds"], abs=0.01)


def test_a_record_is_answered_only_once_it_is_in_sync(slow: Slow) -> None:
    route53: Any = slow.session.client("route53")
    made = route53.create_hosted_zone(Name="slow.test", CallerReference="slow")
    server = made["DelegationSet"]["NameServers"][0]
    zone = made["HostedZone"]["Id"]
    assert made["ChangeInfo"]["Status"] == "PENDING"
    record = {"Name": "a.slow.test", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "198.51.100.7"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    change = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]

    def answered() -> bool:
        found = slow.world.run("client", "dig", "+short", "+tries=1", f"@{server}", "a.slow.test").stdout
        return found.strip() == "198.51.100.7"

    def in_sync(change_id: str) -> bool:
        return bool(route53.get_change(Id=change_id)["ChangeInfo"]["Status"] == "INSYNC")

    assert not answered()
    assert not in_sync(change["Id"])
    listed = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert "a.slow.test." in {each["Name"] for each in listed}, "the API knows it at once"
    until(lambda: in_sync(change["Id"]) and in_sync(made["ChangeInfo"]["Id"]))
    until(answered)


def test_the_timeline_as_a_picture(slow: Slow, tmp_path: Path) -> None:
    done = run_lab(slow.place.name, "timeline", "--picture", str(tmp_path / "timeline.svg"))
    assert done.returncode == 0, done.stderr
    assert "critical path" in done.stdout
    assert "NAT gateway" in (tmp_path / "timeline.svg").read_text()
