# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeOrganizationConformancePacks without names describes all of them, where moto breaks.

https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeOrganizationConformancePacks.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.config.models import ConfigBackend

from lab.api.moto.extension import replaces


def extend() -> None:
    """Name them all, then."""

    @replaces(ConfigBackend, "describe_organization_conformance_packs")
    def describe_organization_conformance_packs(
        original: Callable[..., Any], self: Any, names: list[str] | None
    ) -> Any:
        return original(self, names or list(self.organization_conformance_packs))
