# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault alone on one built site: it is seen, and after it is mended all is well again."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from lab.faults.breaking import break_, mend, states
from lab.faults.catalogue import FAULTS
from tests.integration.fault_effects import EFFECTS, Look
from tests.integration.labs import place_of, run_lab, up
from tests.integration.owner import Owner
from tests.integration.small_world import until

pytestmark = pytest.mark.lab

SPEED = 4
"""How many times as fast as real time this lab runs."""


@pytest.fixture(scope="module")
def look() -> Iterator[Look]:
    place = place_of("faults")
    up(place.name, "--speed", str(SPEED))
    owner = Owner(place, boto3.session.Session(aws_access_key_id="lab", aws_secret_access_key="nobody"))
    owner.play("site")
    yield Look(owner)
    run_lab(place.name, "down")


def test_every_fault_has_its_effect_here() -> None:
    assert set(EFFECTS) == set(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_seen_and_mended(look: Look, name: str) -> None:
    until(look.well, 120)
    break_(look.owner.place, name, None, None)
    try:
        until(lambda: EFFECTS[name](look), 90)
    finally:
        mend(look.owner.place, name)
    until(lambda: look.well() and not EFFECTS[name](look), 120)


def test_nothing_is_left_of_all_that(look: Look) -> None:
    assert not any(one.broken for one in states(look.owner.place))
    recap = look.owner.play("site", "--check", "--diff").rpartition("PLAY RECAP")[2]
    assert recap.count("changed=0") == recap.count("changed=")
