# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: rows made of what tasks return in check mode, and whole runs of ansible-playbook that need no lab."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.plugin_utils._plan import running
from plugins.plugin_utils._plan.rows import CHANGE, CREATE, REMOVE, Row, as_data, merged, moved, row_of, table
from tests.unit.plugins.callback.person import ROOT, environment

LONG = {f"key{number}": number for number in range(9)}


@pytest.mark.parametrize(
    ("result", "kind", "before", "after"),
    [
        ({"diff": {"before": {}, "after": {"name": "x", "size": 3}}}, CREATE, "", "name: x; size: 3"),
        ({"diff": {"before": {}, "after": LONG}}, CREATE, "", "9 settings"),
        ({"diff": {"before": {"name": "x"}, "after": {}}}, REMOVE, "name: x", ""),
        ({"diff": {"before": {"a": {"b": 1, "c": 2}}, "after": {"a": {"b": 1, "c": 3}}}}, CHANGE, "a.c: 2", "a.c: 3"),
        ({"diff": {"before": "one\ntwo\n", "after": "one\nthree\n"}}, CHANGE, "two", "three"),
        ({"diff": {"before": "", "after": "one\ntwo\n"}}, CREATE, "", "one two"),
        (
            {"diff": [{"before": {"a": 1}, "after": {"a": 1}}, {}, {"before": {"a": 1}, "after": {"a": 2}}]},
            CHANGE,
            "[",
            "[",
        ),
        (
            {
                "diff": {
                    "before": {"versioning": False, "policy": None},
                    "after": {"versioning": True, "policy": LONG, "tags": {"part": "content"}, "logging": "x"},
                }
            },
            CHANGE,
            "versioning: false",
            'versioning: true; policy: 9 settings; tags: {"part": "content"}; 1 more',
        ),
        (
            {
                "diff": {
                    "before": {"a": 1, "b": 1, "c": 1, "d": 1},
                    "after": {"a": 2, "b": 2, "c": 2, "d": 0, "e": False},
                }
            },
            CHANGE,
            "a: 1; b: 1; c: 1; 1 more",
            "a: 2; b: 2; c: 2; 2 more",
        ),
        ({"diff": {"prepared": ">>> Install php"}}, CREATE, "", ">>> Install php"),
        ({}, CHANGE, "", ""),
        ({"_ansible_no_log": True, "diff": {"before": "secret", "after": "other"}}, CHANGE, "", ""),
    ],
)
def test_a_row_says_what_differs(result: dict[str, Any], kind: str, before: str, after: str) -> None:
    row = row_of("hasite.aws.x : Set the thing", "localhost", "", result)
    assert row.kind == kind
    if before != "[":
        assert (row.before, row.after) == (before, after)


@pytest.mark.parametrize(("task", "kind"), [("Create it", CREATE), ("Remove it", REMOVE), ("Set it", CHANGE)])
def test_without_a_difference_the_name_of_the_task_says_what_it_does(task: str, kind: str) -> None:
    assert row_of(f"hasite.aws.x : {task}", "h", "i", {}).what == f"{kind}: {task} (i)"


@pytest.mark.parametrize(
    ("task", "message", "kind"),
    [
        ("Set the load balancer", "Would have created ALB if not in check mode.", CREATE),
        ("Set the load balancer", "Would have updated ALB if not in check mode.", CHANGE),
        ("Start the machines that are missing", "Would have launched instances if not in check_mode.", CREATE),
    ],
)
def test_a_module_says_in_check_mode_that_it_would_create_something(task: str, message: str, kind: str) -> None:
    assert row_of(task, "localhost", "", {"changed": True, "msg": message}).kind == kind


ROWS = [
    Row(CHANGE, "r : Second", "b", "two", "1", "2"),
    Row(CHANGE, "r : Second", "a", "one", "1", "2"),
    Row(CREATE, "r : Third", "", "one", "", "x"),
]


def test_the_order_of_hosts_does_not_count() -> None:
    assert merged(ROWS) == merged([ROWS[1], ROWS[0], ROWS[2], ROWS[2]])
    assert moved(as_data(ROWS), reversed(ROWS)) == []


def test_a_plan_of_another_world_is_told_from_this_one() -> None:
    now = [ROWS[0], ROWS[1], Row(CREATE, "r : Third", "", "one", "", "y")]
    assert moved(as_data(ROWS), now) == ["no longer to do: create: Third on one", "new: create: Third on one"]


def test_a_table_has_before_and_after_and_counts() -> None:
    shown = table([Row(CHANGE, "r : Set " + "many words " * 9, "", "one", "interval: 10", "interval: 30")])
    assert shown.splitlines()[0].split() == ["what", "where", "before", "after"]
    assert "interval: 10  interval: 30" in shown
    assert max(map(len, shown.splitlines())) < 160
    assert shown.endswith("1 to change.")
    assert "Nothing is to be done" in table([])


def test_the_run_in_check_mode_has_the_options_of_this_one() -> None:
    argv = ["/bin/ansible-playbook", "-i", "inventories/lab", "plan.yml", "-e", "a=1"]
    words = running.command(argv, ("plan.yml",), ["/x/site.yml"])
    assert words[1:] == [
        "/bin/ansible-playbook", *argv[1:3], *argv[4:], "--check", "--diff", "-e", '{"plan_file": null}', "/x/site.yml",
    ]  # fmt: skip


class Planner:
    """Somebody who plans a playbook of two tasks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tasks = [
            {
                "name": "Write it",
                "ansible.builtin.copy": {"content": "{{ text }}\n", "dest": f"{folder}/it", "mode": "0600"},
            },
            {"name": "Remove it", "ansible.builtin.file": {"path": f"{folder}/old", "state": "absent"}},
            {"name": "End", "ansible.builtin.assert": {"that": "fine | default(true)", "fail_msg": "It is not fine."}},
        ]
        self._write("planned.yml", [{"name": "p", "hosts": "localhost", "gather_facts": False, "tasks": tasks}])
        planning = [
            {
                "name": "Plan",
                "hasite.aws.site_plan": {
                    "playbooks": [f"{folder}/planned.yml"],
                    "saved": "{{ saved | default(omit) }}",
                },
                "register": "planned",
            },
            {
                "name": "Keep",
                "ansible.builtin.copy": {
                    "content": "{{ planned.rows | to_json }}",
                    "dest": f"{folder}/rows",
                    "mode": "0600",
                },
            },
        ]
        self._write("plan.yml", [{"name": "p", "hosts": "localhost", "gather_facts": False, "tasks": planning}])

    def _write(self, name: str, play: Any) -> None:
        (self.folder / name).write_text(yaml.safe_dump(play))

    def run(self, playbook: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        words = [
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            "-i",
            "localhost,",
            "-c",
            "local",
            str(self.folder / playbook),
        ]
        return subprocess.run(
            [*words, "-e", json.dumps(variables)],
            env=environment(self.folder, {}),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def rows(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads((self.folder / "rows").read_text())
        return found


@pytest.mark.slow
def test_a_plan_changes_nothing_tells_all_and_is_refused_when_the_world_has_moved_on(tmp_path: Path) -> None:
    planner = Planner(tmp_path)
    (tmp_path / "old").touch()
    done = planner.run("plan.yml", text="one")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "it").exists()
    assert (tmp_path / "old").exists()
    planned = planner.rows()
    assert [(row["kind"], row["task"]) for row in planned] == [("create", "Write it"), ("remove", "Remove it")]

    assert planner.run("plan.yml", text="one", saved=planned).returncode == 0
    (tmp_path / "old").unlink()
    refused = planner.run("plan.yml", text="one", saved=planned)
    assert refused.returncode == 2
    assert "no longer to do: remove: Remove it on localhost" in refused.stdout

    assert planner.run("planned.yml", text="one").returncode == 0
    planner.run("plan.yml", text="two")
    assert [(row["kind"], row["before"], row["after"]) for row in planner.rows()] == [("change", "one", "two")]
    planner.run("plan.yml", text="one")
    assert planner.rows() == []


@pytest.mark.slow
def test_what_can_not_be_planned_has_a_status_of_its_own(tmp_path: Path) -> None:
    done = Planner(tmp_path).run("plan.yml", text="one", fine=False)
    assert done.returncode == 4
    assert "It is not fine." in done.stdout
