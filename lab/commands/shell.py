# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at the lab from inside: on a machine, or as a visitor on its internet."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.base.endpoint import require
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.plane.machines.container import Container
from lab.running.status import fetch

CLIENT = "client"


def visitor(place: LabPaths) -> list[str]:
    """Return the command prefix that runs a program as the visitor, who trusts the lab's authority."""
    authority = str(place.authority / "ca.pem")
    return [
        *("ip", "netns", "exec", place.namespace(CLIENT)),
        *("env", f"SSL_CERT_FILE={authority}", f"CURL_CA_BUNDLE={authority}", f"REQUESTS_CA_BUNDLE={authority}"),
    ]


def write_shell(place: LabPaths) -> Path:
    """Leave a shell that runs as the visitor, for Ansible's local connection (`ansible_shell_executable`)."""
    shell = place.folder / "visitor"
    shell.write_text(f'#!/bin/sh\nexec {shlex.join(visitor(place))} /bin/sh "$@"\n')
    shell.chmod(0o755)
    return shell


def command_at(place: LabPaths, where: str, words: Sequence[str]) -> list[str]:
    """Return the command that runs `words` on a machine, by instance id or Name tag, or as the visitor."""
    require(place)
    if where == CLIENT:
        return [*visitor(place), *words]
    machines = [row for row in fetch(place)["resources"] if row["kind"] == "instance"]
    found = [row for row in machines if where in (row["id"], row["name"])]
    if len(found) != 1:
        known = ", ".join(f"{row['id']} ({row['name']})" for row in machines) or "none"
        raise LabError(f"{where!r} names {len(found)} machines of the lab; it has {known}, and `client`.")
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return [*Container(place, found[0]["id"]).enter(terminal=terminal), *words]
