# SPDX-License-Identifier: GPL-3.0-or-later
"""What a visitor on the lab's internet gets, by name and with the certificate verified."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from lab.base.paths import LabPaths
from lab.commands.shell import visitor


@dataclass(frozen=True)
class Answer:
    """What curl was answered; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: str


def fetch(place: LabPaths, url: str, *more: str) -> Answer:
    """Return the answer; one that never came is an error, so is a certificate that is not the name's."""
    command = [*visitor(place), "curl", "--silent", "--show-error", "--include", "--max-time", "20", *more, url]
    # A page may be in another character set.
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    lines = head.split("\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return Answer(int(lines[0].split()[1]), headers, body)
