# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that updates one machine of a site after the other."""

from __future__ import annotations

import http.server
import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[3] / "roles" / "updates" / "files" / "update_in_turn.py"


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("update_in_turn", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Health(http.server.BaseHTTPRequestHandler):
    """A health page with the status that the test wants."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(type(self).status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The settings of a machine whose one update makes a file, and whose restart makes another."""
    Health.status = 200
    server = http.server.HTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {
        "turn": str(tmp_path / "share" / ".turns" / "update"),
        "health": f"http://127.0.0.1:{server.server_port}/health",
        "well_seconds": 0,
        "update": [["touch", str(tmp_path / "packages" / "fixed")]],
        "list": ["ls", str(tmp_path / "packages")],
        "stamp": str(tmp_path / "updated"),
        "pause_seconds": 3600,
        "leaving": str(tmp_path / "leaving"),
        "drain_seconds": 0,
        "restart": ["touch", str(tmp_path / "restarted")],
    }
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "packages").mkdir()


def made(folder: Path) -> set[str]:
    return {
        name for name in ("leaving", "restarted", "packages/fixed", "share/.turns/update") if (folder / name).exists()
    }


def test_a_machine_that_was_updated_restarts_and_gives_its_turn_away_afterwards(
    program: ModuleType, machine: dict[str, Any], tmp_path: Path
) -> None:
    assert program.run(machine, "a") == 0
    assert made(tmp_path) == {"leaving", "restarted", "packages/fixed", "share/.turns/update"}
    assert program.run({**machine, "stamp": str(tmp_path / "of b")}, "b") == 0, "it waits"
    assert made(tmp_path) >= {"share/.turns/update"}
    assert program.after_restart(machine, "b") == 0, "it has not the turn"
    assert made(tmp_path) >= {"share/.turns/update"}
    assert program.after_restart(machine, "a") == 0
    assert "share/.turns/update" not in made(tmp_path)


def test_a_machine_that_has_restarted_installs_nothing(
    program: ModuleType, machine: dict[str, Any], tmp_path: Path
) -> None:
    """Whatever the hour is: it may have been restarted by somebody, and updates may be due."""
    assert program.after_restart(machine, "a") == 0
    assert made(tmp_path) == set()


def test_without_updates_nothing_restarts(program: ModuleType, machine: dict[str, Any], tmp_path: Path) -> None:
    assert program.run({**machine, "update": [["true"]]}, "a") == 0
    assert made(tmp_path) == set()
    assert program.run(machine, "a") == 0, "it was looked after a moment ago"
    assert made(tmp_path) == set()


def test_a_machine_that_is_not_well_keeps_its_turn(
    program: ModuleType, machine: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program.run(machine, "a")
    Health.status = 503
    assert program.after_restart(machine, "a") == 1
    assert program.run(machine, "a") == 1
    assert "a keeps its turn" in capsys.readouterr().out
    assert made(tmp_path) >= {"share/.turns/update"}


def test_updates_that_fail_are_tried_again_later(program: ModuleType, machine: dict[str, Any], tmp_path: Path) -> None:
    assert program.run({**machine, "update": [["false"]]}, "a") == 1
    assert made(tmp_path) == set()
    assert program.run(machine, "b") == 0
    assert made(tmp_path) >= {"restarted"}


def test_a_playbook_holds_machines_off_until_it_has_ended(program: ModuleType, machine: dict[str, Any]) -> None:
    turn = Path(machine["turn"])
    assert program.hold(turn) == 0
    assert program.hold(turn) == 0, "another playbook, or the same one for its next machine"
    assert program.run(machine, "web-a") == 0
    assert not Path(machine["restart"][1]).exists()
    program.forget_playbook(turn)
    assert turn.exists()
    program.forget_playbook(turn, 0)
    assert not turn.exists()
    program.forget_playbook(turn, 0)


def test_a_playbook_waits_for_a_machine_that_is_at_it(program: ModuleType, machine: dict[str, Any]) -> None:
    turn = Path(machine["turn"])
    assert program.take_turn(turn, "web-a") == "web-a"
    assert program.hold(turn) == program.BUSY
    program.forget_playbook(turn, 0)
    assert turn.read_text() == "web-a\n"


def test_a_machine_that_lacks_the_command_gives_its_turn_away(program: ModuleType, machine: dict[str, Any]) -> None:
    assert program.run({**machine, "update": [["no-such-command"]]}, "web-a") == 1
    assert not Path(machine["turn"]).exists()
