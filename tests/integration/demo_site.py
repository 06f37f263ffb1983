# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo site, built once for all the tests that leave it as they found it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from lab.base.paths import LabPaths
from tests.integration.labs import place_of, run_lab, session_of, up
from tests.integration.owner import Owner

SPEED = 4
"""How many times as fast as real time its lab runs. Machines boot as fast as they can: at a higher speed their boots
would be longer than AWS's are."""


KEPT = "DEMO_LAB"
"""The environment variable that names a running lab with the demo site: it is used as it is, and not taken down."""


@contextmanager
def built(name: str) -> Iterator[Owner]:
    """Build the site in a lab of this name, and take the lab down afterwards; or use the one that is kept."""
    if kept := os.environ.get(KEPT):
        place = LabPaths(kept)
        yield Owner(place, session_of(place))
        return
    place = place_of(name)
    up(place.name, "--speed", str(SPEED))
    owner = Owner(place, session_of(place))
    owner.play("site")
    yield owner
    run_lab(place.name, "down")
