# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names the load balancer answers: the role's listeners, rendered by Ansible itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = Path(__file__).parents[3] / "roles" / "load_balancer"
GIVEN = {
    "load_balancer_site": "shop",
    "load_balancer_domain": "www.example.com",
    "load_balancer_certificate_arn": "arn:aws:acm:ap-northeast-1:123456789012:certificate/1",
}


def trusted(value: Any) -> Any:
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, list):
        return [trusted(each) for each in value]
    return {key: trusted(each) for key, each in value.items()} if isinstance(value, dict) else value


def templar(**given: Any) -> Templar:
    variables: dict[str, Any] = {}
    for name in ("defaults", "vars"):
        variables |= trusted(yaml.safe_load((ROLE / name / "main.yml").read_text()))
    return Templar(loader=DataLoader(), variables={**variables, **GIVEN, **given})


def rules(**given: Any) -> list[dict[str, Any]]:
    text = trust_as_template((ROLE / "templates" / "rules.json.j2").read_text())
    made = templar(**given).template(text)
    found: list[dict[str, Any]] = json.loads(made) if isinstance(made, str) else made
    return found


def hosts(rule: dict[str, Any]) -> list[str]:
    return [
        value
        for condition in rule["conditions"]
        if condition["Field"] == "host-header"
        for value in condition["HostHeaderConfig"]["Values"]
    ]


@pytest.mark.parametrize("count", [0, 1, 5, 12])
def test_each_name_has_a_rule_within_the_limits_of_aws(count: int) -> None:
    aliases = [f"a{number}.example.com" for number in range(count)]
    made = rules(load_balancer_aliases=aliases)
    assert [rule["priority"] for rule in made] == list(range(101, len(made) + 101))
    assert len({rule["name"] for rule in made}) == len(made)
    assert all(
        sum(len(list(condition.values())[1]["Values"]) for condition in rule["conditions"]) <= 5 for rule in made
    )
    assert hosts(made[0]) == ["www.example.com"]
    assert [host for rule in made[2:] for host in hosts(rule)] == sorted(aliases)
    redirects = [rule["actions"][0]["RedirectConfig"] for rule in made[2:]]
    assert all(redirect["Host"] == "www.example.com" for redirect in redirects)


def test_the_load_balancers_own_name_is_for_health_checks_only() -> None:
    _, own = rules(load_balancer_health_path="/up")
    assert all(".elb.amazonaws.com" in host for host in hosts(own))
    assert own["conditions"][1] == {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/up"]}}


def test_no_redirect_leads_where_a_request_says() -> None:
    made = templar()
    plain = made.template(trust_as_template("{{ __load_balancer_http }}"))
    assert plain["DefaultActions"][0]["RedirectConfig"]["Host"] == "www.example.com"
    [default] = made.template(trust_as_template("{{ [__load_balancer_misdirected] }}"))
    assert default["FixedResponseConfig"]["StatusCode"] == "421"


def test_aliases_in_another_order_are_the_same_rules() -> None:
    aliases = [f"a{number}.example.com" for number in range(12)]
    assert rules(load_balancer_aliases=aliases[::-1]) == rules(load_balancer_aliases=aliases)
