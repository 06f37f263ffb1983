# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host must have is missed in one sentence, before anything is made."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from lab.base.errors import LabError
from lab.commands import preflight


def test_a_file_system_without_devices_or_programs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = os.ST_NODEV | os.ST_NOEXEC | os.ST_RELATIME
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(f_flag=flags))
    with pytest.raises(LabError, match=r"/cache is mounted with nodev, noexec, and .*:dev,suid,exec"):
        preflight.refuse_mount(tmp_path / "cache")


def test_a_folder_that_is_not_there_yet_lies_where_its_parent_does(tmp_path: Path) -> None:
    preflight.refuse_mount(tmp_path / "a" / "b")


FIRST = "9:name=systemd:{}\n8:pids:/elsewhere\n"
SECOND = "0::{}\n"


@pytest.mark.parametrize(
    ("own", "folders", "refused"),
    [
        (FIRST.format("/"), ["systemd"], False),
        (FIRST.format("/user/session"), ["systemd/user/session"], False),
        (FIRST.format("/host/container"), ["systemd"], True),
        (FIRST.format("/host/container") + SECOND.format("/"), ["unified"], False),
        (FIRST.format("/") + SECOND.format("/host"), ["systemd", "unified"], True),
        (FIRST.format("/") + SECOND.format("/"), ["systemd", "unified"], False),
    ],
)
def test_a_container_that_does_not_see_its_own_control_group_is_refused(
    tmp_path: Path, own: str, folders: list[str], refused: bool
) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    if refused:
        with pytest.raises(LabError, match="--cgroupns=private"):
            preflight.refuse_control_groups(own, tmp_path)
    else:
        preflight.refuse_control_groups(own, tmp_path)


@pytest.mark.parametrize(("path", "refused"), [("/", False), ("/machine", False), ("/host/machine", True)])
def test_the_second_version_alone(tmp_path: Path, path: str, refused: bool) -> None:
    (tmp_path / "cgroup.controllers").touch()
    (tmp_path / "machine").mkdir()
    if refused:
        with pytest.raises(LabError, match="/host/machine is not below"):
            preflight.refuse_control_groups(SECOND.format(path), tmp_path)
    else:
        preflight.refuse_control_groups(SECOND.format(path), tmp_path)
