# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The waiting half of the module `failover_wait`: shows a line at each look, and heeds stop conditions."""

from __future__ import annotations

import time
import typing as t
from dataclasses import asdict

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.hasite.aws.plugins.module_utils._failover.progress import Goal, line
from ansible_collections.hasite.aws.plugins.module_utils._failover.recording import read_record
from ansible_collections.hasite.aws.plugins.module_utils._failover.stopping import TIME, Conditions
from ansible_collections.hasite.aws.plugins.modules.failover_wait import ARGUMENTS

PAUSE = 2.0
"""Real seconds between two looks."""

display = Display()


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible has no types
    """Waits on the controller; what it looks at is on the visitor's host and here."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> dict[str, t.Any]:
        """Wait until the goal is met or time is up."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        dummy, options = self.validate_argument_spec(ARGUMENTS)
        if self._task.check_mode:
            return {**result, "skipped": True}
        goal = Goal(options["outcome"], options["healthy_targets"], options["edge"], tuple(options["stopped"]))
        stop = options["stop"]
        conditions = Conditions(stop["trouble"], tuple(stop["spared"]), stop["alarms"], options["timeout"])
        since = options["since"] or time.time()
        while True:
            looked = self._execute_module(module_args={**self._task.args, "since": since}, task_vars=task_vars)
            if looked.get("failed"):
                return {**result, **looked}
            states = read_record(options["states"], since)
            state = (states or [{}])[-1]
            elapsed = (time.time() - since) * options["speed"]
            told = line(elapsed, options["expected"], looked["visits"], state)
            display.display(f"  {told}")
            result |= {"elapsed": round(elapsed, 1), "progress": told}
            met = elapsed >= options["at_least"] and goal.met(looked["visits"], state)
            fired = conditions.fired(elapsed, looked["troubled"], states)
            if fired and not (met and fired.condition == TIME):
                why = f"The stop condition '{fired.condition}' is met: {fired.why}."
                said = f"Waited for {options['outcome']} in vain. {why} {told}"
                return {**result, "failed": True, "msg": said, "stop": asdict(fired)}
            if met:
                return result
            time.sleep(PAUSE)
