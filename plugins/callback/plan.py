# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback plugin `hasite.aws.plan`."""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
type: aggregate
short_description: Writes down what a run in check mode would change
version_added: 0.1.0
author:
  - hasite.aws contributors (@hasite)
description:
  - Writes a line of JSON for each change of a task, and for each failure, to a file.
  - M(hasite.aws.site_plan) enables it for the run that it starts. By itself it is of no use.
  - Nothing is written of a task with C(no_log) but that it would change something.
requirements:
  - enabled in configuration
options:
  record:
    description: The file. Without one, nothing is written.
    type: path
    env:
      - name: HASITE_PLAN_RECORD
"""

import json
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase
from ansible_collections.hasite.aws.plugins.plugin_utils._plan.rows import as_data, row_of


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible has no types
    """Looks at every result."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "hasite.aws.plan"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: t.Any) -> None:
        if not result.task.loop:
            self._note(result, "")

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        self._note(result, str(self._get_item_label(result.result)))

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            self._write({"failed": f"{result.task.get_name()}: {result.result.get('msg', '')}"})

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._write({"failed": f"{result.host.get_name()}: {result.result.get('msg', '')}"})

    def _note(self, result: t.Any, item: str) -> None:
        if result.result.get("changed"):
            (row,) = as_data([row_of(result.task.get_name(), result.host.get_name(), item, result.result)])
            self._write(row)

    def _write(self, line: dict[str, str]) -> None:
        if record := self.get_option("record"):
            with Path(record).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
