# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes when each host began each task and how long it took, one JSON object a line, into the file BENCH_TIMES."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: bench_times
type: aggregate
short_description: seconds of each task on each host
description: Writes lines of JSON into the file that the environment's BENCH_TIMES names.
"""


class CallbackModule(CallbackBase):
    """Takes the time between a task's begin on a host and its result."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "bench_times"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._begun: dict[tuple[str, str], float] = {}
        self._file = Path(os.environ["BENCH_TIMES"]).open("w")  # noqa: SIM115  open for the run

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Note the begin."""
        self._begun[host.get_name(), task._uuid] = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Write what the task took."""
        self._end(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Write what the task took until it failed."""
        self._end(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Write what it took to find the host unreachable."""
        self._end(result, "unreachable")

    def _end(self, result: Any, state: str) -> None:
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        began = self._begun[host.get_name(), task._uuid]
        times = {"began": began, "seconds": time.monotonic() - began}
        line = {"task": task.get_name(), "host": host.get_name(), "state": state, **times}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
