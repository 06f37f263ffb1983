# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's state, as moto keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.backends import get_backend

ACCOUNT = "123456789012"
"""The lab's one AWS account."""


class Backends:
    """The API's state: moto's backends of the lab's account."""

    def regional(self, service: str) -> Iterator[tuple[str, Any]]:
        """Yield (region, backend) of each region in which the service has been used."""
        yield from list(get_backend(service)[ACCOUNT].items())

    def at(self, service: str, region: str) -> Any:
        """Return one region's backend; the region of global services is `aws`."""
        return get_backend(service)[ACCOUNT][region]
