# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong between the controller and AWS is told in one sentence, at once, and no session is left."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.loader import shell_loader

from tests.unit.plugins.connection.conftest import Connect, wait_until
from tests.unit.plugins.machine import Machine

DENIED = "User: arn:aws:iam::1:user/x is not authorized to perform: {} on resource: arn:aws:ssm:::x"
LATE = "20261129T021500Z is now earlier than 20261129T022000Z (20261129T022500Z - 5 min.)"
EARLY = "20261129T023500Z is still later than 20261129T023000Z (20261129T022500Z + 5 min.)"
EXPIRED = ("ExpiredTokenException", "The security token included in the request is expired")
OWN_KEYS = {"access_key": None, "secret_key": None}


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (("AccessDeniedException", DENIED.format("ssm:StartSession")), "perform: ssm:StartSession"),
        (("InvalidDocument", "Document with name none does not exist."), "name none does not exist"),
        (EXPIRED, "The credentials for AWS have expired .*ansible_aws_ssm_profile"),
        (("RequestTimeTooSkewed", "too far"), "set the controller's clock"),
        (("InvalidSignatureException", f"Signature expired: {LATE}"), "set the controller's clock"),
        (("InvalidSignatureException", f"Signature not yet current: {EARLY}"), "set the controller's clock"),
        (("InvalidSignatureException", "The request signature we calculated does not match"), "refused a session"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_refusal_is_told_once(connect: Connect, machine: Machine, refusal: tuple[str, str], sentence: str) -> None:
    machine.refusals["StartSession"] = refusal
    with pytest.raises(AnsibleConnectionFailure, match=sentence):
        connect(reconnection_retries=3).exec_command("true")
    assert len(machine.callers) == 1, "another try would not help"


def test_the_region_that_was_asked_is_named(connect: Connect, machine: Machine) -> None:
    machine.refusals["StartSession"] = ("TargetNotConnected", "i-0 is not connected.")
    with pytest.raises(AnsibleConnectionFailure, match=r"Session Manager in eu-west-3\. Is that its region"):
        connect(region="eu-west-3").exec_command("true")


@pytest.mark.parametrize(
    "options",
    [{"region": "eu west"}, {"endpoint_url": "ssm"}, {"profile": "none"}],
    ids=lambda options: next(iter(options)),
)
def test_settings_that_cannot_be_right_are_told_at_once(
    connect: Connect, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it is tried again"))
    with pytest.raises(AnsibleConnectionFailure, match="SSM cannot be asked"):
        connect(reconnection_retries=3, **options).exec_command("true")
    monkeypatch.undo()


def profile(folder: Path, monkeypatch: pytest.MonkeyPatch, keys: Path) -> None:
    """Make a profile whose credentials a command tells: those that are in a file now."""
    command = folder / "credentials"
    command.write_text(f"#!{sys.executable}\nprint(open({str(keys)!r}).read())\n")
    command.chmod(0o755)
    (folder / "config").write_text(f"[profile renewed]\ncredential_process = {command}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_credentials_are_renewed_in_the_middle_of_a_run(
    connect: Connect, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys.json"

    def renew(key: str) -> None:
        keys.write_text(json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": "s", "SessionToken": "t"}))

    profile(tmp_path, monkeypatch, keys)
    renew("FIRST")
    connection = connect(profile="renewed", **OWN_KEYS)
    connection.exec_command("true")
    renew("SECOND")
    machine.cut()
    assert connection.exec_command("echo resumed")[1] == b"resumed\n"
    renew("THIRD")
    connection.reset()
    wait_until(lambda: machine.terminated == ["test-0"])
    connection.exec_command("true")
    assert list(dict.fromkeys(machine.callers)) == ["FIRST", "SECOND", "THIRD"]


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (EXPIRED, "connection is lost: The credentials for AWS have expired"),
        (("AccessDeniedException", DENIED.format("ssm:ResumeSession")), "connection is lost: .*ssm:ResumeSession"),
    ],
)
def test_a_session_that_may_not_be_resumed_says_why(
    connect: Connect, machine: Machine, tmp_path: Path, refusal: tuple[str, str], sentence: str
) -> None:
    connection, begun = connect(), tmp_path / "begun"
    machine.refusals["ResumeSession"] = refusal

    def cut() -> None:
        wait_until(begun.exists)
        machine.cut()

    with pytest.raises(AnsibleConnectionFailure, match=sentence), in_thread(cut):
        connection.exec_command(f"touch {begun}; sleep 30")
    wait_until(lambda: machine.terminated == ["test-0"])
    machine.refusals.clear()


class in_thread:  # noqa: N801 (used as a function)
    """Do something beside what is within."""

    def __init__(self, work: Any) -> None:
        from threading import Thread

        self._thread = Thread(target=work)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._thread.join()


def test_a_full_disk_at_the_beginning_leaves_no_session(
    connect: Connect, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.hasite.aws.plugins.plugin_utils._ssm.daemon import control

    connection = connect(reconnection_retries=3)
    touch = Path.touch

    def full(path: Path, *args: Any, **kwargs: Any) -> None:
        if path.suffix == ".session":
            raise OSError(28, "No space left on device", str(path))
        touch(path, *args, **kwargs)

    monkeypatch.setattr(control.Path, "touch", full)
    with pytest.raises(AnsibleConnectionFailure, match="cannot be kept: No space left on device"):
        connection.exec_command("true")
    assert machine.terminated == machine.started == ["test-0"]


def test_a_file_that_cannot_be_written_here_is_told(connect: Connect, machine: Machine, tmp_path: Path) -> None:
    (machine.home / "file").write_text("content")
    with pytest.raises(AnsibleError, match=r"file cannot be fetched to /proc/none/file: .* on the controller"):
        connect().fetch_file(str(machine.home / "file"), "/proc/none/file")
    with pytest.raises(AnsibleError, match=f"{tmp_path} cannot be copied: Is a directory on the controller"):
        connect().put_file(str(tmp_path), str(machine.home / "other"))
    assert not list(machine.home.glob("other*"))


def test_a_session_without_the_demanded_key_is_begun_once(connect: Connect, machine: Machine) -> None:
    with pytest.raises(AnsibleConnectionFailure, match="require_encryption demands it"):
        connect(require_encryption="true", reconnection_retries=3).exec_command("true")
    assert machine.started == ["test-0"]


def test_a_busy_session_is_not_waited_for(connect: Connect, machine: Machine, tmp_path: Path) -> None:
    """As with ssh's `-O stop`: the command goes on, the next one is in another session, and nothing is left."""
    begun, go_on = tmp_path / "begun", tmp_path / "go-on"
    results: list[Any] = []

    def work() -> None:
        results.append(connect().exec_command(f"touch {begun}; until [ -e {go_on} ]; do sleep 0.1; done; echo whole"))

    with in_thread(work):
        wait_until(begun.exists)
        connection = connect()
        connection.reset()
        assert connection.exec_command("echo next")[1] == b"next\n"
        assert (machine.started, machine.terminated) == (["test-0", "test-1"], [])
        go_on.touch()
    assert results == [(0, b"whole\n", b"")]
    wait_until(lambda: machine.terminated == ["test-0"])
    assert connection.exec_command("echo again")[1] == b"again\n"
    assert machine.started == ["test-0", "test-1"]


def test_windows_is_refused_in_one_sentence(connect: Connect, machine: Machine) -> None:
    connection = connect()
    connection._shell = shell_loader.get("ansible.builtin.powershell")
    with pytest.raises(AnsibleConnectionFailure, match=r"for Windows take amazon\.aws\.aws_ssm"):
        connection.exec_command("Get-Date")
    assert not machine.started
