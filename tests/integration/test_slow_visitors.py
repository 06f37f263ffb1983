# SPDX-License-Identifier: GPL-3.0-or-later
"""One visitor who is slow on many connections takes the site away from nobody (tests/integration/slow_visitor.py).

Real packets, bounded in rate and time. The figures of docs/php.md are what these tests print (pytest -s).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.labs import place_of, run_lab, session_of, up
from tests.integration.owner import Owner, healthy
from tests.integration.patience import Slowness, endure
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

SLOW = {
    "bodies to the health page": Slowness("body", 12, 600, "/health"),
    "bodies to pages": Slowness("body", 20, 600),
    "many bodies to pages": Slowness("body", 120, 2500),
    "bodies in chunks to pages": Slowness("chunked", 20, 600),
    "headers": Slowness("headers", 100, 10),
    "idle connections": Slowness("idle", 300, 0),
    "large bodies": Slowness("body", 12, 400_000, seconds=45),
}


@pytest.fixture(scope="module")
def owner() -> Iterator[Owner]:
    place = place_of("slow")
    up(place.name)
    made = Owner(place, session_of(place))
    made.play("site")
    yield made
    run_lab(place.name, "down")


@pytest.mark.parametrize("what", SLOW)
def test_the_site_serves_others_while_one_visitor_is_slow(owner: Owner, what: str) -> None:
    until(lambda: healthy(owner) == 2, 60)
    seen = endure(owner, SLOW[what])
    print(f"\n{what}: {len(seen.answers)} visits, slowest {seen.slowest:.2f} s; slow ones: {seen.told.splitlines()}")
    assert len(seen.answers) > 10
    assert seen.refused == []
    assert set(seen.healthy) == {2}
    assert "Error" not in seen.told, "the slow visitor got its connections"
