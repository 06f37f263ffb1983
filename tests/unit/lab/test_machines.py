# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances through the API, and what becomes of them as their machines change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lab.api.callers.role_credentials import RoleCredentials, profile_of
from lab.api.services.ec2 import instances
from lab.api.services.iam import iam
from lab.base.authority import Authority
from lab.base.backends import ACCOUNT, Backends
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context
from lab.plane.machines.prepare_rootfs import names, wanted_by
from lab.world.machines.machines import Machine, describe, resolver
from lab.world.machines.metadata import look_up, tree

REGION = "ap-northeast-1"
AL2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
STATEMENT = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = {"Version": "2012-10-17", "Statement": [STATEMENT]}


@dataclass
class Account:
    """An account with one subnet."""

    context: Context
    ec2: Any = field(init=False)
    iam: Any = field(init=False)
    ssm: Any = field(init=False)
    vpc: str = ""
    subnet: str = ""
    image: str = ""

    def __post_init__(self) -> None:
        for service in ("ec2", "iam", "ssm"):
            setattr(self, service, boto3.client(service, region_name=REGION))
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.1.0/24", AvailabilityZone=f"{REGION}a")[
            "Subnet"
        ]["SubnetId"]
        self.image = self.ssm.get_parameter(Name=AL2023)["Parameter"]["Value"]

    def launch(self, **wanted: Any) -> list[dict[str, Any]]:
        defaults = {"ImageId": self.image, "InstanceType": "t3.micro", "SubnetId": self.subnet}
        found: list[dict[str, Any]] = self.ec2.run_instances(**{**defaults, "MinCount": 1, "MaxCount": 1, **wanted})[
            "Instances"
        ]
        return found

    def settle(self, instance_id: str, state: str, reason: str = "") -> None:
        instances.settle(self.context.backends, instance_id, state, reason)

    def running(self, **wanted: Any) -> str:
        instance_id = str(self.launch(**wanted)[0]["InstanceId"])
        self.settle(instance_id, "running")
        return instance_id

    def instance(self, instance_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]
        instance: dict[str, Any] = found["Instances"][0]
        return instance

    def state(self, instance_id: str) -> str:
        return str(self.instance(instance_id)["State"]["Name"])

    def profile(self) -> None:
        self.iam.create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.iam.create_instance_profile(InstanceProfileName="web")
        self.iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")

    def backend(self, instance_id: str) -> Any:
        return Backends().at("ec2", REGION).get_instance(instance_id)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    loop = asyncio.new_event_loop()
    context = Context(LabPaths(), Clock(), Authority(tmp_path), Observed(), loop)
    instances.extend(context)
    iam.extend(context)
    with mock_aws():
        yield Account(context)
    loop.close()


def refusal(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_instance_runs_when_its_machine_does(account: Account) -> None:
    instance_id = account.launch()[0]["InstanceId"]
    assert account.state(instance_id) == "pending"
    account.settle(instance_id, "running")
    assert account.state(instance_id) == "running"


def test_launch_fills_in_what_the_image_says(account: Account) -> None:
    instance = account.launch()[0]
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    volumes = account.ec2.describe_volumes()["Volumes"]
    assert [(volume["Size"], volume["VolumeType"], volume["Encrypted"]) for volume in volumes] == [(8, "gp3", False)]
    assert instance["BlockDeviceMappings"][0]["Ebs"]["DeleteOnTermination"]


def test_launch_says_what_differs_from_the_image(account: Account) -> None:
    instance = account.launch(
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}],
        MetadataOptions={"HttpTokens": "optional"},
    )[0]
    assert instance["MetadataOptions"]["HttpTokens"] == "optional"
    assert [volume["Encrypted"] for volume in account.ec2.describe_volumes()["Volumes"]] == [True]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "debian"}, "InvalidAMIID.Malformed"),
        ({"InstanceType": "t9.nano"}, "InvalidParameterValue"),
        ({"InstanceType": "t4g.micro"}, "InvalidParameterValue"),
        ({"SubnetId": "subnet-0123456789abcdef0"}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound"),
        ({"IamInstanceProfile": {"Name": "nobody"}}, "InvalidParameterValue"),
    ],
)
def test_launch_refuses(account: Account, wanted: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as error:
        account.launch(**wanted)
    assert refusal(error) == code
    assert account.ec2.describe_instances()["Reservations"] == []


def test_launch_refuses_a_group_of_another_vpc(account: Account) -> None:
    other = account.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    group = account.ec2.create_security_group(GroupName="g", Description="g", VpcId=other)["GroupId"]
    with pytest.raises(ClientError) as error:
        account.launch(SecurityGroupIds=[group])
    assert refusal(error) == "InvalidParameter"


def test_token_launches_once(account: Account) -> None:
    first = account.launch(ClientToken="one")
    assert account.launch(ClientToken="one")[0]["InstanceId"] == first[0]["InstanceId"]
    with pytest.raises(ClientError) as error:
        account.launch(ClientToken="one", InstanceType="t3.small")
    assert refusal(error) == "IdempotentParameterMismatch"


def test_all_instances_of_a_launch_have_the_profile(account: Account) -> None:
    account.profile()
    launched = account.launch(MaxCount=2, IamInstanceProfile={"Name": "web"})
    profiles = [account.instance(one["InstanceId"])["IamInstanceProfile"]["Arn"] for one in launched]
    assert profiles == [f"arn:aws:iam::{ACCOUNT}:instance-profile/web"] * 2


def test_stop_and_start_are_true(account: Account) -> None:
    instance_id = account.running()
    account.ec2.stop_instances(InstanceIds=[instance_id])
    assert account.state(instance_id) == "stopping"
    with pytest.raises(ClientError) as error:
        account.ec2.start_instances(InstanceIds=[instance_id])
    assert refusal(error) == "IncorrectInstanceState"
    account.settle(instance_id, "stopped")
    assert account.state(instance_id) == "stopped"
    account.ec2.start_instances(InstanceIds=[instance_id])
    assert account.state(instance_id) == "pending"
    assert describe(Backends())[0].starts == 1


def test_termination_takes_the_interface_when_the_machine_is_gone(account: Account) -> None:
    instance_id = account.running()
    account.ec2.terminate_instances(InstanceIds=[instance_id])
    assert account.state(instance_id) == "shutting-down"
    assert len(account.ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1
    assert describe(Backends())[0].desired == "terminated"
    account.settle(instance_id, "terminated")
    assert account.state(instance_id) == "terminated"
    assert account.ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    assert account.ec2.describe_volumes()["Volumes"] == []
    assert describe(Backends()) == ()


@pytest.mark.parametrize("call", ["stop_instances", "start_instances", "reboot_instances"])
def test_terminated_instance_stays_so(account: Account, call: str) -> None:
    instance_id = account.running()
    account.ec2.terminate_instances(InstanceIds=[instance_id])
    account.settle(instance_id, "terminated")
    with pytest.raises(ClientError) as error:
        getattr(account.ec2, call)(InstanceIds=[instance_id])
    assert refusal(error) == "IncorrectInstanceState"


def test_machine_that_powers_itself_off_is_stopped(account: Account) -> None:
    instance_id = account.running()
    account.settle(instance_id, "stopped")
    assert account.state(instance_id) == "stopped"
    assert account.instance(instance_id)["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"


def test_machine_that_powers_itself_off_is_terminated_if_so_wished(account: Account) -> None:
    instance_id = account.running(InstanceInitiatedShutdownBehavior="terminate")
    account.settle(instance_id, "stopped")
    assert account.state(instance_id) == "shutting-down"


def test_machine_that_could_not_be_made_says_why(account: Account) -> None:
    instance_id = account.launch()[0]["InstanceId"]
    account.settle(instance_id, "terminated", "Server.InternalError: no room")
    assert account.instance(instance_id)["StateReason"]["Code"] == "Server.InternalError"


def test_status_check_passes_after_boot(account: Account) -> None:
    instance_id = account.running()

    def status() -> str:
        found = account.ec2.describe_instance_status(InstanceIds=[instance_id])["InstanceStatuses"]
        return str(found[0]["InstanceStatus"]["Status"])

    assert status() == "initializing"
    account.context.observed.booted.add(instance_id)
    assert status() == "ok"


def test_reboots_are_counted(account: Account) -> None:
    instance_id = account.running()
    account.ec2.reboot_instances(InstanceIds=[instance_id])
    assert describe(Backends())[0].reboots == 1


def test_metadata_options_change_one_by_one(account: Account) -> None:
    instance_id = account.running()
    account.ec2.modify_instance_metadata_options(InstanceId=instance_id, HttpPutResponseHopLimit=1)
    options = account.instance(instance_id)["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1)


def test_images_are_their_regions_own(account: Account) -> None:
    elsewhere = boto3.client("ssm", region_name="us-east-1").get_parameter(Name=AL2023)["Parameter"]["Value"]
    assert elsewhere != account.image
    (image,) = account.ec2.describe_images(ImageIds=[account.image])["Images"]
    assert image["Name"].startswith("al2023-ami-")
    debian = account.ssm.get_parameter(Name="/aws/service/debian/release/12/latest/amd64")["Parameter"]["Value"]
    assert account.ec2.describe_images(ImageIds=[debian])["Images"][0]["Name"].startswith("debian-12-")


def test_credentials_are_known_to_sts_and_follow_the_profile(account: Account) -> None:
    account.profile()
    instance = account.backend(account.running(IamInstanceProfile={"Name": "web"}))
    given = RoleCredentials(Backends())
    first = json.loads(given.document(instance, "web"))
    assert first["Code"] == "Success"
    assert json.loads(given.document(instance, "web"))["AccessKeyId"] == first["AccessKeyId"]
    caller = boto3.client(
        "sts", REGION, None, True, None, None, first["AccessKeyId"], first["SecretAccessKey"], first["Token"]
    ).get_caller_identity()
    assert caller["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/web/{instance.id}"
    (association,) = account.ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    account.ec2.disassociate_iam_instance_profile(AssociationId=association["AssociationId"])
    assert profile_of(instance) is None


def test_role_that_does_not_trust_ec2_gives_no_credentials(account: Account) -> None:
    account.profile()
    account.iam.update_assume_role_policy(
        RoleName="web", PolicyDocument=json.dumps(TRUST).replace("ec2.amazonaws.com", "ecs.amazonaws.com")
    )
    instance = account.backend(account.running(IamInstanceProfile={"Name": "web"}))
    document = json.loads(RoleCredentials(Backends()).document(instance, "web"))
    assert document["Code"] == "AssumeRoleUnauthorizedAccess"


def test_metadata_tells_the_machine_about_itself(account: Account) -> None:
    account.profile()
    instance = account.backend(account.running(IamInstanceProfile={"Name": "web"}, UserData="#!/bin/sh\n"))
    documents = tree(instance, ACCOUNT, profile_of(instance), "2026-01-01T00:00:00Z")
    assert look_up(documents, "meta-data/instance-id") == instance.id
    assert look_up(documents, "meta-data/placement") == "availability-zone\nregion"
    assert look_up(documents, "user-data") == "#!/bin/sh\n"
    identity = json.loads(documents["dynamic/instance-identity/document"])
    assert identity["region"] == REGION
    assert look_up(documents, "meta-data/public-ipv4") is None


def test_machine_knows_its_name_and_its_resolver(account: Account) -> None:
    account.running(PrivateIpAddress="10.0.1.23")
    (machine,) = describe(Backends())
    assert isinstance(machine, Machine)
    assert names(machine) == {
        "etc/hostname": "ip-10-0-1-23\n",
        "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 ip-10-0-1-23.ap-northeast-1.compute.internal ip-10-0-1-23\n"
        "::1 localhost\n",
        "etc/resolv.conf": "search ap-northeast-1.compute.internal\nnameserver 10.0.0.2\n",
    }


def test_dhcp_options_tell_whom_to_ask(account: Account) -> None:
    account.running()
    servers = {"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS", "192.0.2.53"]}
    options = account.ec2.create_dhcp_options(DhcpConfigurations=[servers])["DhcpOptions"]["DhcpOptionsId"]
    account.ec2.associate_dhcp_options(VpcId=account.vpc, DhcpOptionsId=options)
    (machine,) = describe(Backends())
    assert names(machine)["etc/resolv.conf"] == "nameserver 10.0.0.2\nnameserver 192.0.2.53\n"
    account.ec2.associate_dhcp_options(VpcId=account.vpc, DhcpOptionsId="default")
    (machine,) = describe(Backends())
    assert machine.resolvers == ("10.0.0.2",)


def test_resolver_is_the_second_address() -> None:
    assert resolver("172.16.0.0/20") == "172.16.0.2"


def test_unit_is_enabled_where_it_says() -> None:
    assert wanted_by("[Install]\nWantedBy=multi-user.target timers.target\n") == ["multi-user.target", "timers.target"]


def test_managed_policies_exist_and_are_not_deleted_in_use(account: Account) -> None:
    account.profile()
    account.iam.attach_role_policy(RoleName="web", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    own = account.iam.create_policy(
        PolicyName="own",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        ),
    )["Policy"]["Arn"]
    account.iam.attach_role_policy(RoleName="web", PolicyArn=own)
    for call, arguments in (
        (account.iam.delete_policy, {"PolicyArn": own}),
        (account.iam.delete_role, {"RoleName": "web"}),
        (account.iam.delete_instance_profile, {"InstanceProfileName": "web"}),
    ):
        with pytest.raises(ClientError) as error:
            call(**arguments)
        assert refusal(error) == "DeleteConflict"
