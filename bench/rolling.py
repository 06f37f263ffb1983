# SPDX-License-Identifier: GPL-3.0-or-later
"""The row of what changes machines one after the other: whether visitors notice."""

from __future__ import annotations

from dataclasses import asdict

from bench.row import Measurement, Row
from bench.run import BUILD
from bench.site import playing, provisioned
from bench.stage import BenchSession
from bench.visitors import MEMBERS, visiting
from lab.commands.shell import visitor
from tests.applications import membership

_HOST = "www.hasite.test"
_RATE = 70
"""Requests in a second."""


_CHANGES = {
    "another type": ("resize", "-e", "site_instance_type=t3.medium"),
    "a restart of Apache and PHP": ("configure", "-e", '{"web_hardening": false}'),
}
"""What interrupts a machine: the playbook that does it."""


def _rolling(stage: BenchSession) -> Measurement:
    """Change a site that visitors use, and count their requests and the answers."""
    provisioned(stage)
    folder = membership.assemble(BUILD / "members", "first")
    stage.measured("on-line", playing("site", "-e", f"site_files={folder}"), {})
    sent, answered, detail = 0, 0, {}
    for what, (play, *change) in _CHANGES.items():
        with visiting(visitor(stage.place), _HOST, _RATE, MEMBERS) as visits:
            run = stage.measured(f"rolling-{play}", playing(play, *change), {})
        sent, answered = sent + visits.sent, answered + visits.sent - len(visits.failed) - len(visits.mixed)
        detail[what] = {**asdict(visits), "rate": visits.rate, "playbook": run.summary()}
    return Measurement(sent, answered, detail)


ROWS = [
    Row("rolling", "requests while both machines are resized, then restarted", "answered", 1, _rolling, "requests"),
]
