# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor on a schedule, by the crontab that its documentation shows."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from lab.faults.breaking import break_, mend
from tests.integration.doctor import findings
from tests.integration.labs import ROOT, installed
from tests.integration.owner import Owner
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

CRONTAB = re.compile(r"^```\n(MAILTO=.*?)^```", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"([A-Z_]+)=(.*)")
ENTRY = re.compile(r"(?:\S+ ){5}(?P<command>.+)")


class Cron:
    """Runs the documentation's crontab as cron(8) does: by /bin/sh, with the crontab's few variables."""

    def __init__(self, owner: Owner, folder: Path) -> None:
        [crontab] = CRONTAB.findall((ROOT / "docs" / "doctor.md").read_text())
        assert "%" not in crontab  # cron(8) would make a new line of it
        *settings, entry = crontab.replace("/srv/shop", f"{folder}/shop").replace("/var/lib", str(folder)).splitlines()
        (folder / "shop" / "venv").mkdir(parents=True)
        (folder / "shop" / "inventory").symlink_to(ROOT / "inventories" / "lab")
        (folder / "shop" / "venv" / "bin").symlink_to(Path(installed("python")).parent)
        own = [SETTING.fullmatch(setting) for setting in settings]
        # What a crontab for a lab would say more than one for AWS: which lab, and where the collection is.
        lab = {"LAB_NAME": owner.place.name, "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/playbooks/collections"}
        self._environment = {"HOME": str(folder), "SHELL": "/bin/sh", **lab, **{one[1]: one[2] for one in own if one}}
        found = ENTRY.fullmatch(entry)
        assert found
        self._command = found["command"]
        self.report = folder / "shop" / "doctor.json"

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run the entry once; what it prints would be sent."""
        command = ["/bin/sh", "-c", self._command]
        return subprocess.run(
            command, env=self._environment, cwd="/", capture_output=True, text=True, timeout=120, check=False
        )


def test_the_crontab_sends_failures_only(demo: Owner, tmp_path: Path) -> None:
    cron = Cron(demo, tmp_path)
    until(lambda: findings(demo.place) == [], 120)
    quiet = cron.run()
    assert (quiet.returncode, quiet.stdout + quiet.stderr) == (0, ""), quiet.stdout[-2000:] + quiet.stderr[-2000:]
    break_(demo.place, "port-22-open", None, None)
    try:
        until(lambda: findings(demo.place) == ["port-22-open"], 60)
        sent = cron.run().stdout
    finally:
        mend(demo.place, "port-22-open")
    assert "port-22-open: " in sent
    assert "1 new (port-22-open), 0 gone, 0 still there" in sent
    assert [finding["code"] for finding in json.loads(cron.report.read_text())["findings"]] == ["port-22-open"]
    until(lambda: findings(demo.place) == [], 120)
    again = cron.run()
    assert (again.returncode, again.stdout + again.stderr) == (0, "")
