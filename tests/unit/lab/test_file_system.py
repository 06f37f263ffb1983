# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic File System through boto3, whom a file system admits, and a mount target that listens."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lab.api.services import efs
from lab.api.services.ec2 import network
from lab.base import namespaces
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context
from lab.plane import file_system as plane
from lab.world.access.permissions import Principal
from lab.world.network import file_system
from lab.world.network.file_system import Client, FileSystem, MountTarget, admit

REGION = "ap-northeast-1"
BACKED_UP = {"Key": "aws:elasticfilesystem:default-backup", "Value": "enabled"}
ARN = f"arn:aws:elasticfilesystem:{REGION}:123456789012:file-system/fs-1"


class Account:
    """An account with a VPC of three subnets in two zones, a file system, and clients."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.ec2 = boto3.client("ec2", REGION)
        self.efs = boto3.client("efs", REGION)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.a, self.b, self.a2 = (self.subnet(n, zone) for n, zone in enumerate("aca"))
        self.share = self.efs.create_file_system(CreationToken="site", Encrypted=True)["FileSystemId"]

    def subnet(self, number: int, zone: str) -> str:
        cidr = f"10.0.{number}.0/24"
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}")
        return str(made["Subnet"]["SubnetId"])

    def target(self, subnet: str, **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.efs.create_mount_target(FileSystemId=self.share, SubnetId=subnet, **more)
        return made


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    loop = asyncio.new_event_loop()
    context = Context(LabPaths("unit"), Clock(), Authority(tmp_path), Observed(), loop)
    network.extend(context)
    efs.extend(context)
    with mock_aws():
        yield Account(context)
    loop.close()


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def test_mount_targets(account: Account) -> None:
    made = account.target(account.a)
    assert made["LifeCycleState"] == "creating"
    with refused("MountTargetConflict"):
        account.target(account.a2)
    account.target(account.b)
    (world,) = file_system.describe(account.context.backends)
    assert [target.zone for target in world.mount_targets] == [f"{REGION}a", f"{REGION}c"]
    interfaces = account.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert all(
        interface["RequesterManaged"] and interface["Description"].startswith("EFS mount target")
        for interface in interfaces
    )
    account.context.observed.mount_targets = {made["MountTargetId"]}
    (seen,) = account.efs.describe_mount_targets(MountTargetId=made["MountTargetId"])["MountTargets"]
    assert seen["LifeCycleState"] == "available"


def test_deletion(account: Account) -> None:
    made = account.target(account.a)
    with refused("FileSystemInUse"):
        account.efs.delete_file_system(FileSystemId=account.share)
    account.efs.delete_mount_target(MountTargetId=made["MountTargetId"])
    assert not account.ec2.describe_network_interfaces()["NetworkInterfaces"]
    account.efs.delete_file_system(FileSystemId=account.share)
    assert not file_system.describe(account.context.backends)


def test_security_groups(account: Account) -> None:
    target = account.target(account.a)["MountTargetId"]

    def groups() -> list[str]:
        found = account.efs.describe_mount_target_security_groups(MountTargetId=target)["SecurityGroups"]
        return list(found)

    assert len(groups()) == 1, "the VPC's default group"
    made = account.ec2.create_security_group(GroupName="nfs", Description="nfs", VpcId=account.vpc)["GroupId"]
    account.efs.modify_mount_target_security_groups(MountTargetId=target, SecurityGroups=[made])
    assert groups() == [made]
    with refused("SecurityGroupNotFound"):
        account.efs.modify_mount_target_security_groups(MountTargetId=target, SecurityGroups=["sg-0123456789abcdef0"])
    with refused("SecurityGroupLimitExceeded"):
        account.target(account.b, SecurityGroups=[made] * 6)
    account.target(account.b, SecurityGroups=[made])


def test_policies(account: Account) -> None:
    with refused("PolicyNotFound"):
        account.efs.describe_file_system_policy(FileSystemId=account.share)
    with refused("InvalidPolicyException"):
        account.efs.put_file_system_policy(FileSystemId=account.share, Policy="{}")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]})
    account.efs.put_file_system_policy(FileSystemId=account.share, Policy=policy)
    assert account.efs.describe_file_system_policy(FileSystemId=account.share)["Policy"] == policy
    account.efs.delete_file_system_policy(FileSystemId=account.share)
    with refused("PolicyNotFound"):
        account.efs.describe_file_system_policy(FileSystemId=account.share)


def test_backup_throughput_and_tags(account: Account) -> None:
    with refused("PolicyNotFound"):
        account.efs.describe_backup_policy(FileSystemId=account.share)
    account.efs.put_backup_policy(FileSystemId=account.share, BackupPolicy={"Status": "ENABLED"})
    assert account.efs.describe_backup_policy(FileSystemId=account.share)["BackupPolicy"]["Status"] == "ENABLED"
    account.efs.update_file_system(FileSystemId=account.share, ThroughputMode="elastic")
    with refused("BadRequest"):
        account.efs.update_file_system(FileSystemId=account.share, ThroughputMode="provisioned")
    (seen,) = account.efs.describe_file_systems()["FileSystems"]
    assert seen["ThroughputMode"] == "elastic"
    assert seen["KmsKeyId"].startswith("arn:aws:kms:")
    name = {"Key": "Name", "Value": "site"}
    account.efs.create_tags(FileSystemId=account.share, Tags=[name])
    assert account.efs.describe_tags(FileSystemId=account.share)["Tags"] == [BACKED_UP, name]
    account.efs.delete_tags(FileSystemId=account.share, TagKeys=["Name"])
    assert account.efs.describe_tags(FileSystemId=account.share)["Tags"] == [BACKED_UP]


def statement(effect: str, *actions: str, **condition: str) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": effect, "Principal": {"AWS": "*"}, "Resource": ARN}
    made["Action"] = [f"elasticfilesystem:{action}" for action in actions]
    if condition:
        made["Condition"] = {"Bool": {key.replace("__", ":"): value for key, value in condition.items()}}
    return made


ALL = statement("Allow", "ClientMount", "ClientWrite", "ClientRootAccess")


@pytest.mark.parametrize(
    ("statements", "admission"),
    [
        ([], "rw"),
        ([ALL], "rw"),
        ([statement("Allow", "ClientMount")], "ro"),
        ([statement("Allow", "ClientWrite")], "denied"),
        ([ALL, statement("Deny", "*", aws__SecureTransport="false")], "denied"),
        ([statement("Allow", "*", elasticfilesystem__AccessedViaMountTarget="true")], "rw"),
        ([{**ALL, "Principal": {"AWS": "arn:aws:iam::123456789012:role/web"}}], "denied"),
    ],
)
def test_admission_of_a_client_that_speaks_plain_nfs(statements: list[dict[str, Any]], admission: str) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else ""
    assert admit(FileSystem("fs-1", ARN, REGION, (), policy), Client("10.0.0.9")) == admission


ROLE = "arn:aws:iam::123456789012:role/site-web"
ONLY_THE_ROLE = [
    {
        "Effect": "Allow",
        "Principal": {"AWS": ROLE},
        "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
        "Resource": "*",
        "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
    },
    {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
]


@pytest.mark.parametrize(
    ("client", "admission"),
    [
        (Client("10.0.0.9", encrypted=True, principal=Principal((ROLE,), "123456789012")), "rw"),
        (Client("10.0.0.9", encrypted=True), "denied"),
        (Client("10.0.0.9", principal=Principal((ROLE,), "123456789012")), "denied"),
        (Client("10.0.0.9", encrypted=True, principal=Principal((f"{ROLE}2",), "123456789012")), "denied"),
    ],
)
def test_admission_of_a_client_that_encrypts_and_says_who_it_is(client: Client, admission: str) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": ONLY_THE_ROLE})
    assert admit(FileSystem("fs-1", ARN, REGION, (), policy), client) == admission


def test_a_path_stays_inside_the_share(tmp_path: Path) -> None:
    share = tmp_path / "fs-1"
    (share / "sub").mkdir(parents=True)
    (tmp_path / "fs-2").mkdir()
    (share / "link").symlink_to(tmp_path / "fs-2")
    assert plane.inside(share, "/sub") == share / "sub"
    assert plane.inside(share, "/../fs-2") == share
    assert plane.inside(share, "/link") == share


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to enter a namespace")
def test_a_mount_target_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Here(LabPaths):
        folder = tmp_path

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    context = Context(Here("unit"), Clock(), Authority(tmp_path / "ca"), Observed(), loop)
    listeners: list[socket.socket] = []

    def listen(_namespace: str, _address: str, _port: int) -> socket.socket:
        listeners.append(socket.create_server(("127.0.0.1", 0)))
        return listeners[-1]

    monkeypatch.setattr(namespaces, "listen", listen)
    part = plane.FileSystems(context)
    share = FileSystem("fs-1", ARN, REGION, (MountTarget("fsmt-1", "eni-1", "127.0.0.1", "a", "subnet-1", "vpc-1"),))

    class World:
        file_systems: tuple[FileSystem, ...] = (share,)

    part.apply(World())  # type: ignore[arg-type]
    assert context.observed.mount_targets == {"fsmt-1"}
    (tmp_path / "efs" / "fs-1" / "sub").mkdir()
    with socket.create_connection(listeners[0].getsockname(), timeout=5) as client:
        client.sendall(b"MOUNT /\nMOUNT /sub\nMOUNT /none\nPROBE\n")
        with client.makefile() as said:
            answers = [said.readline().strip() for _ in range(4)]
    assert answers == ["EXPORT fs-1 rw", "EXPORT fs-1 rw", "ERROR ENOENT", "ALIVE"]
    trusting = ssl.create_default_context(cafile=str(context.authority.path))
    name = f"fs-1.efs.{REGION}.amazonaws.com"
    with (
        socket.create_connection(listeners[0].getsockname(), timeout=5) as plain,
        trusting.wrap_socket(plain, server_hostname=name) as client,
        client.makefile("rw") as said,
    ):
        for asked, answer in {"PROBE": "ALIVE", "CONNECT {}": "ERROR EACCES", "CONNECT x": "ERROR EACCES"}.items():
            print(asked, file=said, flush=True)
            assert said.readline().strip() == answer
    World.file_systems = ()
    part.apply(World())  # type: ignore[arg-type]
    assert context.observed.mount_targets == set()
    assert not (tmp_path / "efs" / "fs-1").exists()
    part.close()

    async def settle() -> None:
        await asyncio.gather(
            *(task for task in asyncio.all_tasks() if task is not asyncio.current_task()), return_exceptions=True
        )

    asyncio.run_coroutine_threadsafe(settle(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
