# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's world comes back: after it was kept, and from a snapshot, whatever has happened to it since."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from lab.base.endpoint import Endpoint, require
from lab.base.paths import LabPaths
from tests.integration import demo_site
from tests.integration.labs import place_of, run_lab, session_of, up
from tests.integration.owner import Owner
from tests.integration.small_world import SmallWorld, until

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")]

ZONE = "kept.test"
MOUNT = "touch /etc/nfsmount.conf && mount -t nfs4 {address}:/ /mnt && echo written > /mnt/page"
"""The file is what the mount helper takes for an NFS client's package; installing one proves nothing here."""


@dataclass
class Little:
    """A world with one of each: a machine with a file of its own, a share with one, an object, a record."""

    place: LabPaths
    machine: str = ""
    system: str = ""
    target: str = ""
    zone: str = ""

    def client(self, service: str) -> Any:
        return session_of(self.place).client(service, endpoint_url=require(self.place).url)

    def on_machine(self, script: str) -> str:
        done = run_lab(self.place.name, "exec", self.machine, "sh", "-c", script, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def build(self) -> None:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AWS_ENDPOINT_URL", require(self.place).url)
            world = SmallWorld(session_of(self.place), self.place, 77)
        group = world.group("one")
        world.admit(group, 2049, source=group)
        ec2, efs, route53, s3 = map(self.client, ("ec2", "efs", "route53", "s3"))
        name = "/aws/service/debian/release/12/latest/amd64"
        image = self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                                 SubnetId=world.private[0], SecurityGroupIds=[group])  # fmt: skip
        self.machine = made["Instances"][0]["InstanceId"]
        self.system = efs.create_file_system(CreationToken="kept")["FileSystemId"]
        target = efs.create_mount_target(FileSystemId=self.system, SubnetId=world.private[0], SecurityGroups=[group])
        self.target = target["IpAddress"]
        s3.create_bucket(Bucket="kept-bucket", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
        s3.put_object(Bucket="kept-bucket", Key="key", Body=b"object")
        self.zone = route53.create_hosted_zone(Name=ZONE, CallerReference="1")["HostedZone"]["Id"]
        self.record("192.0.2.7")
        until(self.booted, 120)
        until(lambda: efs.describe_mount_targets(FileSystemId=self.system)["MountTargets"][0]["LifeCycleState"]
              == "available")  # fmt: skip
        self.on_machine(f"echo own > /root/file; echo '{self.target}:/ /mnt nfs4 _netdev,nofail 0 0' >> /etc/fstab")
        self.on_machine(MOUNT.format(address=self.target))

    def record(self, address: str) -> None:
        record = {"Name": f"www.{ZONE}", "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": address}]}
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        self.client("route53").change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=batch)

    def booted(self) -> bool:
        found = self.client("ec2").describe_instance_status(InstanceIds=[self.machine])["InstanceStatuses"]
        return bool(found) and found[0]["InstanceStatus"]["Status"] == "ok"

    def resolves(self) -> str:
        done = run_lab(self.place.name, "exec", "client", "dig", "+short", f"www.{ZONE}")
        return done.stdout.strip()

    def is_whole(self) -> None:
        """See that all is there and works, from the disk to the name."""
        until(self.booted, 60)
        assert self.on_machine("cat /root/file") == "own"
        until(lambda: self.on_machine("cat /mnt/page 2>/dev/null || true") == "written", 60)
        assert self.client("s3").get_object(Bucket="kept-bucket", Key="key")["Body"].read() == b"object"
        until(lambda: self.resolves() == "192.0.2.7", 30)


@pytest.fixture(scope="module")
def little() -> Iterator[Little]:
    place = place_of("snap")
    up(place.name, "--speed", "4")
    made = Little(place)
    made.build()
    yield made
    run_lab(place.name, "down")
    for name in names(place):
        run_lab(place.name, "snapshot", "--delete", name)
    assert not place.saved.exists()


def names(place: LabPaths) -> list[str]:
    return [each["name"] for each in json.loads(run_lab(place.name, "snapshots", "--json").stdout)]


def succeeds(place: LabPaths, *words: str) -> str:
    done = run_lab(place.name, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(place: LabPaths, *words: str) -> str:
    done = run_lab(place.name, *words)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_kept_world_comes_back_with_its_options_and_its_port(little: Little) -> None:
    before = require(little.place)
    assert "`lab up` brings its world back" in succeeds(little.place, "down", "--keep")
    assert not little.place.folder.exists()
    assert "brings its world back" in succeeds(little.place, "down", "--keep"), "it is kept already"
    succeeds(little.place, "up")
    after = require(little.place)
    assert (after.url, after.speed) == (before.url, 4.0)
    little.is_whole()
    until(lambda: not little.place.kept.exists())


def test_a_snapshot_undoes_what_was_done_since(little: Little) -> None:
    pid = require(little.place).pid
    since = little.on_machine("cat /proc/1/stat | cut -d' ' -f22")
    assert "1 machines, 1 shares" in succeeds(little.place, "snapshot", "whole")
    assert require(little.place).pid == pid
    assert little.on_machine("cat /proc/1/stat | cut -d' ' -f22") == since, "the machine goes on"
    assert little.booted()

    little.on_machine("rm /root/file /mnt/page; echo more > /mnt/more")
    little.client("s3").delete_object(Bucket="kept-bucket", Key="key")
    little.record("192.0.2.8")
    succeeds(little.place, "restore", "whole")
    little.is_whole()
    assert little.on_machine("ls /mnt") == "page"
    assert names(little.place) == ["whole"]


def test_a_machine_that_is_gone_comes_back_and_one_that_is_stopped_stays_so(little: Little) -> None:
    ec2 = little.client("ec2")
    ec2.terminate_instances(InstanceIds=[little.machine])
    until(lambda: state_of(little) == "terminated", 60)
    succeeds(little.place, "restore", "whole")
    little.is_whole()

    little.client("ec2").stop_instances(InstanceIds=[little.machine])
    until(lambda: state_of(little) == "stopped", 60)
    succeeds(little.place, "down", "--keep")
    succeeds(little.place, "up")
    assert state_of(little) == "stopped"
    # Its disk waits for it, also over a second time.
    succeeds(little.place, "down", "--keep")
    succeeds(little.place, "up")
    little.client("ec2").start_instances(InstanceIds=[little.machine])
    little.is_whole()


def state_of(little: Little) -> str:
    found = little.client("ec2").describe_instances(InstanceIds=[little.machine])["Reservations"]
    return str(found[0]["Instances"][0]["State"]["Name"])


def test_a_killed_restore_and_a_killed_snapshot_do_not_break_the_next(little: Little) -> None:
    process = subprocess.Popen([*lab_words(little.place), "restore", "whole"])
    time.sleep(1.5)
    process.kill()
    process.wait()
    until(lambda: Endpoint.read(little.place) is None or process.poll() is not None)
    succeeds(little.place, "restore", "whole")
    little.is_whole()

    process = subprocess.Popen([*lab_words(little.place), "snapshot", "second"])
    until(lambda: (little.place.snapshot("x").parent / ".second.part").exists(), 60)
    os.kill(require(little.place).pid, signal.SIGKILL)
    process.wait()
    succeeds(little.place, "restore", "whole")
    little.is_whole()
    assert names(little.place) == ["whole"]
    assert [each.name for each in little.place.snapshot("x").parent.iterdir()] == ["whole"]


def test_each_refusal_is_one_sentence(little: Little) -> None:
    assert "is there already" in refusal(little.place, "snapshot", "whole")
    assert "has no snapshot 'hole'; it has whole." in refusal(little.place, "restore", "hole")
    assert "has no snapshot 'hole'; it has whole." in refusal(little.place, "snapshot", "--delete", "hole")
    assert "use up to 40 small letters" in refusal(little.place, "snapshot", "../whole")
    other = place_of("none")
    assert "is not running; start it with `lab up`" in refusal(other, "snapshot", "x")
    assert "there is no world to keep" in refusal(other, "down", "--keep")
    assert "it has none" in refusal(other, "restore", "x")


def lab_words(place: LabPaths) -> list[str]:
    import sys

    return [sys.executable, "-m", "lab", "--name", place.name]


@pytest.mark.acceptance
def test_a_built_site_is_restored_and_serves() -> None:
    place = place_of("whole")
    up(place.name, "--speed", str(demo_site.SPEED))
    try:
        owner = Owner(place, session_of(place))
        owner.play("site")
        succeeds(place, "snapshot", "built")
        succeeds(place, "restore", "built")
        until(lambda: serves(place), 60)
    finally:
        run_lab(place.name, "down")
        run_lab(place.name, "snapshot", "--delete", "built")


def serves(place: LabPaths) -> bool:
    words = ("curl", "-s", "-m", "2", "-o", "/dev/null", "-w", "%{http_code}", "https://www.hasite.test/")
    return run_lab(place.name, "exec", "client", *words).stdout == "200"
