# SPDX-License-Identifier: GPL-3.0-or-later
"""Have the machines of a site find one update each, and be restarted by it (roles/updates)."""

from __future__ import annotations

from tests.integration.labs import run_lab
from tests.integration.owner import Owner

TURN = "/srv/site/.turns/update"
_PACKAGES = "/var/tmp/packages"
_REPLACE = f"""
import json
path = "/etc/hasite/updates.json"
with open(path) as file:
    settings = json.load(file)
settings |= {{"update": [["touch", "{_PACKAGES}/fixed"]], "list": ["ls", "{_PACKAGES}"]}}
with open(path, "w") as file:
    json.dump(settings, file)
"""


def on(owner: Owner, machine: str, *command: str) -> str:
    return run_lab(owner.place.name, "exec", machine, "--", *command).stdout


def prepare(owner: Owner, machine: str) -> None:
    """Give a machine one update to find, whatever the distribution has."""
    on(owner, machine, "mkdir", "-p", _PACKAGES)
    on(owner, machine, "rm", "-f", "/var/lib/hasite/updated")
    on(owner, machine, "python3", "-c", _REPLACE)


def ask(owner: Owner, machine: str) -> None:
    """Have a machine ask now whether it is its turn."""
    on(owner, machine, "systemctl", "start", "--no-block", "hasite-updates")


def host(owner: Owner, machine: str) -> str:
    return on(owner, machine, "hostname").strip()


def turn(owner: Owner, machine: str) -> str:
    """Return the host name of the machine whose turn it is, or "a playbook"; empty if nobody has it."""
    return on(owner, machine, "sh", "-c", f"cat {TURN} 2>/dev/null").strip()
