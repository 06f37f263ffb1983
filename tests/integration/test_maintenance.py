# SPDX-License-Identifier: GPL-3.0-or-later
"""The planned page, as visitors meet it, and what everybody else makes of a site in maintenance."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.visitors import visiting
from lab.base import addresses
from lab.commands.shell import visitor
from tests.integration.demo_site import SPEED
from tests.integration.doctor import findings
from tests.integration.owner import URL, Owner, healthy, visit
from tests.integration.small_world import until

pytestmark = pytest.mark.acceptance

PLANNED, ERROR_PAGE, SITE = "We are working on the site.", "The site is not available", "hostname is: "


def switch(owner: Owner, state: str, *options: str) -> str:
    return owner.play("maintenance", "-e", f"maintenance={state}", *options)


@pytest.fixture
def owner(demo: Owner) -> Iterator[Owner]:
    yield demo
    switch(demo, "off")
    until(lambda: SITE in visit(demo, URL).stdout, 120)


def test_visitors_get_the_planned_page_and_the_site_again(owner: Owner, tmp_path: Path) -> None:
    with visiting(visitor(owner.place), "www.hasite.test", 20) as visits:
        planned = owner.attempt("maintenance", "--check", "--diff", "-e", "maintenance=on")
        assert re.search(r'^\+\s+"name": "page",$', planned.stdout, re.MULTILINE)
        assert SITE in visit(owner, URL).stdout

        assert owner.changes(switch(owner, "on"))
        until(lambda: SITE not in visit(owner, URL).stdout, 20)
        assert visit(owner, "-o", "/dev/null", "-w", "%{http_code}", URL).stdout == "503"
        # By and by the names lead to the error page, which may say when to come back.
        until(lambda: re.search(r"^retry-after: 60", visit(owner, "-i", URL).stdout, re.M | re.I) is not None, 120)
        assert ERROR_PAGE in visit(owner, URL).stdout
        assert owner.changes(switch(owner, "on")) == []
        assert healthy(owner) == 2, "the machines are not the ones that are out"

        report = tmp_path / "doctor.json"
        owner.play("doctor", "-e", f"doctor_report={report}", "-e", "doctor_fail_on=warning")
        [finding] = json.loads(report.read_text())["findings"]
        assert (finding["code"], finding["severity"]) == ("in-maintenance", "notice")
        assert "playbooks/maintenance.yml -e maintenance=off" in finding["remedy"]
        assert findings(owner.place) == ["in-maintenance"]

        refused = owner.attempt("drill", "-e", "drill_stages=one_stopped")
        assert refused.returncode != 0
        assert "The site is in maintenance." in refused.stdout
        assert healthy(owner) == 2

        said = owner.play("site")
        assert owner.changes(said) == []
        assert "The site is in maintenance, and stays so" in said

        assert owner.changes(switch(owner, "off"))
        until(lambda: SITE in visit(owner, URL).stdout, 120)
        assert owner.changes(switch(owner, "off")) == []
        until(lambda: findings(owner.place) == [], 120)
    assert {problem.partition(": ")[2] for problem in visits.failed} == {"status 503"}
    assert set(visits.by) == {"demo-web-a", "demo-web-c"}


def admit(*blocks: str) -> tuple[str, str]:
    return ("-e", json.dumps({"maintenance_addresses": blocks}))


def test_who_is_admitted_sees_the_site_all_the_same(owner: Owner) -> None:
    switch(owner, "on", *admit("203.0.113.77"))
    until(lambda: PLANNED in visit(owner, URL).stdout, 20)
    switch(owner, "on", *admit(str(addresses.CLIENT), "203.0.113.77"))
    until(lambda: SITE in visit(owner, URL).stdout, 20)
    # The name stays with the load balancer: three checks of the health check later, and longer than the name is kept.
    time.sleep(100 / SPEED)
    assert SITE in visit(owner, URL).stdout
    assert findings(owner.place) == ["in-maintenance"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Say which with -e maintenance=on"),
        ({"maintenance": "maybe"}, "Say which with -e maintenance=on"),
        ({"maintenance": "on", "maintenance_addresses": ["office"]}, "maintenance_addresses has office"),
        ({"maintenance": "on", "maintenance_page": str(Path(__file__))}, "a load balancer gives pages of up to 1024"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_changes(owner: Owner, options: object, said: str) -> None:
    done = owner.attempt("maintenance", "-e", json.dumps(options))
    assert done.returncode != 0
    assert said in re.sub(r"\s+", " ", done.stdout)
    assert SITE in visit(owner, URL).stdout
