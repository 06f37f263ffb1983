# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sites of one account, from one checkout: neither changes the other, and one goes while the other serves.

The tests build on each other, in order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from bench.visitors import visiting
from lab.commands.shell import visitor
from tests.integration.labs import place_of, run_lab, session_of, up
from tests.integration.owner import SERVED_BY, Owner, visit
from tests.registrant import CONTACTS

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]


@dataclass(frozen=True)
class Two:
    """Who owns both; each site with an inventory of its own."""

    demo: Owner
    shop: Owner


HOSTS = {"demo": "www.hasite.test", "shop": "www.example-shop.com"}
SHOP = {"site_name": "shop", "site_domain": HOSTS["shop"], "site_instance_type": "t3.medium"}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    place = place_of("two")
    up(place.name, "--speed", "4")
    demo = Owner(place, session_of(place))
    demo.client("route53domains", "us-east-1").register_domain(
        DomainName="example-shop.com", DurationInYears=1, **CONTACTS
    )
    inventory = tmp_path_factory.mktemp("shop")
    (inventory / "group_vars").mkdir()
    (inventory / "hosts.yml").write_text("all: {hosts: {localhost: {}}}\n")
    (inventory / "group_vars" / "all.yml").write_text(json.dumps(SHOP))
    yield Two(demo, replace(demo, inventories=(*demo.inventories, str(inventory))))
    run_lab(place.name, "down")


def seen(two: Two, name: str) -> set[str]:
    """Return the machines that answer for a site."""
    answers = [visit(two.demo, "-i", f"https://{HOSTS[name]}/").stdout for _ in range(8)]
    return {machine for answer in answers for machine in SERVED_BY.findall(answer)}


def of(two: Two, name: str) -> list[tuple[str, str]]:
    """Return the kinds and ids of a site's resources that are there."""
    return sorted((row["kind"], row["id"]) for row in two.demo.status() if row["name"].startswith(name))


def test_both_are_built_and_each_answers_by_its_own_machines(two: Two) -> None:
    two.demo.play("site")
    two.shop.play("site")
    assert {name: seen(two, name) for name in HOSTS} == {name: {f"{name}-web-a", f"{name}-web-c"} for name in HOSTS}


def test_neither_is_a_change_of_the_other(two: Two) -> None:
    for owner in (two.demo, two.shop):
        assert owner.changes(owner.play("provision")) == []
        assert "No finding." in owner.play("doctor")


def test_one_is_taken_down_without_a_failed_request_of_the_other(two: Two) -> None:
    before = of(two, "demo")
    assert before
    with visiting(visitor(two.demo.place), HOSTS["demo"], 20) as visits:
        two.shop.play("teardown", "-e", "site_delete_data=true")
    assert visits.failed == []
    assert visits.sent > 100
    assert of(two, "shop") == []
    assert of(two, "demo") == before
    assert seen(two, "shop") == set()


def test_the_other_is_as_it_was(two: Two) -> None:
    assert seen(two, "demo") == {"demo-web-a", "demo-web-c"}
    assert two.demo.changes(two.demo.play("site")) == []
    assert "No finding." in two.demo.play("doctor")


def test_the_first_goes_too(two: Two) -> None:
    two.demo.play("teardown", "-e", "site_delete_data=true")
    assert of(two, "demo") == []
