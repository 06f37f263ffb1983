# SPDX-License-Identifier: GPL-3.0-or-later
"""What those can do whom nobody trusts: other users of the host, machines, pages, visitors (docs/lab.md, "Trust")."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lab.base.endpoint import require
from lab.base.paths import LabPaths
from lab.base.users import BROWSER, become
from lab.commands.browser import opened
from lab.commands.shell import visitor
from lab.plane.machines.user_namespace import UserNamespace
from tests.integration.fleet import Fleet
from tests.integration.small_world import until

pytestmark = pytest.mark.lab

HOST = "https://s3.ap-northeast-1.amazonaws.com/"
"""Something that answers in every lab."""


def processes(namespace: Path) -> list[Path]:
    """Return the processes in a network namespace, or in one that they have made below it, but this one."""
    return [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and _holds(entry, namespace)]


def _holds(process: Path, namespace: Path) -> bool:
    try:
        return process.joinpath("ns/net").stat().st_ino == namespace.stat().st_ino
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(of: int) -> list[Path]:
    """Return a process's children and theirs."""
    found = []
    for child in Path(f"/proc/{of}/task/{of}/children").read_text().split():
        found += [Path("/proc") / child, *descendants(int(child))]
    return found


def test_a_page_is_shown_by_a_user_without_rights_in_a_sandbox(place: LabPaths) -> None:
    with opened(place) as browser:
        assert browser.tab().go(HOST).status in (200, 403)
        running = [
            descendant for descendant in descendants(os.getpid()) if "chromium" in (descendant / "cmdline").read_text()
        ]
        renderers = [each for each in running if "--type=renderer" in (each / "cmdline").read_text()]
        assert renderers
        for each in running:
            assert f"Uid:\t{BROWSER}\t{BROWSER}\t{BROWSER}\t{BROWSER}\n" in (each / "status").read_text(), each
        for renderer in renderers:
            assert (renderer / "ns/user").readlink() != Path("/proc/self/ns/user").readlink()
            assert "Seccomp:\t2\n" in (renderer / "status").read_text()


def test_a_visitors_network_stays_as_it_is_while_a_page_loads(place: LabPaths) -> None:
    """An IPv6 address that comes late has Chromium give up a page with ERR_NETWORK_CHANGED."""
    listed = subprocess.run(
        [*visitor(place), "ip", "-6", "address", "show", "dev", "eth0"], capture_output=True, text=True
    )
    assert (listed.returncode, listed.stdout) == (0, "")


def as_nobody(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as another user of the host."""
    return subprocess.run([*become(65534), *words], capture_output=True, text=True, timeout=60, check=False)


def test_another_user_of_the_host_sees_nothing_of_a_lab(place: LabPaths) -> None:
    for path in (place.folder, place.folder.parent, place.cache, Path("/run/hasite-lab")):
        assert "Permission denied" in as_nobody("ls", str(path)).stderr, path
    for file in (place.endpoint_file, place.log, place.folder / "visitor", place.authority / "ca.key"):
        assert file.exists()
        assert "Permission denied" in as_nobody("cat", str(file)).stderr, file
        assert file.stat().st_mode & 0o077 == 0 or file.name == "visitor", file


SHARES = "/var/lib/hasite-lab/efs"
"""Where a machine has the files of all shares."""


def test_what_a_machine_leaves_on_a_share_gives_nobody_its_rights(
    place: LabPaths, fleet: Fleet, session: boto3.session.Session
) -> None:
    one, other = fleet.instances
    efs = session.client("efs")
    share = efs.create_file_system(CreationToken="trust")["FileSystemId"]
    folder = f"{SHARES}/{share}"
    try:
        until((place.folder / "efs" / share).is_dir)
        fleet.root(one, f"cp /bin/id {folder}/id; chmod 6755 {folder}/id; mknod {folder}/null c 1 3 || true")
        assert fleet.root(other, f"stat -c %u:%g:%a {folder}/id").split() == ["0:0:6755"], "one owner on all machines"
        assert "euid" not in fleet.root(other, f"setpriv --reuid=65534 --clear-groups {folder}/id")
        assert fleet.root(other, f"head -c 1 {folder}/null >/dev/null 2>&1 && echo opened; true") == ""
        assert "Permission denied" in as_nobody("sh", "-c", str(place.folder / "efs" / share / "id")).stderr
    finally:
        efs.delete_file_system(FileSystemId=share)


def test_a_machine_writes_no_file_of_the_host(place: LabPaths, fleet: Fleet, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("the host's\n")
    machine = fleet.instances[0]
    before = fleet.root(machine, "cat /etc/resolv.conf")
    fleet.root(machine, f"mkdir -p {tmp_path}; ln -sfn {victim} /etc/resolv.conf; ln -sfn {tmp_path} /run/hasite-lab")
    try:
        with searching(fleet, "one.example.test"):
            until(lambda: "one.example.test" in fleet.root(machine, f"cat {victim} || true"), 30)
        assert victim.read_text() == "the host's\n"
    finally:
        fleet.root(machine, f"rm /etc/resolv.conf; printf '{before}' >/etc/resolv.conf")


@contextlib.contextmanager
def searching(fleet: Fleet, domain: str) -> Iterator[None]:
    """Give the machines' VPC another search domain by DHCP."""
    ec2, vpc = fleet.world.ec2, fleet.world.vpc
    resolvers = {"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]}
    made = ec2.create_dhcp_options(DhcpConfigurations=[resolvers, {"Key": "domain-name", "Values": [domain]}])
    options = made["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
    yield
    ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=vpc)
    ec2.delete_dhcp_options(DhcpOptionsId=options)


UNREACHABLE = 7
"""How curl ends when the network says at once that there is no way."""


@pytest.mark.parametrize("address", ["169.254.169.254", "100.64.0.1", "10.0.0.1", "192.168.0.1", "172.16.0.1"])
def test_a_visitor_reaches_nothing_of_the_hosts_own(place: LabPaths, address: str) -> None:
    done = subprocess.run([*visitor(place), "curl", "-sS", "-m", "20", f"http://{address}/"], capture_output=True)
    assert done.returncode == UNREACHABLE, done.stderr


def test_a_machine_does_not_reach_what_no_router_passes_on(fleet: Fleet) -> None:
    """169.254.170.2 is where containers get credentials on some clouds; the machine's own metadata are elsewhere."""
    ask = "curl -sS -o /dev/null -m 20 http://169.254.170.2/ 2>/dev/null; echo $?"
    assert fleet.root(fleet.instances[0], ask).strip() == str(UNREACHABLE)


def test_a_machines_root_is_nobody_on_the_host(place: LabPaths, fleet: Fleet) -> None:
    first = UserNamespace(place).first
    machine = fleet.instances[0]
    inside, outside, _size = fleet.root(machine, "cat /proc/self/uid_map").split()
    assert (int(inside), int(outside)) == (0, first)
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    trial = "mount -o remount,rw /proc/sys; umount /proc/sys; echo '|/bin/x' >/proc/sys/kernel/core_pattern"
    assert "denied" in fleet.root(machine, f"({trial}) 2>&1; mknod /root/sda b 8 0 2>&1; true")
    assert Path("/proc/sys/kernel/core_pattern").read_text() == pattern
    assert "not permitted" in fleet.root(machine, "mknod /root/sda b 8 0 2>&1; true")


def test_a_users_manager_ends_and_leaves_no_failed_unit(fleet: Fleet) -> None:
    """logind begins one for who comes by su, and ends it when they have gone."""
    machine = fleet.instances[0]
    fleet.root(machine, "useradd guest && su -s /bin/sh guest -c true")
    manager = f"user@{fleet.root(machine, 'id -u guest').strip()}.service"
    assert fleet.root(machine, f"systemctl is-active {manager}") == "active\n"
    try:
        fleet.root(machine, f"systemctl stop {manager}", 30)
        assert manager not in fleet.root(machine, "systemctl --failed --plain --no-legend")
    finally:
        fleet.root(machine, "userdel --force guest 2>/dev/null || true")


def test_a_machines_root_is_root_on_its_own_network(fleet: Fleet) -> None:
    machine = fleet.instances[0]
    assert fleet.root(machine, "ls /sys/class/net").split() == ["eth0", "lo"]
    fleet.root(machine, "ip link add name trial type bridge && ip link delete trial")
    served = 'python3 -c \'import socket; socket.create_server(("", 80)); print("open")\''
    assert fleet.root(machine, served) == "open\n"
    state = fleet.root(machine, "systemctl is-system-running --wait || systemctl --failed --plain --no-legend").strip()
    assert state == "running"


def refused(call: Callable[..., Any], **options: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**options)
    return str(refusal.value.response["Error"]["Code"])


def test_a_local_user_commands_nothing_through_the_apis_port(place: LabPaths, fleet: Fleet) -> None:
    """The port is no secret; without the key of the endpoint file nothing but public buckets answers there."""
    url = require(place).url
    stranger = boto3.session.Session("lab", "nobody-asks-for-it", region_name="ap-northeast-1")
    send = stranger.client("ssm", endpoint_url=url).send_command
    options = {"DocumentName": "AWS-RunShellScript", "InstanceIds": fleet.instances}
    assert refused(send, **options, Parameters={"commands": ["id"]}) == "UnrecognizedClientException"
    assert refused(stranger.client("ec2", endpoint_url=url).describe_instances) == "AuthFailure"
    for path in ("/moto-api/data.json", "/_lab/status"):
        asked = as_nobody("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{url}{path}")
        assert asked.stdout == "403", path


def test_a_page_reaches_nothing_of_the_lab_under_a_name_of_its_own(place: LabPaths) -> None:
    found = as_nobody("curl", "-s", "-H", "Host: evil.example", f"{require(place).url}/")
    assert "not reached by that name" in found.stdout


def test_a_machine_may_do_what_its_role_may_and_no_more(place: LabPaths, fleet: Fleet) -> None:
    """What runs on a machine can have the role's credentials; they command no other machine."""
    script = """
import json, sys, urllib.request
def ask(method, path, **head):
    asked = urllib.request.Request("http://169.254.169.254/latest/" + path, method=method, headers=head)
    return urllib.request.urlopen(asked, timeout=5).read().decode()
token = ask("PUT", "api/token", **{"X-aws-ec2-metadata-token-ttl-seconds": "60"})
head = {"X-aws-ec2-metadata-token": token}
base = "meta-data/iam/security-credentials/"
print(ask("GET", base + ask("GET", base, **head), **head))
"""
    told = json.loads(fleet.root(fleet.instances[0], f"python3 -c '{script}'"))
    machine = boto3.session.Session(
        told["AccessKeyId"], told["SecretAccessKey"], told["Token"], region_name="ap-northeast-1"
    )
    url = require(place).url
    options = {"DocumentName": "AWS-RunShellScript", "InstanceIds": fleet.instances}
    send = machine.client("ssm", endpoint_url=url).send_command
    assert refused(send, **options, Parameters={"commands": ["id"]}) == "AccessDeniedException"
    assert refused(machine.client("ssm", endpoint_url=url).start_session, Target=fleet.instances[1]) == (
        "AccessDeniedException"
    )
    assert refused(machine.client("ec2", endpoint_url=url).describe_instances) == "UnauthorizedOperation"
    assert refused(machine.client("iam", endpoint_url=url).list_roles) == "AccessDenied"
    assert refused(machine.client("route53", endpoint_url=url).list_hosted_zones) == "AccessDenied"
    arn = machine.client("sts", endpoint_url=url).get_caller_identity()["Arn"]
    assert arn.endswith(f"assumed-role/fleet/{fleet.instances[0]}")
