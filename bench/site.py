# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the whole site: provisioning it, against the local connections and AWS's waits; configuring its machines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from bench.connections import environment, upstream
from bench.fleet import Fleet, wait_until
from bench.row import CannotMeasureError, Measurement, Row
from bench.run import BUILD, ROOT, Run
from bench.stage import BenchSession
from lab.base.endpoint import require

Controller = Literal["ansible.builtin.local", "hasite.aws.warm_local", "mitogen"]
Figure = Literal["seconds", "cpu"]

_WARM = ROOT / "plugins" / "connection" / "warm_local.py"
_MITOGEN = ("ansible==12.3.0", "mitogen==0.3.54", "boto3==1.44.5", "dnspython==2.9.2")
"""The newest Mitogen, the newest Ansible (core 2.19) that it runs on, and what the modules import."""
_SEED = "1"
_SITE = "demo"
"""As in inventories/lab."""
_SHARE = "/srv/site"
"""What the release role writes on the share."""


def playing(play: str, *more: str) -> list[str]:
    """Return the words by which a playbook of the site is run."""
    return ["-i", "inventories/lab", f"playbooks/{play}.yml", *more]


def _provision(stage: BenchSession) -> Run:
    """Build the site, or bring back what is missing of it."""
    return stage.measured("provision", playing("provision"), {})


def provisioned(stage: BenchSession) -> None:
    """Provision a site whose machines run, unless the lab has one."""
    stage.lab("site")
    stage.once("provisioned").or_else(lambda: _provision(stage))


# Provisioning again, with nothing to change


def _again(stage: BenchSession, controller: Controller) -> Run:
    provisioned(stage)

    def measure() -> Run:
        name = f"again-{controller.rpartition('.')[2]}"
        if controller == "mitogen":
            return _with_mitogen(stage, name)
        return stage.measured(name, playing("provision", "-e", f"ansible_connection={controller}"), {})

    found: Run = stage.once("again", controller).or_else(measure)
    return found


def _with_mitogen(stage: BenchSession, name: str) -> Run:
    python = _mitogen()
    (strategies,) = python.parents[1].glob("lib/python3*/site-packages/ansible_mitogen/plugins/strategy")
    environment = {
        "ANSIBLE_STRATEGY_PLUGINS": str(strategies),
        "ANSIBLE_STRATEGY": "mitogen_linear",
    }
    # Mitogen takes the place of the connection `local` only where it is named so.
    words = playing("provision", "-e", "ansible_connection=local", "-e", f"ansible_python_interpreter={python}")
    return stage.measured(name, words, environment, python)


def _mitogen() -> Path:
    """Return the Python of an environment with Mitogen, made when it is first needed."""
    folder = BUILD / "mitogen"
    python, mark = folder / "bin" / "python", folder / "installed"
    if not mark.exists() or mark.read_text() != " ".join(_MITOGEN):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *_MITOGEN]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotMeasureError(f"Mitogen could not be installed: {done.stderr.strip()[-300:]}")
        mark.write_text(" ".join(_MITOGEN))
    return python


def _unchanged(other: Controller, figure: Figure) -> Callable[[BenchSession], Measurement]:
    def measure(stage: BenchSession) -> Measurement:
        if not _WARM.exists():
            raise CannotMeasureError(f"{_WARM.relative_to(ROOT)} is not there.")
        theirs, ours = _again(stage, other), _again(stage, "hasite.aws.warm_local")
        detail = {"ours_run": ours.summary(), "theirs_run": theirs.summary()}
        return Measurement(getattr(ours, figure), getattr(theirs, figure), detail)

    return measure


# Configuring


def _configured(stage: BenchSession, way: Literal["ours", "upstream"]) -> tuple[Run, Run]:
    """Configure two machines that are new each time, and then once more."""
    provisioned(stage)

    def measure() -> tuple[Run, Run]:
        words = playing("configure")
        if way == "upstream":
            variables = upstream(stage)
            words += ["-e", json.dumps({"site_connection": variables.pop("ansible_connection"), **variables})]
        _renew_machines(stage)
        first, second = (
            stage.measured(f"configure-{way}-{run}", words, environment(stage, way)) for run in ("first", "second")
        )
        return first, second

    found: tuple[Run, Run] = stage.once("configured", way).or_else(measure)
    return found


def _renew_machines(stage: BenchSession) -> None:
    """Replace the machines if they were configured before, and empty the share."""
    if not stage.once("configured before").seen():
        return
    ec2 = Fleet(require(stage.place)).client("ec2")
    mine = [{"Name": "tag:hasite:site", "Values": [_SITE]}, {"Name": "instance-state-name", "Values": ["running"]}]

    def running() -> list[str]:
        found = ec2.describe_instances(Filters=mine)["Reservations"]
        return [instance["InstanceId"] for reservation in found for instance in reservation["Instances"]]

    machines = running()
    stage.on_machine(machines[0], "sh", "-c", f"rm -rf {_SHARE}/*")
    ec2.terminate_instances(InstanceIds=machines)
    wait_until(lambda: not running(), 60)
    _provision(stage)


def _configuring(run: Literal[0, 1]) -> Callable[[BenchSession], Measurement]:
    def measure(stage: BenchSession) -> Measurement:
        ours, theirs = _configured(stage, "ours")[run], _configured(stage, "upstream")[run]
        return Measurement(ours.seconds, theirs.seconds, {"ours_run": ours.summary(), "theirs_run": theirs.summary()})

    return measure


# Provisioning an empty account, with AWS's waits


def _timeline(stage: BenchSession) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stage.command("timeline", "--json"))
    return found


def _with_waits(stage: BenchSession) -> Measurement:
    """Hold a first run against the least time any tool could need, until the last thing that AWS makes is ready."""
    stage.lab("waits", "--waits", "aws", "--seed", _SEED)
    began = _timeline(stage)["now"]
    run = stage.measured("provision-waits", playing("provision"), {})
    waited = _timeline(stage)
    ready = max(wait["began"] + wait["seconds"] for wait in waited["waits"]) - began
    stage.command("timeline", "--picture", str(BUILD / "timeline.svg"))
    detail = {"seed": _SEED, "last_ready": ready, **run.summary()}
    return Measurement(max(run.seconds, ready), waited["critical_path_seconds"], detail)


BUILTIN = "builtin local connection"
ROWS = [
    Row("again", "provisioning, nothing to change", BUILTIN, 5, _unchanged("ansible.builtin.local", "seconds")),
    Row("again-cpu", "same, CPU of the controller", BUILTIN, 4, _unchanged("ansible.builtin.local", "cpu")),
    Row("again-mitogen", "provisioning, nothing to change", "Mitogen, core 2.19", 1, _unchanged("mitogen", "seconds")),
    Row("configure", "configuring 2 machines, first run", "amazon.aws.aws_ssm", 4, _configuring(0)),
    Row("configure-again", "configuring 2 machines, second run", "amazon.aws.aws_ssm", 4, _configuring(1)),
    Row("waits", "an empty account, AWS-like waits", "the critical path (at most 1.15 times)", 1 / 1.15, _with_waits),
]
