# SPDX-License-Identifier: GPL-3.0-or-later
"""The supervisor with a process of the test's own in the place of a container."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from lab.base.errors import LabError
from lab.plane.machines.container import REBOOTED
from lab.plane.machines.supervisor import MachineSupervisor
from lab.world.machines.machines import Machine

MACHINE = Machine(
    id="i-1",
    region="ap-northeast-1",
    zone="ap-northeast-1a",
    interface_id="eni-1",
    address="10.0.1.4",
    resolvers=("10.0.0.2",),
    search="ap-northeast-1.compute.internal",
    desired="running",
    starts=0,
    reboots=0,
    image_id="ami-1",
    host_name="ip-10-0-1-4",
    domain="ap-northeast-1.compute.internal",
)


@dataclass
class Sleeper:
    """Behaves as a container; its init is a `sleep`."""

    id: str = "i-1"
    done: list[str] = field(default_factory=list)
    status: int = 0
    broken: bool = False
    failing_starts: int = 0
    dead: bool = False
    """Whether its init has ended by the time that it has started."""
    _init: subprocess.Popen[bytes] | None = None

    def create(self, *_: Any) -> None:
        if self.broken:
            raise LabError("no room")
        self.done.append("create")

    def start(self) -> int:
        if self.failing_starts:
            self.failing_starts -= 1
            raise LabError("no way to the disk")
        self.done.append("start")
        if self.dead:
            self.status = 255
            return 0
        self._init = subprocess.Popen(["sleep", "60"])
        return self._init.pid

    def renew_lease(self, machine: Machine) -> None:
        self.done.append(f"ask {' '.join(machine.resolvers)}")

    def has_booted(self, process: int) -> bool:
        return self._init is not None and process == self._init.pid

    def end_by_itself(self, status: int) -> None:
        self.status = status
        assert self._init is not None
        self._init.send_signal(signal.SIGKILL)

    def wait(self) -> int:
        if self._init:
            self._init.wait()
        return self.status

    def stop(self) -> None:
        self.done.append("stop")
        assert self._init is not None
        self._init.kill()
        self._init.wait()

    def remove(self) -> None:
        self.done.append("remove")
        if self._init:
            self._init.kill()
            self._init.wait()

    def discard(self) -> None:
        self.remove()
        self.done.append("discard")


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


@pytest.fixture
def reports() -> list[str]:
    return []


@pytest.fixture
def supervisor(sleeper: Sleeper, reports: list[str]) -> Iterator[MachineSupervisor]:
    def report(_id: str, state: str, reason: str = "") -> None:
        reports.append(f"{state} {reason}".strip())

    made = MachineSupervisor(sleeper, lambda: "image", Path("ca.pem"), report)  # type: ignore[arg-type]
    yield made
    made.end()
    made.join()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_machine_is_created_started_and_seen_to_boot(
    supervisor: MachineSupervisor, sleeper: Sleeper, reports: list[str]
) -> None:
    supervisor.want(MACHINE)
    until(lambda: reports == ["running", "booted"])
    assert sleeper.done == ["create", "start"]


def test_stop_and_start_keep_the_disk(supervisor: MachineSupervisor, sleeper: Sleeper, reports: list[str]) -> None:
    supervisor.want(MACHINE)
    until(lambda: "booted" in reports)
    supervisor.want(replace(MACHINE, desired="stopped"))
    until(lambda: reports[-1] == "stopped")
    supervisor.want(replace(MACHINE, starts=1))
    until(lambda: reports[-2:] == ["running", "booted"])
    assert sleeper.done == ["create", "start", "stop", "start"]


def test_start_that_failed_is_tried_again(
    supervisor: MachineSupervisor, sleeper: Sleeper, reports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.plane.machines.supervisor._PAUSE", 0.01)
    supervisor.want(MACHINE)
    until(lambda: "booted" in reports)
    supervisor.want(replace(MACHINE, desired="stopped"))
    until(lambda: reports[-1] == "stopped")
    sleeper.failing_starts = 1
    supervisor.want(replace(MACHINE, starts=1))
    until(lambda: reports[-2:] == ["running", "booted"])


def test_what_dhcp_says_anew_is_taken_over_once(
    supervisor: MachineSupervisor, sleeper: Sleeper, reports: list[str]
) -> None:
    supervisor.want(MACHINE)
    until(lambda: "booted" in reports)
    supervisor.want(replace(MACHINE, resolvers=("192.0.2.53",)))
    until(lambda: sleeper.done == ["create", "start", "ask 192.0.2.53"])
    supervisor.want(replace(MACHINE, resolvers=("192.0.2.53",), desired="stopped"))
    until(lambda: reports[-1] == "stopped")
    supervisor.want(replace(MACHINE, resolvers=("10.0.0.2",), starts=1))
    until(lambda: sleeper.done[2:] == ["ask 192.0.2.53", "stop", "start", "ask 10.0.0.2"])


def test_reboot_is_a_stop_and_a_start(supervisor: MachineSupervisor, sleeper: Sleeper, reports: list[str]) -> None:
    supervisor.want(MACHINE)
    until(lambda: "booted" in reports)
    supervisor.want(replace(MACHINE, reboots=1))
    until(lambda: sleeper.done == ["create", "start", "stop", "start"])
    until(lambda: reports == ["running", "booted", "booted"])


def test_machine_that_reboots_itself_is_started_again(
    supervisor: MachineSupervisor, sleeper: Sleeper, reports: list[str]
) -> None:
    supervisor.want(MACHINE)
    until(lambda: "booted" in reports)
    sleeper.end_by_itself(REBOOTED)
    until(lambda: sleeper.done == ["create", "start", "start"])
    assert "stopped" not in reports


def test_machine_that_powers_off_stays_off_until_it_is_started(
    supervisor: MachineSupervisor, sleeper: Sleeper, reports: list[str]
) -> None:
    supervisor.want(MACHINE)
    until(lambda: "booted" in reports)
    sleeper.end_by_itself(130)
    until(lambda: reports[-1] == "stopped")
    # The world may not have heard of it yet, and still want what it wanted.
    supervisor.want(replace(MACHINE, zone="again"))
    time.sleep(0.05)
    assert sleeper.done == ["create", "start"]
    supervisor.want(replace(MACHINE, starts=1))
    until(lambda: sleeper.done == ["create", "start", "start"])


def test_terminated_machine_loses_its_disk(supervisor: MachineSupervisor, sleeper: Sleeper, reports: list[str]) -> None:
    supervisor.want(MACHINE)
    until(lambda: "booted" in reports)
    supervisor.want(replace(MACHINE, desired="terminated"))
    until(lambda: reports[-1] == "terminated")
    assert sleeper.done == ["create", "start", "stop", "remove", "discard"]


def test_machine_that_cannot_be_made_is_given_up(
    supervisor: MachineSupervisor, sleeper: Sleeper, reports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.plane.machines.supervisor._PAUSE", 0.01)
    sleeper.broken = True
    supervisor.want(MACHINE)
    until(lambda: reports == ["terminated Server.InternalError: no room"])


def test_machine_whose_init_ends_at_once_is_given_up(
    supervisor: MachineSupervisor, sleeper: Sleeper, reports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.plane.machines.supervisor._PAUSE", 0.01)
    sleeper.dead = True
    supervisor.want(MACHINE)
    until(lambda: bool(reports))
    assert reports[0] == "terminated Server.InternalError: its init ended at once, with status 255."
