# SPDX-License-Identifier: GPL-3.0-or-later
"""Private names of ansible-core, CPython and botocore are gone one by one: tasks give the same, with one warning."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ansible
import pytest

from plugins.plugin_utils._warm import private_core as core
from plugins.plugin_utils._warm import private_python as python
from plugins.plugin_utils._warm import sdk
from plugins.plugin_utils._warm.remote import ModuleRun
from tests.unit.plugins.machine import Machine

ROOT = Path(__file__).parents[4]
COLD = "No interpreter is kept warm"
ANEW = "Modules are built anew in each run"
MODULES = "module_utils/_internal/_ansiballz"
CHANGES: dict[str, tuple[str, str, dict[str, list[tuple[str, str]]]]] = {
    "nothing": ("", "", {}),
    "elsewhere": (
        ANEW,
        "it keeps what it has built elsewhere than in ansiballz_cache",
        {"executor/module_common.py": [("'ansiballz_cache'", "'ansiballz_store'")]},
    ),
    "another argument": (
        ANEW,
        "its payloads name no module_fqn",
        {
            "executor/module_common.py": [("module_fqn=remote_module_fqn,", "full_name=remote_module_fqn,")],
            "_internal/_ansiballz/_wrapper.py": [
                ("module_fqn: str", "full_name: str"),
                ("module_fqn=module_fqn", "module_fqn=full_name"),
            ],
        },
    ),
    "no print_paths": (
        ANEW,
        "it has no plugins.loader.module_utils_loader.print_paths",
        {"plugins/loader.py": [("def print_paths(", "def shown_paths(")]},
    ),
    "another base": (
        COLD,
        "ModuleNotFoundError: No module named 'ansible.module_utils._internal._ansiballz._loader'",
        {
            name: [("_ansiballz import _loader", "_ansiballz import _runner as _loader")]
            for name in (
                "executor/module_common.py",
                "_internal/_ansiballz/_wrapper.py",
                f"{MODULES}/_respawn_wrapper.py",
            )
        },
    ),
    "another packing": (
        COLD,
        "it packs modules in a way that is not known",
        {
            "executor/module_common.py": [("base64.b64encode(zipoutput", "base64.b85encode(zipoutput")],
            "_internal/_ansiballz/_wrapper.py": [("b64decode(zip_data)", "b85decode(zip_data)")],
        },
    ),
    "another command line": (
        COLD,
        "it runs modules by a command line that is not known",
        {"plugins/shell/__init__.py": [("''.join((env_string, cleaned", "''.join((env_string, 'exec ', cleaned")]},
    ),
}
PLAY = """
- hosts: all
  gather_facts: false
  environment: {OUTER: "1"}
  tasks:
    - ansible.builtin.command: sh -c 'echo $OUTER {{ item }}; echo error >&2'
      changed_when: false
      loop: [ä, b]
      register: said
    - ansible.builtin.stat:
        path: /etc/passwd
      register: found
    - ansible.builtin.command: "false"
      changed_when: false
      register: failed
      failed_when: failed.rc != 1
    - ansible.builtin.command: sh -c 'tr "\\0" " " </proc/$PPID/cmdline'
      changed_when: false
      register: parent
    - ansible.builtin.assert:
        that:
          - (parent.stdout is search('exec\\(sys.stdin|sys.modules')) == (warm | bool)
          - said.results | map(attribute='stdout') | list == ['1 ä', '1 b']
          - said.results | map(attribute='stderr') | unique | list == ['error']
          - found.stat.exists
    - ansible.builtin.meta: reset_connection
"""


def run(
    machine: Machine,
    folder: Path,
    environment: Mapping[str, str],
    interpreter: str | Path = sys.executable,
    *,
    warm: bool = True,
    play: str = PLAY,
) -> tuple[str, list[str]]:
    """Run a play over both connections and the builtin one; return what was said, and the warnings."""
    over_ssm = {
        "ansible_connection": "hasite.aws.ssm",
        "ansible_aws_ssm_instance_id": "i-0123456789abcdef0",
        "ansible_aws_ssm_region": "ap-northeast-1",
        "ansible_aws_ssm_endpoint_url": machine.url,
        "ansible_aws_ssm_access_key_id": "AKIAEXAMPLE",
        "ansible_aws_ssm_secret_access_key": "example",
        "ansible_aws_ssm_control_path_dir": str(folder / "s"),
        "ansible_aws_ssm_idle_timeout": 2,
    }
    hosts = {"near": {"ansible_connection": "hasite.aws.warm_local"}, "far": over_ssm}
    if play != PLAY:
        hosts["cold"] = {"ansible_connection": "ansible.builtin.local"}
    always = {"ansible_python_interpreter": str(interpreter), "warm": warm}
    (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": always}}))
    (folder / "play.yml").write_text(play)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            "-vvv",
            "-i",
            str(folder / "hosts.json"),
            str(folder / "play.yml"),
        ],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections"),
            "ANSIBLE_DEBUG": "1",
            "ANSIBLE_FORKS": "1",  # lines of several workers may be mixed
            "ANSIBLE_HOME": str(folder / "home"),
            "COLUMNS": "1000",
            "XDG_STATE_HOME": str(folder / "state"),
            "ANSIBLE_WARM_LOCAL_CONTROL_PATH_DIR": str(folder / "c"),
            "ANSIBLE_WARM_LOCAL_IDLE_TIMEOUT": "1",
            **environment,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said, re.findall(r"\[WARNING\]: (.*)", said)


@pytest.mark.acceptance
@pytest.mark.parametrize("change", CHANGES)
def test_a_name_of_ansible_core_is_gone(machine: Machine, tmp_path: Path, change: str) -> None:
    what, reason, files = CHANGES[change]
    package = tmp_path / "core" / "ansible"
    shutil.copytree(Path(ansible.__file__).parent, package)
    for name, texts in files.items():
        source = (package / name).read_text()
        for before, after in texts:
            assert before in source, f"ansible-core is another by now: {before} is not in {name}"
            source = source.replace(before, after)
        (package / name).write_text(source)
    if change == "another base":
        (package / MODULES / "_loader.py").rename(package / MODULES / "_runner.py")
    environment = {"PYTHONPATH": f"{tmp_path / 'core'}:{ROOT}"}
    keeps = change in ("nothing", "another base")
    for built in (2, 0) if keeps else (2,):
        said, warnings = run(machine, tmp_path, environment, warm=what != COLD)
        assert len(warnings) == bool(reason), warnings
        for warning in warnings:
            assert warning.startswith(f"{what}, for hasite.aws does not know ansible-core {ansible.__version__} well")
            assert warning.endswith(f"enough: {reason}.")
        assert said.count("ANSIBALLZ: Creating module") == built, "what is known of it goes on"


@pytest.mark.slow
def test_a_name_of_python_is_gone(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import atexit\ndel atexit._run_exitfuncs\n")
    other = tmp_path / "python3"
    other.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path / "site"} exec {sys.executable} "$@"\n')
    other.chmod(0o755)
    _said, (warning,) = run(machine, tmp_path, {}, other, warm=False)
    assert warning.startswith(COLD)
    assert warning.endswith("this Python has no atexit._run_exitfuncs.")


def installed(version: str) -> Path | None:
    """Return a Python of this version that pyenv, uv or the system has installed."""
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions"
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local" / "share" / "uv" / "python"))
    places = [*pyenv.glob(f"{version}.*"), *uv.glob(f"cpython-{version}.*"), Path("/usr/local"), Path("/usr")]
    return next((path for path in (place / "bin" / f"python{version}" for place in places) if path.exists()), None)


@pytest.mark.acceptance
@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14"])
def test_every_python_of_a_machine_is_kept_warm(machine: Machine, tmp_path: Path, version: str) -> None:
    interpreter = installed(version)
    if not interpreter:
        pytest.skip(f"Python {version} is not installed")
    assert run(machine, tmp_path, {}, interpreter)[1] == []


PEEK = """
#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils import secrets

def main():
    module = AnsibleModule(argument_spec=dict(plant=dict(type="bool")))
    if module.params["plant"]:
        secrets.register_secret("planted" + "-value")
    masked = secrets.mask_secrets("planted" + "-value")
    module.exit_json(known=len(masked) != len("planted" + "-value"), said="planted" + "-value")

if __name__ == "__main__":
    main()
"""
SECRETS = """
- hosts: all
  gather_facts: false
  tasks:
    - peek:
      register: before
    - ansible.builtin.assert:
        that: not before.known
    - peek:
        plant: true
      register: planted
    - ansible.builtin.debug:
        msg: It is {{ planted.said }}.
    - peek:
      register: after
    - ansible.builtin.assert:
        that:
          - planted.known
          - not after.known
    - ansible.builtin.meta: reset_connection
"""


@pytest.mark.acceptance
@pytest.mark.skipif(sys.version_info < (3, 13), reason="ansible-core 2.22 needs Python 3.13")
def test_the_newest_ansible_core_of_the_registry(machine: Machine, tmp_path: Path) -> None:
    """Also a pre-release. A module's secrets travel back from it, and the next fork does not know them."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--pre", "--no-deps"]
    subprocess.run([*pip, "--target", str(tmp_path / "core"), "ansible-core"], check=True)
    environment = {"PYTHONPATH": f"{tmp_path / 'core'}:{ROOT}"}
    for built in (2, 0):
        said, warnings = run(machine, tmp_path, environment)
        assert warnings == []
        assert said.count("ANSIBALLZ: Creating module") == built
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "peek.py").write_text(PEEK.lstrip())
    said, warnings = run(machine, tmp_path, environment, play=SECRETS)
    assert warnings == []
    assert said.count("It is $REDACTED$.") == 3, said
    assert "It is planted-value." not in said


def test_this_python_has_all_names() -> None:
    assert python.missing() == ""


def test_all_names_that_are_gone_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "_NAMES", ((sys, "version"), (sys, "_no"), (os, "_nor")))
    assert python.missing() == "this Python has no sys._no and no os._nor"


@pytest.mark.parametrize("gone", ["JSONFileLoader", "Loader"])
def test_another_botocore_reads_its_own_files(monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    def load_file() -> None: ...

    loader = SimpleNamespace(load_file=load_file, list_available_services=load_file, search_paths=())
    loaders: Any = SimpleNamespace(JSONFileLoader=loader, Loader=loader)
    delattr(loaders, gone)
    monkeypatch.setitem(sys.modules, "botocore.loaders", loaders)
    data = sdk.Data()
    data.record_imports({"files": ["/some/file"], "listings": [(("/some",), "service-2")]})
    data.install()
    assert loader.load_file is load_file


def test_without_its_temporary_folder_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("ansible.constants.DEFAULT_LOCAL_TMP")
    with pytest.raises(core.GoneError, match="no constant DEFAULT_LOCAL_TMP"):
        core.run_folder()


WRAPPED = b"#!/usr/bin/python3\ndef _ansiballz_main(): ...\nzip_data='" + b"A" * 2000 + b"'\n"


@pytest.mark.parametrize(
    ("payload", "understood", "told"),
    [
        (WRAPPED, True, ""),
        (WRAPPED, False, "command line"),
        (WRAPPED.replace(b"#!/usr/bin/python3\n", b""), False, "command line"),
        (WRAPPED.replace(b"python3", b"env python3"), False, ""),
        (WRAPPED.replace(b"python3", b"graalpy"), False, ""),
        (WRAPPED.replace(b"A", b"-"), True, "packs"),
        (b"#!/usr/bin/python3\nprint()\n", False, ""),
        (b"", False, ""),
    ],
)
def test_what_is_unknown_is_told(payload: bytes, understood: bool, told: str) -> None:
    found = core.obstacle(payload, understood=understood)
    assert told in found
    assert bool(told) == bool(found)


@pytest.mark.parametrize(
    ("said", "reason", "rest"),
    [
        (b"", "", b""),
        (b"error\n", "", b"error\n"),
        (b'error\nMARK "no \\u00e4"\nmore', "no ä", b"error\nmore"),
        (b"MARK \xff no JSON", r"b'\xff no JSON'", b""),
        (b'MARK "' + b"x" * 9999, "b'\"" + "x" * 297, b""),
    ],
)
def test_why_a_machine_refuses_is_not_of_the_module(said: bytes, reason: str, rest: bytes) -> None:
    request = ModuleRun(None, WRAPPED, 1, mark="MARK")  # type: ignore[arg-type]  # no command is needed
    assert request.refusal(said) == (reason, rest)
