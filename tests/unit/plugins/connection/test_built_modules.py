# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of `ansible-playbook` one after the other: a module is built once, and never run as it was before a change."""

from __future__ import annotations

import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]
MODULE = """
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.some.thing.plugins.module_utils.word import WORD
try:
    from ansible_collections.some.thing.plugins.module_utils.more import MORE
except ImportError:
    MORE = ""

def main():
    AnsibleModule(argument_spec=dict()).exit_json(word=WORD + MORE)

if __name__ == "__main__":
    main()
"""
TELL = "- some.thing.tell:\n"


class Evil:
    """What makes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


class Runs:
    """A collection, and runs of a play that uses it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.collections = folder / "first"
        self.write("module_utils/word.py", 'WORD = "one"\n')
        self.write("modules/tell.py", MODULE)

    @property
    def plugins(self) -> Path:
        return self.collections / "ansible_collections" / "some" / "thing" / "plugins"

    @property
    def kept(self) -> Path:
        return self.folder / "home" / "built_modules"

    def write(self, name: str, text: str) -> None:
        file = self.plugins / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def tell(self, tasks: str = TELL, **environment: str) -> tuple[list[str], int]:
        """Run a play; return the words that were told, and how many modules were built."""
        play = self.folder / "play.yml"
        lines = "\n".join(f"    {line}" for line in tasks.splitlines())
        play.write_text(f"- hosts: localhost\n  gather_facts: false\n  tasks:\n{lines}\n")
        connection = (
            "-e",
            "ansible_connection=hasite.aws.warm_local",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
        )
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-v", "-i", "localhost,", *connection, str(play)],
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": f"{self.collections}:{ROOT / 'playbooks' / 'collections'}",
                "ANSIBLE_DEBUG": "1",
                "ANSIBLE_HOME": str(self.folder / "home"),
                "XDG_STATE_HOME": str(self.folder / "state"),
                "ANSIBLE_WARM_LOCAL_CONTROL_PATH_DIR": str(self.folder / "c"),
                "ANSIBLE_WARM_LOCAL_IDLE_TIMEOUT": "1",
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return re.findall(r'=> \{.*"word": "(\w+)"', done.stdout), done.stdout.count("ANSIBALLZ: Creating module")


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_a_module_is_built_once(runs: Runs) -> None:
    assert runs.tell(TELL + TELL) == (["one", "one"], 1)
    assert runs.tell() == (["one"], 0)
    assert runs.tell(ANSIBLE_WARM_LOCAL_REUSE_BUILT_MODULES="false") == (["one"], 1)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("module_utils/word.py", 'WORD = "two"\n', "two"),
        ("module_utils/more.py", 'MORE = "more"\n', "onemore"),
        ("modules/tell.py", MODULE.replace("WORD + MORE", '"another"'), "another"),
    ],
)
def test_a_change_is_seen(runs: Runs, name: str, text: str, told: str) -> None:
    runs.tell()
    runs.write(name, text)
    assert runs.tell() == ([told], 1)
    assert runs.tell() == ([told], 0)
    assert len(list(runs.kept.iterdir())) == 1


def test_a_change_that_keeps_the_old_time_is_seen(runs: Runs) -> None:
    word = runs.plugins / "module_utils" / "word.py"
    before = word.stat()
    runs.tell()
    word.write_text('WORD = "two"\n')
    os.utime(word, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert runs.tell() == (["two"], 1)


def test_what_changes_during_a_run_is_not_kept(runs: Runs) -> None:
    word = runs.plugins / "module_utils" / "word.py"
    change = f"- ansible.builtin.copy: {{content: 'WORD = \"two\"', dest: {word}}}\n"
    assert runs.tell(TELL + change)[0] == ["one"]
    assert runs.tell(change.replace("two", "three") + TELL + change.replace("two", "four"))[0] == ["three"]
    assert runs.tell()[0] == ["four"]


def test_another_copy_of_a_collection_has_its_own(runs: Runs) -> None:
    runs.tell()
    first, runs.collections = runs.collections, runs.folder / "other"
    shutil.copytree(first, runs.collections)
    runs.write("module_utils/word.py", 'WORD = "other"\n')
    assert runs.tell() == (["other"], 1)
    runs.collections = first
    assert runs.tell() == (["one"], 0)


def test_own_module_utils_take_the_place_of_what_was_kept(runs: Runs) -> None:
    ping = "- ansible.builtin.ping:\n"
    assert runs.tell(ping)[1] == 1
    assert runs.tell(ping)[1] == 0
    role = runs.folder / "roles" / "own"
    (role / "module_utils").mkdir(parents=True)
    (role / "module_utils" / "anything.py").touch()
    (role / "tasks").mkdir()
    (role / "tasks" / "main.yml").write_text(ping)
    assert runs.tell("- ansible.builtin.include_role: {name: own}\n")[1] == 1


def test_a_folder_that_others_can_write_is_not_used(runs: Runs) -> None:
    runs.tell()
    runs.kept.chmod(0o777)
    assert runs.tell() == (["one"], 1)


def test_what_cannot_be_kept_is_built_each_time(runs: Runs) -> None:
    (runs.plugins / "modules" / ".#tell.py").symlink_to("an editor's lock")
    assert runs.tell() == (["one"], 1)
    assert runs.tell() == (["one"], 1)


def test_what_others_have_written_is_not_unpickled(runs: Runs) -> None:
    runs.tell()
    (built,) = runs.kept.glob("*/*.tell-*-none")
    seen = runs.folder / "seen"
    built.write_bytes(pickle.dumps(Evil(str(seen))))
    assert runs.tell() == (["one"], 1)
    assert not seen.exists()
    assert runs.tell() == (["one"], 0)


def test_another_user_s_key_counts_for_nothing(runs: Runs) -> None:
    runs.tell()
    (runs.folder / "state" / "hasite.aws" / "built_modules.key").write_bytes(bytes(32))
    assert runs.tell() == (["one"], 1)
    assert runs.tell() == (["one"], 0)
    (runs.folder / "state" / "hasite.aws" / "built_modules.key").chmod(0o644)
    assert runs.tell() == (["one"], 1)
