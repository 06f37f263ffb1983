# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has to hide is nowhere to be found, neither while it runs nor afterwards, on either side."""

from __future__ import annotations

import json
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.base.endpoint import require
from tests.integration.fleet import Fleet, Runner
from tests.integration.labs import keys
from tests.integration.leaks import files_with, script_that_finds
from tests.integration.small_world import until
from tests.integration.tap import tap, tokens

pytestmark = pytest.mark.lab
STRANGER = (Path(__file__).parent / "stranger.py").read_text()
FOLDERS = "/tmp/.ansible* /dev/shm/.ansible* /var/tmp/.ansible* /run/user/*/.ansible*"
REMOVE = "rm -f /etc/sudoers.d/zz-asked /var/tmp/there /var/tmp/go; userdel --remove asked 2>/dev/null || true"

PLAY = """
- hosts: one
  gather_facts: false
  vars:
    ansible_become_password: "{{ lookup('ansible.builtin.env', 'SECRET_PASSWORD') }}"
    argument: "{{ lookup('ansible.builtin.env', 'SECRET_ARGUMENT') }}"
  tasks:
    - ansible.builtin.uri:
        url: http://127.0.0.1:9/
        url_username: somebody
        url_password: "{{ argument }}"
        status_code: [-1]
      environment:
        VALUE: "{{ lookup('ansible.builtin.env', 'SECRET_ENVIRONMENT') }}"
    - ansible.builtin.command:
        cmd: sh -c 'touch /var/tmp/there; until test -e /var/tmp/go; do sleep 0.1; done'
        stdin: "{{ argument }}"
      no_log: true
      become: true
      become_user: asked
      changed_when: false
    - ansible.builtin.meta: reset_connection
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A home that others can enter, as homes often are; pytest's own folders are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="hasite-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def prepare(fleet: Fleet, password: str) -> None:
    """Require a password when the session's user becomes another one. It is in no argument of a process."""
    made = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password, capture_output=True, text=True, check=True
    ).stdout.strip()
    fleet.root(
        fleet.instances[0],
        f"{REMOVE}; useradd --create-home asked && usermod --password {shlex.quote(made)} ssm-user && "
        "printf 'ssm-user ALL=(asked) PASSWD: ALL\\n' >/etc/sudoers.d/zz-asked",
    )


def stranger_here(words: list[str], folder: Path) -> list[list[str]]:
    """Return what another user of the controller can do."""
    sockets = [str(path) for path in folder.rglob("*") if path.is_socket()]
    assert sockets, "there is a kept session"
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, *sockets, "--", str(folder), "/dev/shm"],
        input=json.dumps(words),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [each for each in json.loads(done.stdout) if each[1].startswith((str(folder), "/proc"))]


_JOIN = "import json, sys; w = sys.argv[1:]; print(json.dumps([a + b for a, b in zip(w[::2], w[1::2])]))"


def split(words: list[str]) -> list[str]:
    """Return the halves of words: what looks for them is not to be found by them."""
    return [half for word in words for half in (word[:8], word[8:])]


def stranger_there(fleet: Fleet, words: list[str]) -> list[list[str]]:
    """Return what another user of the machine can do."""
    python = "python3 -c " + shlex.quote(STRANGER)
    printed = f"""sockets=$(find {FOLDERS} -type s 2>/dev/null); test "$sockets" || exit 9
        python3 -c {shlex.quote(_JOIN)} {" ".join(shlex.quote(each) for each in split(words))} |
        {python} $sockets -- $(ls -d {FOLDERS} 2>/dev/null)"""
    return list(json.loads(fleet.root(fleet.instances[0], printed)))


def files_there(fleet: Fleet, words: list[str], since: str) -> str:
    """Return the machine's files that hold any of the words, and were changed since a file was; the journal, too."""
    return fleet.root(fleet.instances[0], f"{script_that_finds(words, since)}; true")


def files_here(words: list[str], folder: Path) -> list[str]:
    """Return the controller's files that a run could have left, and that hold any of the words."""
    return files_with(words, [folder, *Path("/tmp").glob(".ansible*"), *Path("/dev/shm").glob(".ansible*")])


def test_secrets_are_nowhere(fleet: Fleet, folder: Path) -> None:
    one = fleet.instances[0]
    given = {f"SECRET_{name}": f"{name}{secrets.token_hex(12)}" for name in ("PASSWORD", "ARGUMENT", "ENVIRONMENT")}
    fleet.root(one, "touch /var/tmp/since; sleep 0.01")
    with tap(require(fleet.place).url) as (url, answers):
        runner = Runner(
            fleet.place,
            folder,
            {"one": one},
            {"ansible_connection": "hasite.aws.ssm", "ansible_aws_ssm_endpoint_url": url},
        )
        (folder / "tmp").mkdir(mode=0o700)
        runner.environment |= {**given, "HOME": str(folder), "TMPDIR": str(folder / "tmp")}
        (folder / "play.yml").write_text(PLAY)
        # The agent makes the session's user in its first session.
        status, output = runner.run("ansible", "one", "-m", "ansible.builtin.ping")
        assert status == 0, output
        prepare(fleet, given["SECRET_PASSWORD"])
        try:
            run = runner.start("ansible-playbook", "-vvvv", str(folder / "play.yml"))
            said: list[str] = []
            listening = threading.Thread(target=lambda: said.append(run.communicate()[0]))
            listening.start()  # it says more than a pipe holds
            until(lambda: run.poll() is not None or fleet.root(one, "ls /var/tmp/there 2>/dev/null || true"), 120)
            assert run.poll() is None, said
            begun = tokens(answers)
            assert begun, "the tap has seen the session's beginning"
            words = [*given.values(), *begun, keys(fleet.place)["AWS_SECRET_ACCESS_KEY"]]
            here, there = stranger_here(words, folder), stranger_there(fleet, words)
            fleet.root(one, "touch /var/tmp/go")
            listening.join(60)
            assert run.returncode == 0, said
            (output,) = said
            assert {path for did, path in here if did == "read"} <= {
                str(folder / "hosts.json"),
                str(folder / "play.yml"),
            }
            assert [each for each in here if each[0] != "read"] == []
            assert there == []
            # An environment's value is part of the command, which every connection shows at -vvv.
            assert [word for word in words if word in output and word != given["SECRET_ENVIRONMENT"]] == []
            until(lambda: not runner.daemons())
            assert files_here(words, folder) == []
            assert files_there(fleet, words, "/var/tmp/since") == ""
        finally:
            runner.close()
            fleet.root(one, f"touch /var/tmp/go; {REMOVE}; rm -f /var/tmp/since")
