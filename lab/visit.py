# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at the lab from inside: on a machine, or as a visitor on its internet."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lab.endpoint import require
from lab.errors import LabError
from lab.place import Place
from lab.plane.container import Container
from lab.status import fetch

CLIENT = "client"
_BROWSER_SECONDS = 60


def visitor(place: Place) -> list[str]:
    """Return the command prefix that runs a program as the visitor, who trusts the lab's authority."""
    authority = str(place.authority / "ca.pem")
    return [
        *("ip", "netns", "exec", place.namespace(CLIENT)),
        *("env", f"SSL_CERT_FILE={authority}", f"CURL_CA_BUNDLE={authority}", f"REQUESTS_CA_BUNDLE={authority}"),
    ]


def write_shell(place: Place) -> Path:
    """Leave a shell that runs as the visitor, for Ansible's local connection (`ansible_shell_executable`)."""
    shell = place.folder / "visitor"
    shell.write_text(f'#!/bin/sh\nexec {shlex.join(visitor(place))} /bin/sh "$@"\n')
    shell.chmod(0o755)
    return shell


def command_at(place: Place, where: str, words: Sequence[str]) -> list[str]:
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


def browse(place: Place, url: str) -> Path:
    """Take a picture of the address in headless Chromium on the lab's internet; return the PNG's path."""
    require(place)
    for tool in ("chromium", "certutil"):
        if shutil.which(tool) is None:
            raise LabError(f"The command {tool} is not on this machine; install Debian's chromium and libnss3-tools.")
    picture = Path.cwd() / "build" / "browse.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hasite-lab-") as home:
        _trust(place, Path(home))
        command = [
            *(*visitor(place), f"HOME={home}", "chromium"),
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *(f"--user-data-dir={home}/profile", f"--screenshot={picture}", "--window-size=1000,700", url),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_BROWSER_SECONDS, check=False)
    if done.returncode:
        raise LabError(f"Chromium could not show {url}: {done.stderr.strip().splitlines()[-1]}")
    return picture


def _trust(place: Place, home: Path) -> None:
    """Chromium on Linux trusts what is in the user's NSS database."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    base = ["certutil", "-d", f"sql:{store}"]
    subprocess.run([*base, "-N", "--empty-password"], check=True, capture_output=True)
    authority = str(place.authority / "ca.pem")
    subprocess.run([*base, "-A", "-t", "C,,", "-n", "lab", "-i", authority], check=True, capture_output=True)
