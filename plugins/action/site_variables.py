# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action `site_variables`: it is an action since only the controller knows which variables there are."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.hasite.aws.plugins.module_utils._settings import variables
from ansible_collections.hasite.aws.plugins.module_utils._settings.error import SettingsError

ARGUMENTS: dict[str, dict[str, t.Any]] = {}
PREFIX = "site_"


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible has no types
    """Looks at the names first, for a value may depend on one that is misspelt."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> dict[str, t.Any]:
        """Check every variable that begins as a site's do."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        self.validate_argument_spec(ARGUMENTS)
        found = sorted(name for name in task_vars if name.startswith(PREFIX))
        try:
            variables.check_names(found)
            for name in found:
                variables.check_value(name, self._value(name, task_vars[name]))
        except SettingsError as error:
            return {**result, "failed": True, "msg": str(error)}
        return {**result, "changed": False, "variables": found}

    def _value(self, name: str, given: t.Any) -> t.Any:
        try:
            return self._templar.template(given)
        except AnsibleError as error:
            raise SettingsError(f"{name} can't be worked out: {_first_cause(error)}") from error


def _first_cause(error: BaseException) -> BaseException:
    """Return the error with which it began: what comes after says only where it passed."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error
