# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole site in an account that has AWS's rates, EC2's eventual consistency and AWS's quotas, in real time.

The tests build on each other, in order.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.labs import free_port, place_of, run_lab, session_of
from tests.integration.owner import Owner, healthy, machines_seen
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

MACHINES = {"demo-web-a", "demo-web-c"}


@pytest.fixture(scope="module")
def owner() -> Iterator[Owner]:
    place = place_of("limits")
    run_lab(place.name, "down")
    # An account's own quotas are 5 VPCs and 5 addresses; the default VPC and the site's two addresses are in them.
    limits = ("--throttling", "aws", "--consistency", "aws", "--quotas", "vpcs=2,addresses=2,nat-gateways=1")
    done = run_lab(place.name, "up", "--port", str(free_port()), *limits)
    assert done.returncode == 0, done.stderr
    yield Owner(place, session_of(place))
    run_lab(place.name, "down")


def test_the_site_is_built_although_calls_come_too_fast_and_too_early(owner: Owner) -> None:
    owner.play("site")
    assert machines_seen(owner) == MACHINES
    log = owner.place.log.read_text()
    assert "not seen yet: " in log, "the lab was as late as AWS"


def test_a_second_run_changes_nothing(owner: Owner) -> None:
    assert owner.changes(owner.play("provision")) == []
    assert "No finding." in owner.play("doctor")


def test_the_drill_keeps_its_budget(owner: Owner) -> None:
    owner.play("drill", "-e", "drill_stages=all_stopped,all_started")
    until(lambda: healthy(owner) == 2, 120)
    assert machines_seen(owner) == MACHINES


def test_it_is_taken_down(owner: Owner) -> None:
    owner.play("teardown", "-e", "site_delete_data=true")
    assert owner.status() == []
