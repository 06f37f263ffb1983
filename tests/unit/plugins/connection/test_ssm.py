# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin, loaded as Ansible loads it, against a machine behind a stream of its own."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import stat
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.loader import become_loader

from tests.unit.plugins.connection.conftest import Connect, living, wait_until
from tests.unit.plugins.machine import Machine


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_streams_are_separate_and_exact(connect: Connect, machine: Machine, shell: str) -> None:
    (machine.home / "sh").symlink_to(f"/bin/{shell}")
    every_byte = bytes(range(256)) * 8 + "�".encode() + b"\xff"
    status, stdout, stderr = connect().exec_command("cat; printf 'a\\r\\nb' >&2; exit 42", in_data=every_byte)
    assert (status, stdout, stderr) == (42, every_byte, b"a\r\nb")


def test_workers_share_one_session(connect: Connect, machine: Machine) -> None:
    for number in range(4):
        connection = connect()
        assert connection.exec_command(f"echo {number}")[1] == f"{number}\n".encode()
        connection.close()
    assert machine.started == ["test-0"]


def test_command_runs_at_home_without_a_terminal(connect: Connect, machine: Machine) -> None:
    script = "pwd; tty; [ -t 0 ] || echo none; cat </dev/tty 2>/dev/null || echo refused"
    assert connect().exec_command(script)[1].decode().split("\n")[0] == str(machine.home)
    assert connect().exec_command(script)[1].endswith(b"none\nrefused\n")


def test_unicode_and_long_commands(connect: Connect) -> None:
    text = "ä€😀'\"$" + "x" * 200_000
    quoted = text.replace("'", "'\\''")
    assert connect().exec_command(f"printf %s '{quoted}'")[1].decode() == text


def test_big_input_and_output(connect: Connect) -> None:
    data = os.urandom(300_000)
    assert connect().exec_command("cat", in_data=data)[1] == data


def test_command_that_leaves_input_unread(connect: Connect) -> None:
    connection = connect()
    assert connection.exec_command("true", in_data=b"x" * 100_000) == (0, b"", b"")
    assert connection.exec_command("echo next")[1] == b"next\n"


def test_background_child_does_not_hold_the_answer(connect: Connect) -> None:
    begin = time.monotonic()
    assert connect().exec_command("sleep 30 & echo done")[1] == b"done\n"
    assert time.monotonic() - begin < 15


def become(password: str | None) -> Any:
    plugin = become_loader.get("ansible.builtin.sudo")
    plugin.set_options(direct={"become_pass": password, "become_user": "root"})
    return plugin


SUDO = """
if [ "$2" = -n ]; then echo 'sudo: a password is required' >&2; exit 1; fi
for try in 1 2 3; do
  printf '%s' "[sudo via ansible, key=$KEY] password:" >&2
  IFS= read -r given || { echo 'sudo: no password was provided' >&2; exit 1; }
  [ "$given" = right ] && { echo "BECOME-SUCCESS-$KEY"; exec cat; }
  echo 'Sorry, try again.' >&2
done
exit 1
"""


@pytest.mark.parametrize("password", ["right", "wrong"])
def test_password_is_given_only_when_asked(connect: Connect, password: str) -> None:
    connection = connect()
    plugin = become(password)
    plugin.build_become_command("true", connection._shell)
    key = plugin.success.removeprefix("BECOME-SUCCESS-")
    connection.set_become_plugin(plugin)
    command = f"KEY={key} sh -c {quoted(SUDO)}"
    if password == "wrong":
        with pytest.raises(AnsibleError, match="Incorrect sudo password"):
            connection.exec_command(command, in_data=b"module")
        return
    status, stdout, stderr = connection.exec_command(command, in_data=b"module")
    assert (status, stdout, stderr) == (0, f"{plugin.success}\nmodule".encode(), b"")


@pytest.mark.parametrize(
    "name",
    [
        *(f"ansible.builtin.{name}" for name in ("sudo", "su")),
        *(f"community.general.{name}" for name in ("doas", "dzdo", "ksu", "machinectl", "pbrun", "pmrun")),
        *(f"community.general.{name}" for name in ("sesu", "sudosu")),
    ],
)
def test_every_way_to_others_tells_by_what_it_asks(connect: Connect, name: str) -> None:
    connection, plugin = connect(), become_loader.get(name)
    plugin.set_options(direct={"become_pass": "right", "become_user": "other"})
    plugin.build_become_command("true", connection._shell)
    connection.set_become_plugin(plugin)
    password = connection._password()
    assert all(isinstance(prompt, str) and prompt for prompt in password.prompts)
    assert password.prompts


def test_doas_with_a_password_says_that_it_needs_a_terminal(connect: Connect, machine: Machine) -> None:
    (machine.home / "doas").write_text("#!/bin/sh\necho 'doas: Authentication failed' >&2\nexit 1\n")
    (machine.home / "doas").chmod(0o755)
    connection, plugin = connect(), become_loader.get("community.general.doas")
    plugin.set_options(direct={"become_pass": "right", "become_user": "other"})
    connection.set_become_plugin(plugin)
    with pytest.raises(AnsibleError, match="doas reads a password from a terminal only"):
        connection.exec_command(plugin.build_become_command("true", connection._shell))


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def test_socket_is_private(connect: Connect, tmp_path: Path) -> None:
    connect().exec_command("true")
    sockets = [entry for entry in (tmp_path / "c").iterdir() if entry.is_socket()]
    assert [stat.S_IMODE(entry.stat().st_mode) for entry in sockets] == [0o600]
    assert stat.S_IMODE((tmp_path / "c").stat().st_mode) == 0o700


def test_open_folder_is_refused(connect: Connect, tmp_path: Path) -> None:
    connection = connect()
    (tmp_path / "c").mkdir(mode=0o755)
    with pytest.raises(AnsibleConnectionFailure, match="chmod 700"):
        connection.exec_command("true")
    (tmp_path / "c").chmod(0o700)


def test_reset_ends_the_session(connect: Connect, machine: Machine, tmp_path: Path) -> None:
    connection = connect()
    connection.exec_command("true")
    connection.reset()
    assert not [entry for entry in (tmp_path / "c").iterdir() if entry.is_socket()]
    wait_until(lambda: machine.terminated == ["test-0"])
    connection.exec_command("true")
    assert machine.started == ["test-0", "test-1"]


def test_idle_session_ends(connect: Connect, machine: Machine) -> None:
    connect(idle_timeout=1).exec_command("true")
    wait_until(lambda: machine.terminated == ["test-0"])


def test_unshared_session_ends_with_its_worker(connect: Connect, machine: Machine) -> None:
    connection = connect(idle_timeout=0)
    connection.exec_command("true")
    connection.close()
    wait_until(lambda: machine.terminated == ["test-0"])


def test_session_ended_by_the_service_is_replaced(connect: Connect, machine: Machine) -> None:
    connection = connect()
    connection.exec_command("true")
    machine.end_sessions()
    wait_until(lambda: machine.terminated == ["test-0"])
    assert connection.exec_command("echo again")[1] == b"again\n"


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_session_takes_its_command_with_it(connect: Connect, machine: Machine, tmp_path: Path, shell: str) -> None:
    (machine.home / "sh").symlink_to(f"/bin/{shell}")
    connection = connect()
    connection.exec_command("true")
    trace = tmp_path / "trace"
    threading.Timer(1, machine.end_sessions).start()
    with pytest.raises(AnsibleConnectionFailure, match="ended by the service"):
        connection.exec_command(f"sleep 60 & echo $$ $! >{trace}; sleep 60")
    wait_until(lambda: not any(living(int(process)) for process in trace.read_text().split()))
    wait_until(lambda: not list(machine.home.glob(".ansible-ssm-*")))


def test_begun_command_is_not_repeated(connect: Connect, machine: Machine, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    connection = connect()

    def end_once_begun() -> None:
        wait_until(trace.exists)
        machine.end_sessions()

    threading.Thread(target=end_once_begun).start()
    with pytest.raises(AnsibleConnectionFailure, match="ended by the service"):
        connection.exec_command(f"echo run >>{trace}; sleep 60")
    assert trace.read_text() == "run\n"


def daemon(folder: Path) -> int:
    """Return the process that keeps the only session."""
    return peer(next(entry for entry in folder.iterdir() if entry.is_socket()))


def peer(path: Path) -> int:
    with socket.socket(socket.AF_UNIX) as worker:
        worker.connect(str(path))
        return int(struct.unpack("3i", worker.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])


def test_killed_daemon_is_replaced_and_its_session_ended(connect: Connect, machine: Machine, tmp_path: Path) -> None:
    connection = connect()
    connection.exec_command("true")
    os.kill(daemon(tmp_path / "c"), signal.SIGKILL)
    assert connection.exec_command("echo again")[1] == b"again\n"
    assert (machine.started, machine.terminated) == (["test-0", "test-1"], ["test-0"])


def test_daemon_killed_in_mid_command(connect: Connect, machine: Machine, tmp_path: Path) -> None:
    connection = connect()
    connection.exec_command("true")
    process = daemon(tmp_path / "c")
    threading.Timer(1, os.kill, (process, signal.SIGKILL)).start()
    with pytest.raises(AnsibleConnectionFailure, match="has ended while a command ran"):
        connection.exec_command("sleep 20")
    assert machine.terminated == ["test-0"]
    assert connection.exec_command("echo next")[1] == b"next\n"


def test_nothing_is_left_of_an_ended_session(connect: Connect, tmp_path: Path) -> None:
    connection = connect()
    connection.exec_command("true")
    process = daemon(tmp_path / "c")
    connection.reset()
    wait_until(lambda: not living(process))
    assert [entry.suffix for entry in (tmp_path / "c").iterdir()] == [".lock"]


def test_lost_connection_is_resumed(connect: Connect, machine: Machine) -> None:
    connection = connect()
    connection.exec_command("true")
    machine.cut()
    assert connection.exec_command("echo still")[1] == b"still\n"
    assert machine.started == ["test-0"]


def test_connection_is_resumed_after_an_outage(connect: Connect, machine: Machine) -> None:
    connection = connect()
    connection.exec_command("true")
    machine.outage = 4  # more than one call's own attempts
    machine.cut()
    assert connection.exec_command("echo still")[1] == b"still\n"
    assert (machine.started, machine.outage) == (["test-0"], 0)


def test_command_has_a_timeout_and_the_next_one_works(connect: Connect) -> None:
    connection = connect(command_timeout=1)
    with pytest.raises(AnsibleConnectionFailure, match=r"within 1 s.*command_timeout"):
        connection.exec_command("sleep 20")
    assert connection.exec_command("echo next")[1] == b"next\n"


def side_by_side(count: int, run: Callable[[], Any]) -> list[Any]:
    results: list[Any] = []

    def one() -> None:
        try:
            results.append(run())
        except AnsibleConnectionFailure as error:
            results.append(str(error))

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_commands_run_side_by_side(connect: Connect, machine: Machine, tmp_path: Path) -> None:
    """Each waits for all the others."""
    connect().exec_command("true")
    together = f'touch {tmp_path}/all-$$; until [ "$(ls {tmp_path} | grep -c all-)" -eq 4 ]; do sleep 0.1; done; echo 1'
    results = side_by_side(4, lambda: connect(command_timeout=30).exec_command(together))
    assert results == [(0, b"1\n", b"")] * 4
    assert 4 <= len(machine.started) <= 5


def test_a_session_is_enough_for_short_commands(connect: Connect, machine: Machine) -> None:
    connect().exec_command("true")
    assert side_by_side(4, lambda: connect().exec_command("echo 1")) == [(0, b"1\n", b"")] * 4
    assert machine.started == ["test-0"]


def test_waiting_counts_for_the_timeout(connect: Connect, machine: Machine, tmp_path: Path) -> None:
    connect().exec_command("true")
    options = {"max_sessions": 1, "command_timeout": 4}
    results = side_by_side(2, lambda: connect(**options).exec_command("sleep 3"))
    assert (0, b"", b"") in results
    assert any("command_timeout" in result for result in results)
    assert connect(max_sessions=1).exec_command("echo next")[1] == b"next\n"


def test_a_session_that_cannot_be_had_is_not_missed(connect: Connect, machine: Machine) -> None:
    connect().exec_command("true")
    machine.connected = False
    results = side_by_side(2, lambda: connect().exec_command("sleep 2; echo 1"))
    assert results == [(0, b"1\n", b"")] * 2
    machine.connected = True
    assert machine.started == ["test-0"]


def test_abandoned_command_ends_its_session(connect: Connect, machine: Machine, tmp_path: Path) -> None:
    connection = connect()
    connection.exec_command("true")
    from ansible_collections.hasite.aws.plugins.plugin_utils._ipc import framing as wire

    with socket.socket(socket.AF_UNIX) as worker:
        worker.connect(str(next(entry for entry in (tmp_path / "c").iterdir() if entry.is_socket())))
        assert wire.receive(worker)[0] == {"free": True}
        header = {"request": "run", "seconds": 0, "prompts": [], "success": ""}
        wire.send(worker, header, b"sleep 60", b"", b"")
        assert wire.receive(worker)[0] == {"begun": True}
    wait_until(lambda: machine.terminated == ["test-0"])
    assert connection.exec_command("echo next")[1] == b"next\n"


def test_unconnected_machine_is_explained_once(connect: Connect, machine: Machine) -> None:
    machine.connected = False
    with pytest.raises(AnsibleConnectionFailure, match="not connected to Session Manager") as caught:
        connect().exec_command("true")
    machine.connected = True
    assert caught.value.__cause__ is None, "Ansible adds the sentences of causes"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("session_type", ["Port", "NonInteractiveCommands"])
def test_a_document_without_a_shell_is_told_at_once(connect: Connect, machine: Machine, session_type: str) -> None:
    machine.session_type = session_type
    with pytest.raises(AnsibleConnectionFailure, match=f"is of type {session_type}.*Standard_Stream"):
        connect(reconnection_retries=3).exec_command("true")
    assert machine.started == ["test-0"]


def test_a_shell_that_takes_no_command_is_not_tried_again(connect: Connect, machine: Machine) -> None:
    (machine.home / "sh").write_text("#!/bin/bash\necho Who are you?\nexec sleep 60\n")
    (machine.home / "sh").chmod(0o755)
    with pytest.raises(AnsibleConnectionFailure, match=r"saw .*Who are you\?"):
        connect(reconnection_retries=3, connection_timeout=2).exec_command("true")
    assert machine.started == ["test-0"]


def test_sockets_are_in_the_home_of_ansible(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def home(folder: Path) -> Any:
        monkeypatch.setattr(constants.config, "get_config_value", lambda _name: str(folder))
        return connect(control_path_dir=None)

    # Names as short as people's own: those of pytest's folders leave no room for a socket's.
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        monkeypatch.setenv("HOME", str(top / "own"))
        assert home(top / "a").exec_command("echo 1")[1] == b"1\n"
        assert [entry for entry in (top / "a" / "ssm").iterdir() if entry.is_socket()]
        home(top / "a").reset()
        long = home(top / ("a" * 100))
        assert long.exec_command("echo 1")[1] == b"1\n"
        assert (top / "own" / ".ansible" / "ssm").exists()
        long.reset()


def test_a_folder_that_cannot_be_made_is_told_at_once(connect: Connect, machine: Machine) -> None:
    """As on a controller whose home is read-only."""
    with pytest.raises(AnsibleConnectionFailure, match=r"/proc/none/c cannot be made .*control_path_dir"):
        connect(control_path_dir="/proc/none/c", reconnection_retries=3).exec_command("true")
    assert not machine.started


def test_silent_machine_at_the_beginning(connect: Connect, machine: Machine) -> None:
    machine.silent = True
    with pytest.raises(AnsibleConnectionFailure, match="did not begin in time"):
        connect(connection_timeout=2).exec_command("true")


PYTHON = f"/bin/sh -c 'TASK=1 {sys.executable}'"
ARCHIVE = "A" * 50_000
"""A payload's long word: not an archive, but sent as one."""


def module(script: str) -> bytes:
    return f"#!/usr/bin/python\n_ = '{ARCHIVE}'\n{script}\n".encode()


WHERE = "import os; print(os.getppid(), os.environ['TASK'], os.getcwd())"


def warm(connect: Connect, **options: Any) -> tuple[Any, int]:
    """Return a connection, and the process that keeps an interpreter warm at its other end."""
    connection = connect(**options)
    status, stdout, stderr = connection.exec_command(PYTHON, in_data=module(WHERE))
    assert (status, stderr) == (0, b"")
    return connection, int(stdout.split()[0])


def test_modules_are_forks_of_one_interpreter_that_ends_with_the_session(connect: Connect, machine: Machine) -> None:
    connection, parent = warm(connect)
    seen = time.monotonic() + 2.5
    wait_until(lambda: time.monotonic() > seen)  # it looks every second whether it is over
    assert connection.exec_command(PYTHON, in_data=module(WHERE))[1] == f"{parent} 1 {machine.home}\n".encode()
    connection.reset()
    wait_until(lambda: not living(parent))


@pytest.mark.parametrize("keep", [True, False])
def test_module_streams_are_separate_and_exact(connect: Connect, keep: bool) -> None:
    connection = connect(warm_interpreter=keep)
    every_byte = bytes(range(256)) * 300
    script = (
        f"import os, sys; os.write(1, {every_byte!r}); os.write(2, b'a\\r\\n\\xff'); sys.stdin.read(); sys.exit(42)"
    )
    for _ in range(3):
        assert connection.exec_command(PYTHON, in_data=module(script)) == (42, every_byte, b"a\r\n\xff")


def test_what_the_machine_knows_is_not_sent_again(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    connection, parent = warm(connect)
    sent: list[int] = []
    run = type(connection)._run

    def counted(self: Any, command: bytes, stdin: bytes = b"", password: Any = None) -> Any:
        sent.append(len(stdin))
        return run(self, command, stdin, password)

    monkeypatch.setattr(type(connection), "_run", counted)
    connection.exec_command(PYTHON, in_data=module(f"{WHERE}; x = 'another'"))
    assert len(sent) == 1
    assert sent[0] < len(ARCHIVE) / 5
    other = module(WHERE).replace(b"AAAA", b"BBBB")
    assert connection.exec_command(PYTHON, in_data=other)[1].startswith(b"%d " % parent)
    assert len(sent) == 3
    connection.exec_command(PYTHON, in_data=other)
    assert len(sent) == 4


def test_module_that_kills_the_interpreter_is_not_repeated(connect: Connect, tmp_path: Path) -> None:
    connection, _parent = warm(connect)
    trace = tmp_path / "trace"
    script = f"import os; open({str(trace)!r}, 'a').write('run '); os.kill(os.getppid(), 9); os.write(1, b'x')"
    status, _stdout, stderr = connection.exec_command(PYTHON, in_data=module(script))
    assert (status, stderr) == (1, b"The module was lost: the interpreter has ended.\n")
    assert trace.read_text() == "run "
    assert connection.exec_command(PYTHON, in_data=module(WHERE))[0] == 0


ENDLESS = """
import os, subprocess, time
child = subprocess.Popen(["sleep", "60"])
open(os.environ["TRACE"], "w").write(f"{os.getpid()} {child.pid} {os.getppid()}")
time.sleep(60)
"""


def began(trace: Path) -> bool:
    return trace.exists() and len(trace.read_text().split()) == 3


def once_begun(trace: Path, act: Callable[[], None]) -> None:
    """Do something as soon as the endless module runs."""

    def watch() -> None:
        wait_until(lambda: began(trace))
        act()

    threading.Thread(target=watch).start()


@pytest.mark.parametrize("end", ["service", "timeout", "worker", "daemon"])
def test_an_interrupted_module_ends_with_its_session(
    connect: Connect, machine: Machine, tmp_path: Path, end: str
) -> None:
    connection, _parent = warm(connect, command_timeout=2 if end == "timeout" else 0)
    trace = tmp_path / "trace"
    command = PYTHON.replace("TASK=1", f"TRACE={trace}")
    if end == "worker":
        worker = os.fork()
        if not worker:
            with contextlib.suppress(BaseException):
                connection.exec_command(command, in_data=module(ENDLESS))
            os._exit(0)
        wait_until(lambda: began(trace))
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
    else:
        process = daemon(tmp_path / "c")
        if end == "service":
            once_begun(trace, machine.end_sessions)
        elif end == "daemon":
            once_begun(trace, lambda: os.kill(process, signal.SIGKILL))
        with pytest.raises(AnsibleConnectionFailure):
            connection.exec_command(command, in_data=module(ENDLESS))
    wait_until(lambda: not any(living(int(process)) for process in trace.read_text().split()))


def test_a_module_of_another_user_ends_with_the_session(connect: Connect, machine: Machine, tmp_path: Path) -> None:
    """The session's user may not signal it: as here, where it is in another session behind a sudo that goes on."""
    connection = connect()
    trace = tmp_path / "trace"
    plugin = become(None)
    plugin.build_become_command("true", connection._shell)
    key = plugin.success.removeprefix("BECOME-SUCCESS-")
    inner = f"echo BECOME-SUCCESS-{key} ; TRACE={trace} {sys.executable}"
    (machine.home / "sudo").write_text(
        '#!/bin/sh\ntrap : TERM HUP\nfor last; do :; done\nsetsid -w /bin/sh -c "$last"\n'
    )
    (machine.home / "sudo").chmod(0o755)
    command = f"/bin/sh -c {shlex.quote(f'sudo -H -S -n -u root /bin/sh -c {shlex.quote(inner)}')}"
    once_begun(trace, machine.end_sessions)
    with pytest.raises(AnsibleConnectionFailure, match="ended by the service"):
        connection.exec_command(command, in_data=module(ENDLESS))
    wait_until(lambda: not any(living(int(process)) for process in trace.read_text().split()))


def test_a_raw_command_of_another_user_ends_with_the_session(
    connect: Connect, machine: Machine, tmp_path: Path
) -> None:
    connection = connect()
    trace = tmp_path / "trace"
    plugin = become_loader.get("ansible.builtin.sudo")
    plugin.set_options(direct={"become_user": "root"})
    connection.set_become_plugin(plugin)
    # Nobody signals it: sudo goes on, and what it runs is in another session.
    (machine.home / "sudo").write_text(
        '#!/bin/sh\ntrap : TERM HUP\nfor last; do :; done\nsetsid -w /bin/sh -c "$last"\n'
    )
    (machine.home / "sudo").chmod(0o755)
    command = plugin.build_become_command(f"sleep 60 & echo $$ $! $PPID >{trace}; sleep 60", connection._shell)
    once_begun(trace, machine.end_sessions)
    with pytest.raises(AnsibleConnectionFailure, match="ended by the service"):
        connection.exec_command(command)
    wait_until(lambda: not any(living(int(process)) for process in trace.read_text().split()[:2]))
    command = plugin.build_become_command("echo whole; echo errors >&2; exit 42", connection._shell)
    status, stdout, stderr = connection.exec_command(command)
    assert (status, stdout, stderr) == (42, plugin.success.encode() + b"\nwhole\n", b"errors\n")


def test_module_under_become(connect: Connect, machine: Machine) -> None:
    connection = connect()
    for password in ("right", "right", "wrong"):
        plugin = become(password)
        plugin.build_become_command("true", connection._shell)
        key = plugin.success.removeprefix("BECOME-SUCCESS-")
        script = SUDO.replace('echo "BECOME-SUCCESS-$KEY"; exec cat', 'exec /bin/sh -c "$COMMAND"')
        (machine.home / "sudo").write_text(f"#!/bin/sh\nKEY={key}\nfor COMMAND; do :; done\n{script}")
        (machine.home / "sudo").chmod(0o755)
        connection.set_become_plugin(plugin)
        inner = f"echo BECOME-SUCCESS-{key} ; TASK=2 {sys.executable}"
        command = f"/bin/sh -c {quoted(f'sudo -H -S -u root /bin/sh -c {quoted(inner)}')}"
        if password == "wrong":
            with pytest.raises(AnsibleError, match="Incorrect sudo password"):
                connection.exec_command(command, in_data=module(WHERE))
        else:
            status, stdout, stderr = connection.exec_command(command, in_data=module(WHERE))
            assert (status, stderr) == (0, b"")
            assert stdout.split()[0] == plugin.success.encode()
            assert stdout.split()[2:] == [b"2", bytes(machine.home)]


def test_interpreter_that_cannot_stay_is_used_cold(connect: Connect, machine: Machine) -> None:
    old = machine.home / "python3.4"
    old.write_text(f'#!/bin/sh\n[ "$1" != -c ] || exit 1\nexec {sys.executable} "$@"\n')
    old.chmod(0o755)
    connection = connect()
    for _ in range(2):
        assert connection.exec_command(f"/bin/sh -c {old}", in_data=module("print('cold')")) == (0, b"cold\n", b"")
    status, stdout, stderr = connection.exec_command("/bin/sh -c /nowhere/python3", in_data=module(WHERE))
    assert (status, stdout) == (127, b"")
    assert b"not found" in stderr


@pytest.mark.parametrize("demand", ["true", "arn:aws:kms:ap-northeast-1:123456789012:key/1"])
def test_a_session_that_is_not_encrypted_is_ended(connect: Connect, machine: Machine, demand: str) -> None:
    connect().exec_command("true")
    with pytest.raises(AnsibleConnectionFailure, match="require_encryption demands it"):
        connect(require_encryption=demand, reconnection_retries=0).exec_command("true")
    wait_until(lambda: "test-1" in machine.terminated)
