# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines in private subnets that only Session Manager reaches, and Ansible on its way to them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import jinja2

from lab.base.paths import LabPaths
from tests.integration.labs import ROOT, installed, keys
from tests.integration.small_world import SmallWorld, until

TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
BOOT = 60


def agent_installed() -> str:
    """Return the user data by which a machine of the role compute gets an agent."""
    template = (ROOT / "roles/compute/templates/install_agent.sh.j2").read_text()
    return str(jinja2.Template(template).render(compute_region="ap-northeast-1"))


class Fleet:
    """Some machines of one role, in a VPC of their own."""

    def __init__(self, session: boto3.session.Session, place: LabPaths, name: str, second: int, count: int = 1) -> None:
        """Start the machines, and wait until their agents are connected."""
        self.place = place
        self.name = name
        self.iam: Any = session.client("iam")
        self.ssm: Any = session.client("ssm")
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        self.iam.attach_role_policy(RoleName=name, PolicyArn=CORE)
        self.iam.create_instance_profile(InstanceProfileName=name)
        self.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        self.world = SmallWorld(session, place, second)
        self.world.translate()
        image = self.ssm.get_parameter(Name="/aws/service/debian/release/12/latest/amd64")["Parameter"]["Value"]
        made = self.world.ec2.run_instances(
            ImageId=image,
            MinCount=count,
            MaxCount=count,
            InstanceType="t3.micro",
            SubnetId=self.world.private[0],
            SecurityGroupIds=[self.world.group(name)],
            IamInstanceProfile={"Name": name},
            MetadataOptions={"HttpTokens": "required"},
            UserData=agent_installed(),
        )
        self.instances: list[str] = [one["InstanceId"] for one in made["Instances"]]
        for instance in self.instances:
            until(partial(self.online, instance), BOOT)

    def ping(self, instance: str) -> str:
        wanted = [{"Key": "InstanceIds", "Values": [instance]}]
        found = self.ssm.describe_instance_information(Filters=wanted)["InstanceInformationList"]
        return str(found[0]["PingStatus"]) if found else ""

    def connected(self, instance: str) -> bool:
        return bool(self.ssm.get_connection_status(Target=instance)["Status"] == "connected")

    def online(self, instance: str) -> bool:
        return self.connected(instance) and self.ping(instance) == "Online"

    def sessions(self) -> list[str]:
        """Return the sessions that are not over, with any of the machines."""
        found = self.ssm.describe_sessions(State="Active")["Sessions"]
        return [one["SessionId"] for one in found if one["Target"] in self.instances]

    def root(self, instance: str, script: str, seconds: float = 60) -> str:
        """Run a script as root on a machine, without any session."""
        words = [installed("lab"), "--name", self.place.name, "exec", instance, "--", "sh", "-c", script]
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=True).stdout

    def close(self) -> None:
        """Terminate the machines."""
        self.world.ec2.terminate_instances(InstanceIds=self.instances)


class Runner:
    """Ansible with a folder of its own for kept sessions, so that what it leaves is seen."""

    def __init__(self, place: LabPaths, folder: Path, hosts: Mapping[str, str], variables: Mapping[str, Any]) -> None:
        """Write an inventory: names and instance ids, and variables of all of them."""
        self.control = folder / "c"
        self.inventory = folder / "hosts.json"
        listed = {name: {"ansible_aws_ssm_instance_id": instance} for name, instance in hosts.items()}
        always = {
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_aws_ssm_region": "ap-northeast-1",
            "ansible_aws_ssm_control_path_dir": str(self.control),
        }
        self.inventory.write_text(json.dumps({"all": {"hosts": listed, "vars": {**always, **variables}}}))
        self.environment = {
            **os.environ,
            **keys(place),
            "ANSIBLE_FORCE_COLOR": "0",
            "HASITE_TEST_CONTROL": str(self.control),
        }
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, command: str, *words: str) -> subprocess.Popen[str]:
        """Start `ansible` or `ansible-playbook`."""
        process = subprocess.Popen(
            [installed(command), "--inventory", str(self.inventory), *words],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._processes.append(process)
        return process

    def close(self) -> None:
        """End what a failed test has left running: its session would be the next test's."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def run(self, command: str, *words: str, seconds: float = 120) -> tuple[int, str]:
        """Run it; return its status and what it said."""
        process = self.start(command, *words)
        try:
            output = process.communicate(timeout=seconds)[0]
        finally:
            process.kill()
        return process.returncode, output

    def daemons(self) -> list[int]:
        """Return the processes that keep sessions open."""
        mark = f"HASITE_TEST_CONTROL={self.control}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (
                    mark in (process / "environ").read_bytes()
                    and b"_ssm.daemon.daemon" in (process / "cmdline").read_bytes()
                ):
                    found.append(int(process.name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return found
