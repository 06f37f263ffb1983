# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action `site_plan`: it is an action since it starts ansible-playbook as the present one was started."""

from __future__ import annotations

import sys
import typing as t

from ansible import context
from ansible.plugins.action import ActionBase
from ansible_collections.hasite.aws.plugins.plugin_utils._plan.rows import as_data, moved, table
from ansible_collections.hasite.aws.plugins.plugin_utils._plan.running import PlanError, plan

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "playbooks": {"type": "list", "elements": "path", "required": True},
    "saved": {"type": "list", "elements": "dict"},
}


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible has no types
    """Plans on the controller."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> dict[str, t.Any]:
        """Return the plan, or compare it with a saved one."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        dummy, options = self.validate_argument_spec(ARGUMENTS)
        try:
            rows = plan(sys.argv, context.CLIARGS["args"], options["playbooks"])
        except PlanError as error:
            return {**result, "unreachable": True, "msg": f"What would change can't be told: {error}"}
        result |= {"changed": False, "rows": as_data(rows), "table": table(rows)}
        if options["saved"] is not None and (differences := moved(options["saved"], rows)):
            return {**result, "failed": True, "msg": _refusal(differences)}
        return result


def _refusal(differences: list[str]) -> str:
    more = f", and {len(differences) - 3} more" if len(differences) > 3 else ""
    return (
        "The world has moved on since the plan was saved, so nothing was changed "
        f"({'; '.join(differences[:3])}{more}); run playbooks/plan.yml again."
    )
