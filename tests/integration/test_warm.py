# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules on a real machine, as forks of its warm interpreter and as ordinary processes: nobody can tell them apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.base.endpoint import require
from lab.base.paths import LabPaths
from tests.integration.fleet import Fleet
from tests.integration.labs import ROOT, installed

pytestmark = pytest.mark.lab

PLAY = """
- hosts: machine
  gather_facts: false
  environment: {TASK: "of the play"}
  tasks:
    - ansible.builtin.setup:
        gather_subset: [min, env, user]
      register: first
    - ansible.builtin.command: sh -c 'umask; pwd; id -un; echo $TASK $INNER; cat'
      environment: {INNER: "of the task"}
      changed_when: false
      loop: [1, 2, 3]
      register: seen
    - ansible.builtin.copy:
        content: "{{ 'ä€' * 3000 }}"
        dest: "/tmp/warm-{{ ansible_aws_ssm_warm_interpreter }}-{{ ansible_become }}"
        mode: "0604"
      register: copied
    - ansible.builtin.stat:
        path: "{{ copied.dest }}"
      register: file
    - ansible.builtin.command: ps -eo args
      changed_when: false
      register: processes
    - ansible.builtin.copy:
        content: "{{ dict(facts=first.ansible_facts, seen=seen.results | map(attribute='stdout_lines'),
                     file=file.stat, kept=processes.stdout is search('sys.stdin.buffer.read')) | to_json }}"
        dest: "{{ result }}"
        mode: "0600"
      delegate_to: localhost
      become: false
"""


def play(place: LabPaths, instance: str, folder: Path, *, warm: bool, become: bool) -> Any:
    endpoint = require(place)
    (folder / "play.yml").write_text(PLAY)
    result = folder / f"{warm}-{become}.json"
    given = {
        "ansible_connection": "hasite.aws.ssm",
        "ansible_aws_ssm_region": "ap-northeast-1",
        "ansible_aws_ssm_endpoint_url": endpoint.url,
        "ansible_aws_ssm_access_key_id": endpoint.access_key,
        "ansible_aws_ssm_secret_access_key": endpoint.secret_key,
        "ansible_aws_ssm_warm_interpreter": warm,
        "ansible_aws_ssm_control_path_dir": str(folder / "c"),
        "ansible_become": become,
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    inventory = {
        "all": {
            "vars": {"result": str(result)},
            "hosts": {"localhost": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}},
            "children": {"machine": {"hosts": {instance: None}, "vars": given}},
        }
    }
    (folder / "hosts.json").write_text(json.dumps(inventory))
    command = [installed("ansible-playbook"), "-vvv", "-i", str(folder / "hosts.json"), str(folder / "play.yml")]
    done = subprocess.run(command, cwd=ROOT, env=os.environ.copy(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {**json.loads(result.read_text()), "sent": done.stdout.count("does not know the module yet")}


MODULES = ("setup", "command", "stat", "copy")
CHANGING = {"ansible_date_time", "ansible_loadavg", "ansible_uptime_seconds"}
OF_THE_COMMAND = {"SUDO_COMMAND", "_", "SHLVL"}


def told(found: Any) -> Any:
    """Return what is to be the same: the clock goes on, and sudo names the command that it was given."""
    facts = {name: value for name, value in found["facts"].items() if name not in CHANGING}
    facts["ansible_env"] = {name: value for name, value in facts["ansible_env"].items() if name not in OF_THE_COMMAND}
    file = {name: found["file"][name] for name in ("checksum", "mode", "pw_name", "size")}
    return facts, found["seen"], file


@pytest.mark.parametrize("become", [False, True])
def test_modules_are_the_same_warm_and_cold(fleet: Fleet, place: LabPaths, tmp_path: Path, become: bool) -> None:
    warm = play(place, fleet.instances[0], tmp_path, warm=True, become=become)
    cold = play(place, fleet.instances[0], tmp_path, warm=False, become=become)
    assert told(warm) == told(cold)
    assert warm["kept"]
    # A module is sent once, whatever its arguments are: of the play's command only the first of four.
    assert warm["sent"] == len(MODULES)
    assert warm["seen"][0][2:] == ["root" if become else "ssm-user", "of the play of the task"]
