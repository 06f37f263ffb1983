# SPDX-License-Identifier: GPL-3.0-or-later
"""What the load balancer says in maintenance: the role's rules, rendered by Ansible itself."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from tests.unit.roles.test_load_balancer_rules import trusted

ROLE = Path(__file__).parents[3] / "roles" / "maintenance"
GIVEN = {"maintenance_site": "shop", "maintenance_domain": "www.example.com", "role_path": str(ROLE)}


def templar(**given: Any) -> Templar:
    variables: dict[str, Any] = {}
    for name in ("defaults", "vars"):
        variables |= trusted(yaml.safe_load((ROLE / name / "main.yml").read_text()))
    return Templar(loader=DataLoader(), variables={**variables, **GIVEN, **given})


def rules(**given: Any) -> list[dict[str, Any]]:
    loader = DataLoader()
    loader.set_basedir(str(ROLE))
    text = trusted((ROLE / "templates" / "rules.json.j2").read_text())
    made = templar(**given).template(text)
    found: list[dict[str, Any]] = json.loads(made) if isinstance(made, str) else made
    return found


def values(rule: dict[str, Any]) -> list[str]:
    return [value for condition in rule["conditions"] for value in list(condition.values())[1]["Values"]]


def test_visitors_and_health_checks_get_the_page() -> None:
    health, page = rules()
    assert (health["name"], page["name"]) == ("health", "page")
    assert values(health) == ["*.elb.amazonaws.com", "*.elb.amazonaws.com.cn", "/health"]
    assert values(page) == ["www.example.com"]
    for rule in (health, page):
        [action] = rule["actions"]
        assert action["FixedResponseConfig"]["StatusCode"] == "503"
        assert "We will be back soon" in action["FixedResponseConfig"]["MessageBody"]
        assert rule["priority"] <= 100


@pytest.mark.parametrize("count", [1, 4, 5, 40])
def test_who_is_admitted_comes_first_within_the_limits_of_aws(count: int) -> None:
    addresses = [f"192.0.2.{number}" for number in range(count)]
    *admitted, page = rules(maintenance_addresses=addresses)
    assert page["name"] == "page", "the health check goes on, so that the names stay with the load balancer"
    assert [value for rule in admitted for value in values(rule)[1:]] == [f"{address}/32" for address in addresses]
    assert all(len(values(rule)) <= 5 for rule in admitted)
    assert all(rule["actions"] == [{"Type": "forward", "TargetGroupName": "shop"}] for rule in admitted)
    assert max(rule["priority"] for rule in admitted) < page["priority"]


def test_blocks_stay_as_they_are() -> None:
    first, _ = rules(maintenance_addresses=["192.0.2.0/24", "198.51.100.7"])
    assert values(first)[1:] == ["192.0.2.0/24", "198.51.100.7/32"]


def test_the_page_is_one_that_a_load_balancer_can_give() -> None:
    page = (ROLE / "files" / "page.html").read_text()
    assert len(page.encode()) <= 1024
    # A fixed response has no header, so the page itself comes again.
    assert '<meta http-equiv="refresh" content="60">' in page


def block() -> re.Pattern[str]:
    tasks = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text())
    [asked] = [task["vars"] for task in tasks if "__maintenance_block" in task.get("vars", {})]
    octet: str = asked["__maintenance_octet"]
    return re.compile(asked["__maintenance_block"].replace("{{ __maintenance_octet }}", octet))


@pytest.mark.parametrize("text", ["192.0.2.7", "0.0.0.0/0", "255.255.255.255/32", "10.0.0.0/8"])
def test_addresses_and_blocks_are_taken(text: str) -> None:
    assert block().match(text)


@pytest.mark.parametrize("text", ["", "office", "192.0.2", "192.0.2.256", "192.0.2.7/33", "192.0.2.7 ", "2001:db8::1"])
def test_other_words_are_refused(text: str) -> None:
    assert not block().match(text)
