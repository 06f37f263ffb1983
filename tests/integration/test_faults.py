# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault alone on one built site: it is seen, the doctor names it and nothing else; mended, all is well again."""

from __future__ import annotations

import pytest

from lab.faults.breaking import break_, mend, states
from lab.faults.catalogue import FAULTS
from tests.integration.doctor import findings
from tests.integration.fault_effects import EFFECTS, Look
from tests.integration.small_world import until

pytestmark = pytest.mark.lab


def test_every_fault_has_its_effect_here() -> None:
    assert set(EFFECTS) == set(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_seen_and_mended(look: Look, name: str) -> None:
    until(look.well, 120)
    break_(look.owner.place, name, None, None)
    try:
        until(lambda: EFFECTS[name](look), 90)
        assert findings(look.owner.place) == [name]
    finally:
        mend(look.owner.place, name)
    until(lambda: look.well() and not EFFECTS[name](look), 120)
    assert findings(look.owner.place) == []


def test_nothing_is_left_of_all_that(look: Look) -> None:
    assert not any(one.broken for one in states(look.owner.place))
    recap = look.owner.play("site", "--check", "--diff").rpartition("PLAY RECAP")[2]
    assert recap.count("changed=0") == recap.count("changed=")
