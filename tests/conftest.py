# SPDX-License-Identifier: GPL-3.0-or-later
"""How tests are spread over workers: each file's with one of them, and files that share a site too."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

ON_THE_DEMO_SITE = ("tests/integration/test_drill.py", "tests/integration/test_faults.py")


class Spreading(LoadFileScheduling):
    """Sends the files of one site to one worker, so that it is built once."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return ON_THE_DEMO_SITE[0] if file in ON_THE_DEMO_SITE else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Replace `--dist loadfile`; what else is asked for stays."""
    return Spreading(config, log) if config.getoption("dist") == "loadfile" else None
