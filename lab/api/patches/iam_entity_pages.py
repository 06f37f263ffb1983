# SPDX-License-Identifier: GPL-3.0-or-later
"""ListEntitiesForPolicy looks through all users, roles and groups, whatever the size of a page.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html; moto looks through one page of all
roles. The pages are cut from the whole list, as those of other operations are (`pages.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.iam.responses import IamResponse

from lab.api.moto.extension import replaces

_ALL = str(10**6)


def extend() -> None:
    """Look through all, and give the question back as it was."""

    @replaces(IamResponse, "list_entities_for_policy")
    def list_entities_for_policy(original: Callable[..., Any], self: Any) -> Any:
        asked = self.params
        self.params = {**{key: value for key, value in asked.items() if key != "Marker"}, "MaxItems": _ALL}
        try:
            return original(self)
        finally:
            self.params = asked
