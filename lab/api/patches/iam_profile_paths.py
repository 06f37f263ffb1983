# SPDX-License-Identifier: GPL-3.0-or-later
"""ListInstanceProfiles lists those below PathPrefix.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfiles.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from lab.api.moto.extension import replaces


def extend() -> None:
    """Leave out the others."""

    @replaces(IamResponse, "list_instance_profiles")
    def list_instance_profiles(original: Callable[..., Any], self: Any) -> ActionResult:
        prefix = self._get_param("PathPrefix") or "/"
        found = original(self).result
        kept = [profile for profile in found["InstanceProfiles"] if profile.path.startswith(prefix)]
        return ActionResult({**found, "InstanceProfiles": kept})
