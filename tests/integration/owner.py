# SPDX-License-Identifier: GPL-3.0-or-later
"""The owner of a site in a lab: runs the playbooks, holds the account's keys, and looks at the site as visitors do."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from lab.base.endpoint import require
from lab.base.paths import LabPaths
from lab.commands.shell import visitor
from tests.integration.labs import ROOT, installed, run_lab

URL = "https://www.hasite.test/"
SERVED_BY = re.compile(r"^x-served-by: (\S+)", re.MULTILINE | re.IGNORECASE)


@dataclass
class Owner:
    """Who runs the playbooks, and holds the account's keys."""

    place: LabPaths
    session: boto3.session.Session
    inventories: tuple[str, ...] = ("inventories/lab",)
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the owner has in the environment beside what everybody has."""

    def play(self, name: str, *options: str) -> str:
        """Run a playbook of the collection and return what it printed."""
        done = self.attempt(name, *options)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        return done.stdout

    def attempt(self, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run a playbook of the collection, which may fail."""
        return subprocess.run(
            self._command(name, *options),
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )

    def begin(self, name: str, log: Path, *options: str) -> subprocess.Popen[bytes]:
        """Begin a playbook in a process group of its own; what it has said is in the file at once."""
        with log.open("w") as said:
            return subprocess.Popen(
                self._command(name, *options),
                cwd=ROOT,
                env={**self._environment(), "PYTHONUNBUFFERED": "1"},
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def killed_in(self, name: str, task: str, log: Path, *options: str, seconds: float = 1.0) -> int | None:
        """Begin a playbook, kill it so long after the task began, and return its status; None if it was killed."""
        run = self.begin(name, log, *options)
        try:
            while run.poll() is None:
                if re.search(rf"^TASK \[(.*: )?{re.escape(task)}(\]| \()", log.read_text(), re.MULTILINE):
                    time.sleep(seconds)
                    os.killpg(run.pid, signal.SIGKILL)
                    run.wait(30)
                    return None
                time.sleep(0.01)
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
                run.wait(30)
        return run.returncode

    def _command(self, name: str, *options: str) -> list[str]:
        inventories = [word for inventory in self.inventories for word in ("-i", inventory)]
        return [installed("ansible-playbook"), *inventories, f"playbooks/{name}.yml", *options]

    def _environment(self) -> dict[str, str]:
        environment = {**os.environ, "LAB_NAME": self.place.name, "ANSIBLE_NOCOLOR": "1", **self.environment}
        environment.pop("AWS_ENDPOINT_URL", None)
        return environment

    def changes(self, output: str) -> list[str]:
        """Return the recap's lines of hosts on which something was changed."""
        return re.findall(r"^\S+\s+: .*changed=[1-9].*$", output, re.MULTILINE)

    def client(self, service: str, region: str = "ap-northeast-1") -> Any:
        return self.session.client(service, region_name=region, endpoint_url=require(self.place).url)

    def machines(self) -> list[dict[str, Any]]:
        found = self.client("ec2").describe_instances(Filters=[{"Name": "tag:hasite:site", "Values": ["demo"]}])
        return [machine for reservation in found["Reservations"] for machine in reservation["Instances"]]

    def ids(self) -> list[str]:
        return [machine["InstanceId"] for machine in self.machines()]

    def start(self, *ids: str) -> None:
        """Start machines that were stopped, also a moment ago: EC2 refuses one that is stopping still."""
        ec2 = self.client("ec2")
        ec2.get_waiter("instance_stopped").wait(InstanceIds=list(ids), WaiterConfig={"Delay": 2, "MaxAttempts": 60})
        ec2.start_instances(InstanceIds=list(ids))

    def status(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(run_lab(self.place.name, "status", "--json").stdout)["resources"]
        return rows


def visit(owner: Owner, *options: str) -> subprocess.CompletedProcess[str]:
    """Ask as a visitor; the certificate is verified against the lab's authority."""
    command = [*visitor(owner.place), "curl", "-sS", "-m", "5", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def machines_seen(owner: Owner, tries: int = 8) -> set[str]:
    """Return the names of the machines that have answered."""
    return {name for _ in range(tries) for name in SERVED_BY.findall(visit(owner, "-i", URL).stdout)}


def healthy(owner: Owner) -> int:
    elbv2 = owner.client("elbv2")
    [group] = elbv2.describe_target_groups()["TargetGroups"]
    found = elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    return len([one for one in found if one["TargetHealth"]["State"] == "healthy"])


def booted(owner: Owner, machine: str) -> str:
    """Return what tells one boot of a machine from another: when its init started."""
    return run_lab(owner.place.name, "exec", machine, "--", "stat", "-c", "%Y", "/run/systemd/system").stdout.strip()


def began_with_share(owner: Owner, machine: str) -> bool:
    """Tell whether Apache, under whichever of its names, started at this boot once the share was mounted."""
    times = "systemctl show --value --property"
    look = f"{times} ActiveEnterTimestampMonotonic srv-site.mount; {times} InactiveExitTimestampMonotonic apache2 httpd"
    mounted, *began = map(int, run_lab(owner.place.name, "exec", machine, "--", "sh", "-c", look).stdout.split())
    return 0 < mounted < max(began)
