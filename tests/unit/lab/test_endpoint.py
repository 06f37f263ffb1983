# SPDX-License-Identifier: GPL-3.0-or-later
"""The running lab as its own commands find it, also when it ends meanwhile."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from lab.base import paths
from lab.base.endpoint import Endpoint, ask, start_time
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.commands import lifecycle


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabPaths:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    return LabPaths("unit")


def test_a_lab_that_is_killed_while_it_answers_is_told_in_one_sentence(
    place: LabPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take_and_go() -> None:
            client, _ = listening.accept()
            client.recv(1024)
            client.close()

        going = threading.Thread(target=take_and_go)
        going.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        own = Endpoint(url, os.getpid(), str(start_time(os.getpid())), 1.0, "key", "secret")
        monkeypatch.setattr(Endpoint, "read", lambda _place: own)
        with pytest.raises(LabError, match=r"^The lab 'unit' did not answer \(.+\); its log, .+, may say why\.$"):
            ask(place, "/_lab/save", {"snapshot": "x"})
        going.join()


def test_a_lab_that_has_gone_meanwhile_is_ended_already() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        gone = Endpoint("http://127.0.0.1:1", process.pid, str(start_time(process.pid)), 1.0)
        process.kill()
    lifecycle._end(gone)
