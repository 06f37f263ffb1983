#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install security updates and restart this machine, unless another machine of the site is at it.

A file on the share says whose turn it is. A machine that has installed something has its load balancer send nobody any
more, restarts, and gives its turn away when its health page is well again: so the others serve visitors meanwhile, and
an update after which a machine is not well reaches no second one.

A playbook that interrupts machines one after the other holds all of them off meanwhile, by taking the turn for itself
(`hold`, and `release` at the end). A playbook that has ended without giving it back keeps it for an hour.

    update_in_turn.py SETTINGS [hold|release|restarted]

NFS 4.1 creates a file exclusively, once even if the request is sent again (RFC 8881, section 18.16); EFS has it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

PAUSE = 5
"""Seconds between two looks at the health page."""


PLAYBOOK = "a playbook"
"""Who has the turn while a playbook interrupts machines."""
HELD_SECONDS = 3600
BUSY = 75
"""The exit status if a machine is at it (EX_TEMPFAIL of sysexits.h)."""


def forget_playbook(turn: Path, seconds: float = HELD_SECONDS) -> None:
    """Take the turn from a playbook that has had it that long."""
    try:
        if turn.read_text().strip() == PLAYBOOK and time.time() - turn.stat().st_mtime >= seconds:
            turn.unlink()
    except FileNotFoundError:
        pass


def hold(turn: Path) -> int:
    """Take the turn for a playbook, also from an earlier one; return the exit status."""
    holder = take_turn(turn, PLAYBOOK)
    if holder != PLAYBOOK:
        print(f"{holder} installs updates.")
        return BUSY
    os.utime(turn)
    return 0


def take_turn(turn: Path, host: str) -> str:
    """Take the turn if nobody has it; return the host that has it."""
    turn.parent.mkdir(mode=0o755, exist_ok=True)
    try:
        handle = os.open(turn, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return turn.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(f"{host}\n")
    return host


def is_well(url: str, seconds: float) -> bool:
    """Wait for the health page to say that visitors may come, at most that long."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=PAUSE) as answer:  # noqa: S310  the machine's own health page
                return bool(answer.status == 200)
        except OSError:
            if time.monotonic() >= end:
                return False
            time.sleep(PAUSE)


def is_due(stamp: Path, seconds: float) -> bool:
    """Tell whether the last updates were installed that long ago."""
    return not stamp.exists() or time.time() - stamp.stat().st_mtime >= seconds


def install(settings: dict[str, Any]) -> bool:
    """Install updates; return whether there were any."""

    def installed() -> str:
        return subprocess.run(settings["list"], stdout=subprocess.PIPE, text=True, check=True).stdout

    before = installed()
    for command in settings["update"]:
        subprocess.run(command, check=True)
    Path(settings["stamp"]).touch()
    return installed() != before


def restart(settings: dict[str, Any]) -> None:
    """Have the load balancer send nobody, wait until it has noticed, and restart."""
    Path(settings["leaving"]).touch()
    time.sleep(settings["drain_seconds"])
    subprocess.run(settings["restart"], check=True)


def after_restart(settings: dict[str, Any], host: str) -> int:
    """Give the turn away if this machine has it and is well; return the exit status."""
    turn = Path(settings["turn"])
    if not turn.exists() or turn.read_text().strip() != host:
        return 0
    if not may_go_on(settings, host):
        return 1
    turn.unlink(missing_ok=True)
    return 0


def may_go_on(settings: dict[str, Any], host: str) -> bool:
    """Tell whether a machine that has the turn is well, and say so if not."""
    if is_well(settings["health"], settings["well_seconds"]):
        return True
    turn = settings["turn"]
    print(f"The health page is not well, so {host} keeps its turn: no machine is updated until {turn} is removed.")
    return False


def run(settings: dict[str, Any], host: str) -> int:
    """Do what is due; return the exit status."""
    turn, stamp = Path(settings["turn"]), Path(settings["stamp"])
    forget_playbook(turn)
    if not turn.exists() and not is_due(stamp, settings["pause_seconds"]):
        return 0
    holder = take_turn(turn, host)
    if holder != host:
        print(f"It is the turn of {holder}.")
        return 0
    if not may_go_on(settings, host):
        return 1
    try:
        changed = is_due(stamp, settings["pause_seconds"]) and install(settings)
    except (subprocess.CalledProcessError, OSError) as error:
        # Such as a mirror that does not answer: another machine may try.
        turn.unlink()
        print(error)
        return 1
    if changed:
        print("Updates were installed; this machine restarts.")
        restart(settings)
    else:
        # At the hour of updates the other timer may have given it away meanwhile.
        turn.unlink(missing_ok=True)
    return 0


def main() -> int:
    """Run the command."""
    settings, verbs = json.loads(Path(sys.argv[1]).read_text()), sys.argv[2:]
    turn = Path(settings["turn"])
    if verbs == ["hold"]:
        return hold(turn)
    if verbs == ["release"]:
        forget_playbook(turn, 0)
        return 0
    if verbs == ["restarted"]:
        return after_restart(settings, socket.gethostname())
    return run(settings, socket.gethostname())


if __name__ == "__main__":
    sys.exit(main())
