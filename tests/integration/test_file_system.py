# SPDX-License-Identifier: GPL-3.0-or-later
"""A share on a machine: mounted by name, again after a reboot, and only while its mount target is in reach."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import boto3
import pytest

from lab.base.paths import LabPaths
from lab.plane.machines.container import Container
from tests.integration.small_world import SmallWorld, until

pytestmark = pytest.mark.lab
POINT = "/srv/site"


class Share(SmallWorld):
    """A file system with a mount target in each zone, and a machine beside one of them."""

    def __init__(self, session: boto3.session.Session, place: LabPaths) -> None:
        super().__init__(session, place, second=72)
        self.translate()
        self.web, self.nfs = self.group("web"), self.group("nfs")
        self.rule = self.admit(self.nfs, 2049, source=self.web)
        self.id = self.efs.create_file_system(CreationToken="site72", Encrypted=True)["FileSystemId"]
        for subnet in self.private:
            self.efs.create_mount_target(FileSystemId=self.id, SubnetId=subnet, SecurityGroups=[self.nfs])
        until(self.available)
        image = self.ec2.describe_images(Owners=["136693071363"])["Images"][0]["ImageId"]
        made = self.ec2.run_instances(
            ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=self.private[0],
            SecurityGroupIds=[self.web],
        )  # fmt: skip
        self.machine = made["Instances"][0]["InstanceId"]
        until(self.booted, 90)

    @property
    def name(self) -> str:
        return f"{self.id}.efs.ap-northeast-1.amazonaws.com"

    def available(self) -> bool:
        found = self.efs.describe_mount_targets(FileSystemId=self.id)["MountTargets"]
        return {each["LifeCycleState"] for each in found} == {"available"}

    def booted(self) -> bool:
        return self.on("systemctl is-system-running --wait").stdout.strip() in ("running", "degraded")

    def on(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script on the machine."""
        words = [*Container(self.place, self.machine).enter(), "bash", "-c", script]
        return subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)

    def mounted(self) -> bool:
        return self.on(f"mountpoint -q {POINT} && cat {POINT}/file").stdout == "kept\n"


@pytest.fixture(scope="module")
def share(session: boto3.session.Session, place: LabPaths) -> Iterator[Share]:
    made = Share(session, place)
    yield made
    made.ec2.terminate_instances(InstanceIds=[made.machine])
    made.close()


def test_without_an_nfs_client_nothing_is_mounted(share: Share) -> None:
    done = share.on(f"mkdir -p {POINT} && mount -t nfs4 {share.name}:/ {POINT}")
    assert "you might need a /sbin/mount.<type> helper program" in done.stderr


def test_mounts_by_name_with_debians_package(share: Share) -> None:
    installed = share.on("apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y nfs-common")
    assert installed.returncode == 0, installed.stderr
    options = "_netdev,nofail,nfsvers=4.1,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport"
    share.on(f"echo '{share.name}:/ {POINT} nfs4 {options} 0 0' >> /etc/fstab && systemctl daemon-reload")
    done = share.on(f"mount {POINT}")
    assert done.returncode == 0, done.stderr
    share.on(f"echo kept > {POINT}/file")
    assert share.mounted()
    assert (share.place.folder / "efs" / share.id / "file").read_text() == "kept\n"


def test_a_reboot_brings_it_back(share: Share) -> None:
    before = share.on("cat /proc/sys/kernel/random/boot_id; cat /proc/1/stat | cut -d' ' -f22").stdout
    share.ec2.reboot_instances(InstanceIds=[share.machine])
    until(lambda: share.on("cat /proc/sys/kernel/random/boot_id; cat /proc/1/stat | cut -d' ' -f22").stdout
          not in ("", before), 90)  # fmt: skip
    until(share.mounted, 60)


def test_the_rule_taken_away_takes_the_share_away_until_it_is_given_back(share: Share) -> None:
    share.ec2.revoke_security_group_ingress(GroupId=share.nfs, IpPermissions=[share.rule])
    until(lambda: not share.mounted(), 60)
    done = share.on(f"mount -t nfs4 -o retry=0 {share.name}:/ {POINT}")
    assert (done.returncode, "timed out" in done.stderr) == (32, True)
    share.ec2.authorize_security_group_ingress(GroupId=share.nfs, IpPermissions=[share.rule])
    until(share.mounted, 60)


def test_a_policy_that_wants_encryption_denies_plain_nfs(share: Share) -> None:
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*",'
        ' "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}'
    )
    share.on(f"umount {POINT}")
    share.efs.put_file_system_policy(FileSystemId=share.id, Policy=policy)
    done = share.on(f"mount {POINT}")
    assert (done.returncode, "access denied by server" in done.stderr) == (32, True)
    share.efs.delete_file_system_policy(FileSystemId=share.id)
    assert share.on(f"mount {POINT}").returncode == 0
    assert share.mounted()
