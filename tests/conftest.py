# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests find the collection as `ansible-playbook` does, and are spread over workers: each file's with one of them, and
files that share a site too."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

# A shell may forbid Python to keep what it has compiled: then each of the many processes here compiles it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Before any test names the collection: Python would take it for a package in several places.
init_plugin_loader([str(Path(__file__).parents[1] / "playbooks" / "collections")])

# How long an example takes, and how long it takes to find one, is the machine's business.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

ON_THE_DEMO_SITE = tuple(f"tests/integration/test_{one}.py" for one in ("drill", "faults", "schedules"))

SECONDS = {
    ON_THE_DEMO_SITE[0]: 1000,
    "tests/integration/test_site.py": 700,
    "tests/integration/test_interrupted_release.py": 700,
    "tests/integration/test_interrupted_teardown.py": 700,
    "tests/integration/test_connection_faults.py": 220,
    "tests/integration/test_fresh_machine.py": 180,
    "tests/integration/test_sessions.py": 170,
    "tests/integration/test_bad_input.py": 120,
    "tests/unit/playbooks/test_eventual_consistency.py": 110,
    "tests/integration/test_names.py": 90,
    "tests/integration/test_connection_conformance.py": 80,
    "tests/integration/test_load_balancer.py": 130,
    "tests/unit/plugins/callback/test_progress.py": 70,
    "tests/integration/test_failover_times.py": 60,
    "tests/integration/test_lifecycle.py": 50,
    "tests/unit/playbooks/test_drifted_network.py": 50,
    "tests/integration/test_warm.py": 50,
    "tests/integration/test_file_system.py": 40,
    "tests/integration/test_reachability.py": 40,
    "tests/integration/test_connection_secrets.py": 30,
    "tests/unit/plugins/plugin_utils/test_plan.py": 30,
    # Of those without a lab, which run by themselves.
    "tests/unit/plugins/connection/test_ssm.py": 57,
    "tests/unit/plugins/modules/test_site_release_killed.py": 40,
    "tests/unit/plugins/plugin_utils/test_session_command.py": 25,
    "tests/unit/lab/test_session_service.py": 20,
    "tests/integration/test_name_plane.py": 13,
    "tests/unit/plugins/connection/test_ssm_files.py": 12,
}
"""About how long a file of many seconds takes; of the others each test is taken for a tenth of one."""


class Spreading(LoadFileScheduling):
    """Sends the files of one site to one worker, so that it is built once, and the longest first.

    So the short ones are left for the end, where a worker without any would wait for the other.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return ON_THE_DEMO_SITE[0] if file in ON_THE_DEMO_SITE else file

    def _assign_work_unit(self, node: Any) -> None:
        longest = max(self.workqueue, key=lambda file: SECONDS.get(file, len(self.workqueue[file]) / 10))
        self.workqueue.move_to_end(longest, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Replace `--dist loadfile`; what else is asked for stays."""
    return Spreading(config, log) if config.getoption("dist") == "loadfile" else None
