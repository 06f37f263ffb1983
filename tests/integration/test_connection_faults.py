# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with a session ends in a sentence or in a clean retry, in time, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.fleet import BOOT, Fleet, Runner
from tests.integration.small_world import until

pytestmark = pytest.mark.lab
HERE = Path(__file__).parent
PROMPT = 20
"""Seconds within which the end of a command is told once its session has ended."""
ABSENT = 60
"""The lab gives an agent that vanishes without a word 30 s to come back."""


@pytest.fixture
def runner(fleet: Fleet, tmp_path: Path) -> Iterator[Runner]:
    variables = {"ansible_connection": "hasite.aws.ssm", "ansible_aws_ssm_idle_timeout": 15}
    made = Runner(fleet.place, tmp_path, {"one": fleet.instances[0]}, variables)
    yield made
    made.close()
    until(lambda: not fleet.sessions() and not made.daemons(), ABSENT)
    assert not [entry.name for entry in made.control.iterdir() if entry.suffix != ".lock"]
    assert not fleet.root(fleet.instances[0], "ls -d /tmp/.ansible-ssm-* 2>/dev/null || true"), "no folder is left"


def raw(runner: Runner, command: str, *words: str, seconds: float = 60) -> tuple[int, str]:
    return runner.run(
        "ansible", "one", "--module-name", "ansible.builtin.raw", "--args", command, *words, seconds=seconds
    )


class Long:
    """A long command, which leaves a line each time it begins."""

    def __init__(self, fleet: Fleet, runner: Runner, name: str) -> None:
        self._fleet, self._trace = fleet, f"/var/tmp/{name}"
        words = ("--module-name", "ansible.builtin.raw", "--args", f"echo begun >>{self._trace}; sleep 300")
        self._process = runner.start("ansible", "one", *words)
        until(lambda: self.begun)

    @property
    def begun(self) -> int:
        return self._fleet.root(self._fleet.instances[0], f"cat {self._trace} 2>/dev/null || true").count("begun")

    def fails(self, seconds: float) -> str:
        """Return what it said; it must have failed in time, and not have been repeated."""
        output = self._process.communicate(timeout=seconds)[0]
        assert self._process.returncode, output
        assert until(self._begun_at_last, 60) == 1
        return output

    def _begun_at_last(self) -> int:
        try:
            return self.begun
        except subprocess.CalledProcessError:  # the machine is down for a moment, as it is in a reboot
            return 0


def test_a_session_ended_in_mid_command(fleet: Fleet, runner: Runner) -> None:
    long = Long(fleet, runner, "ended")
    (session,) = fleet.sessions()
    fleet.ssm.terminate_session(SessionId=session)
    assert "The session was ended by the service" in long.fails(PROMPT)
    assert raw(runner, "echo again")[0] == 0


def test_a_killed_daemon(fleet: Fleet, runner: Runner) -> None:
    long = Long(fleet, runner, "daemon")
    (daemon,) = runner.daemons()
    os.kill(daemon, signal.SIGKILL)
    assert "The process that keeps the session has ended while a command ran" in long.fails(PROMPT)
    assert not fleet.sessions(), "also the session that nobody keeps any more is ended"
    assert raw(runner, "echo again")[0] == 0


def test_a_killed_ansible(fleet: Fleet, runner: Runner) -> None:
    long = Long(fleet, runner, "ansible")
    os.kill(long._process.pid, signal.SIGINT)
    long._process.communicate(timeout=PROMPT)
    until(lambda: not fleet.sessions(), PROMPT)
    assert "sleep 300" not in fleet.root(fleet.instances[0], "ps -eo args")


def test_a_stopped_agent(fleet: Fleet, runner: Runner) -> None:
    long = Long(fleet, runner, "stopped")
    fleet.root(fleet.instances[0], "systemctl stop amazon-ssm-agent")
    try:
        assert "The session was ended by the service" in long.fails(PROMPT)
        until(lambda: not fleet.connected(fleet.instances[0]))
        status, output = raw(runner, "true", "--extra-vars", "ansible_aws_ssm_retries=1")
        assert status
        assert "is not connected to Session Manager" in output
    finally:
        fleet.root(fleet.instances[0], "systemctl start amazon-ssm-agent")
    # The last of three attempts is 7 s after the first: enough for an agent that is just coming.
    assert raw(runner, "echo again", "--extra-vars", "ansible_aws_ssm_retries=5")[0] == 0


def test_an_agent_that_vanishes(fleet: Fleet, runner: Runner) -> None:
    long = Long(fleet, runner, "vanished")
    fleet.root(fleet.instances[0], "systemctl kill --kill-whom=main --signal=KILL amazon-ssm-agent")
    output = long.fails(ABSENT)
    assert "has left the session" in output or "has not answered" in output
    fleet.root(fleet.instances[0], "systemctl start amazon-ssm-agent")
    until(lambda: fleet.online(fleet.instances[0]), BOOT)
    assert raw(runner, "echo again")[0] == 0


def test_a_reboot(fleet: Fleet, runner: Runner) -> None:
    long = Long(fleet, runner, "rebooted")
    fleet.world.ec2.reboot_instances(InstanceIds=[fleet.instances[0]])
    assert "The session was ended by the service" in long.fails(ABSENT)
    wait = ("one", "--module-name", "ansible.builtin.wait_for_connection", "--args", "timeout=90 sleep=1 delay=2")
    status, output = runner.run("ansible", *wait)
    assert status == 0, output
    status, output = runner.run(
        "ansible", "one", "--become", "--module-name", "ansible.builtin.reboot", "--args", "reboot_timeout=120"
    )
    assert status == 0, output
    assert '"rebooted": true' in output


def test_a_full_disk(fleet: Fleet, runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(os.urandom(3_000_000))
    one = fleet.instances[0]
    fleet.root(one, "mkdir -p /mnt/small && mount -t tmpfs -o size=1M,mode=1777 tmpfs /mnt/small")
    try:
        words = (
            "--args",
            f"src={tmp_path}/file dest=/mnt/small/file mode=0600",
            "-e",
            "ansible_remote_tmp=/mnt/small/a",
        )
        status, output = runner.run("ansible", "one", "--module-name", "ansible.builtin.copy", *words)
        assert status
        assert "cannot be written" in output
        assert "No space left on device" in output
        assert not fleet.root(one, "find /mnt/small -type f")
    finally:
        fleet.root(one, "umount /mnt/small")


def test_a_full_disk_under_the_session_itself(fleet: Fleet, runner: Runner) -> None:
    one = fleet.instances[0]
    fleet.root(one, "mount -t tmpfs -o size=200k,mode=1777 tmpfs /tmp")
    try:
        status, output = raw(runner, "head -c 3000000 /dev/urandom 2>/dev/null; exit 0")
        assert status
        assert "is its disk (/tmp) or its memory (/dev/shm) full?" in output
        assert raw(runner, "echo again")[0] == 0
        fleet.root(one, "dd if=/dev/zero of=/tmp/fill bs=1k count=300 2>/dev/null || chmod 666 /tmp/fill")
        status, output = raw(runner, "df --output=avail /tmp | tail -1; : >/tmp/fill; echo 'room'")
        assert status == 0, output
        assert output.split()[-2:] == ["0", "room"]
    finally:
        fleet.root(one, "umount --lazy /tmp")


@pytest.mark.parametrize("become", [False, True])
def test_an_interrupted_module(fleet: Fleet, runner: Runner, become: bool) -> None:
    one, trace = fleet.instances[0], f"/var/tmp/interrupted-{become}"
    words = ("--module-name", "ansible.builtin.shell", "--args", f"echo begun >{trace}; sleep 321")
    process = runner.start("ansible", "one", *words, *(["--become"] if become else []))
    until(lambda: "begun" in fleet.root(one, f"cat {trace} 2>/dev/null || true"))
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=PROMPT)
    until(lambda: "sleep 321" not in fleet.root(one, "ps -eo args"), PROMPT)


def test_a_sudo_that_demands_a_terminal(fleet: Fleet, runner: Runner) -> None:
    one, rule = fleet.instances[0], "/etc/sudoers.d/terminal"
    fleet.root(one, f"echo 'Defaults requiretty' >{rule}; chmod 440 {rule}")
    try:
        assert "you must have a tty" in raw(runner, "sudo -n id")[1], "the rule is in force"
        for module, words in (("command", ("--args", "id -un")), ("raw", ("--args", "id -un")), ("ping", ())):
            status, output = runner.run("ansible", "one", "--become", "-m", f"ansible.builtin.{module}", *words)
            assert status == 0, output
            assert ("root" if words else "pong") in output
    finally:
        fleet.root(one, f"rm {rule}")


def test_runs_at_once_go_side_by_side(fleet: Fleet, runner: Runner) -> None:
    """Each waits for all the others, over as many sessions as that needs."""
    together = "touch /var/tmp/all-$$; until [ $(ls /var/tmp | grep -c all-) -eq 4 ]; do sleep 0.1; done; echo $((6*7))"
    runs = [
        runner.start("ansible", "one", "--module-name", "ansible.builtin.raw", "--args", together) for _ in range(4)
    ]
    for run in runs:
        output = run.communicate(timeout=ABSENT)[0]
        assert run.returncode == 0, output
        assert "42" in output
    fleet.root(fleet.instances[0], "rm /var/tmp/all-*")
