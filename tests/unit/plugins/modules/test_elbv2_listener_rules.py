# SPDX-License-Identifier: GPL-3.0-or-later
"""One's own rules of a listener beside those of others, in four steps: check, change, idempotent, changed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils import _listener_rules
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.route53_account import REGION, Account, open_account

TAGS = {"hasite:site": "shop", "hasite:part": "load_balancer"}


class Listening:
    """A listener on port 80 of a load balancer, its rules, and the site's target group."""

    def __init__(self, account: Account) -> None:
        self.elb = account.client("elbv2", REGION)
        balancer = account.balancer("shop")
        made = self.elb.create_target_group(Name="shop", Protocol="HTTP", Port=80, VpcId=balancer["VpcId"])
        self.group = made["TargetGroups"][0]["TargetGroupArn"]
        fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "421"}}
        listener = self.elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[fixed]
        )
        self.arn = listener["Listeners"][0]["ListenerArn"]

    def ensure(self, *rules: dict[str, Any], check: bool = False, **more: Any) -> Any:
        params = {"load_balancer": "shop", "port": 80, "owner_tags": TAGS, "rules": list(rules), **more}
        return _listener_rules.ensure(self.elb, params, check)

    def add(self, priority: int, host: str, **action: Any) -> str:
        """Add a rule as somebody else does."""
        fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", **action}}
        made = self.elb.create_rule(
            ListenerArn=self.arn, Priority=priority, Conditions=[for_host(host)], Actions=[fixed]
        )
        return str(made["Rules"][0]["RuleArn"])

    def rules(self) -> list[dict[str, Any]]:
        found = self.elb.describe_rules(ListenerArn=self.arn)["Rules"]
        return sorted((one for one in found if not one["IsDefault"]), key=lambda one: int(one["Priority"]))

    def order(self) -> list[tuple[int, str]]:
        return [(int(one["Priority"]), one["Conditions"][0]["HostHeaderConfig"]["Values"][0]) for one in self.rules()]

    def tags(self, arn: str) -> dict[str, str]:
        found = self.elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
        return {one["Key"]: one["Value"] for one in found}


@pytest.fixture
def listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    with open_account(tmp_path, monkeypatch) as account:
        yield Listening(account)


def for_host(*hosts: str) -> dict[str, Any]:
    return {"Field": "host-header", "HostHeaderConfig": {"Values": list(hosts)}}


def rule(name: str, priority: int, *hosts: str, **more: Any) -> dict[str, Any]:
    forward = {"Type": "forward", "TargetGroupName": "shop"}
    return {
        "name": name,
        "priority": priority,
        "conditions": [for_host(*hosts)],
        "actions": [more.get("action", forward)],
    }


SITE = rule("site", 101, "www.example.com")
ALIASES = rule("aliases", 102, "b.example.com", "a.example.com")


def test_rules_are_made_once_and_changed_in_place(listening: Listening) -> None:
    planned = listening.ensure(SITE, ALIASES, check=True)
    assert (planned.changed, planned.before) == (True, {"rules": []})
    assert [one["name"] for one in planned.after["rules"]] == ["site", "aliases"]
    assert listening.rules() == []

    made = listening.ensure(SITE, ALIASES)
    assert made.changed
    assert listening.order() == [(101, "www.example.com"), (102, "a.example.com")]
    assert made.after["rules"][0]["actions"] == [{"Type": "forward", "TargetGroupArn": listening.group}]
    assert made.after["rules"][0]["tags"] == {**TAGS, "Name": "site"}
    arns = [one["RuleArn"] for one in listening.rules()]

    again = listening.ensure(ALIASES, {**SITE, "conditions": [{"Field": "host-header", "Values": ["www.example.com"]}]})
    assert not again.changed, "in another order, and in AWS's old form"
    assert not listening.ensure(rule("aliases", 102, "a.example.com", "b.example.com"), SITE, check=True).changed

    other = rule("aliases", 102, "c.example.com")
    assert listening.ensure(SITE, other, check=True).after["rules"][1]["conditions"] == other["conditions"]
    assert listening.order()[1] == (102, "a.example.com")
    changed = listening.ensure(SITE, other)
    assert (changed.changed, listening.order()[1]) == (True, (102, "c.example.com"))
    assert [one["RuleArn"] for one in listening.rules()] == arns
    assert not listening.ensure(SITE, other).changed


def test_rules_of_others_stay_when_one_of_ones_own_goes(listening: Listening) -> None:
    theirs = listening.add(300, "blog.example.com")
    listening.ensure(SITE, ALIASES)
    assert listening.ensure(SITE, check=True).changed
    assert len(listening.rules()) == 3
    assert listening.ensure(SITE).changed
    assert listening.order() == [(101, "www.example.com"), (300, "blog.example.com")]
    assert not listening.ensure(SITE).changed
    assert listening.tags(theirs) == {}
    assert listening.ensure().changed
    assert listening.order() == [(300, "blog.example.com")]
    assert not listening.ensure().changed


def test_a_priority_that_others_have_is_left_to_them(listening: Listening) -> None:
    theirs = listening.add(102, "blog.example.com")
    listening.ensure(SITE, ALIASES)
    assert listening.order() == [(101, "www.example.com"), (102, "blog.example.com"), (103, "a.example.com")]
    assert not listening.ensure(SITE, ALIASES).changed
    listening.elb.delete_rule(RuleArn=theirs)
    assert listening.ensure(SITE, ALIASES).changed
    assert listening.order() == [(101, "www.example.com"), (102, "a.example.com")]


def test_rules_change_places_in_one_call(listening: Listening) -> None:
    listening.ensure(SITE, ALIASES)
    arns = {one["RuleArn"] for one in listening.rules()}
    assert listening.ensure({**SITE, "priority": 102}, {**ALIASES, "priority": 101}).changed
    assert listening.order() == [(101, "a.example.com"), (102, "www.example.com")]
    assert {one["RuleArn"] for one in listening.rules()} == arns


def test_what_was_changed_by_hand_is_put_back(listening: Listening) -> None:
    listening.ensure(SITE)
    [own] = listening.rules()
    listening.elb.modify_rule(RuleArn=own["RuleArn"], Conditions=[for_host("shop.example")])
    listening.elb.add_tags(ResourceArns=[own["RuleArn"]], Tags=[{"Key": "cost-centre", "Value": "4711"}])
    back = listening.ensure(SITE)
    assert back.before["rules"][0]["conditions"] == [for_host("shop.example")]
    assert back.after["rules"][0]["conditions"] == [for_host("www.example.com")]
    assert listening.tags(own["RuleArn"]) == {**TAGS, "Name": "site", "cost-centre": "4711"}
    assert not listening.ensure(SITE).changed


def test_a_rule_that_has_lost_its_tags_gets_them_again(listening: Listening) -> None:
    listening.ensure(SITE)
    [own] = listening.rules()
    listening.elb.remove_tags(ResourceArns=[own["RuleArn"]], TagKeys=[*TAGS, "Name"])
    assert listening.ensure(SITE, check=True).changed
    assert listening.tags(own["RuleArn"]) == {}
    assert listening.ensure(SITE).changed
    assert listening.tags(own["RuleArn"]) == {**TAGS, "Name": "site"}
    assert len(listening.rules()) == 1


def test_rules_of_two_owners_never_meet(listening: Listening) -> None:
    page = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/html"}}
    maintenance = {**TAGS, "hasite:part": "maintenance"}
    listening.ensure(SITE)
    assert listening.ensure(rule("page", 1, "www.example.com", action=page), owner_tags=maintenance).changed
    assert not listening.ensure(SITE).changed
    assert not listening.ensure(rule("page", 1, "www.example.com", action=page), owner_tags=maintenance).changed
    assert listening.ensure(owner_tags=maintenance).changed
    assert listening.order() == [(101, "www.example.com")]


def test_more_than_twenty_rules_are_told_apart(listening: Listening) -> None:
    """DescribeTags takes twenty resources: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html"""
    for number in range(25):
        listening.add(number + 1, f"{number}.example.com")
    assert listening.ensure(SITE).changed
    assert not listening.ensure(SITE).changed
    assert len(listening.rules()) == 26


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"rules": [SITE, SITE]}, "Two rules have the name site"),
        ({"rules": [rule("site", 0, "x.test")]}, "has the priority 0; it must be from 1 to 50000"),
        ({"rules": [{**SITE, "conditions": [{}]}]}, "A condition of the rule site has no Field"),
        ({"rules": [rule("site", 1, "x.test", action={"Type": "redirect"})]}, "redirect of the rule site lacks its"),
        ({"rules": [rule("site", 1, "x.test", action={})]}, "it must be one of forward, redirect, fixed-response"),
        ({"owner_tags": {}}, "owner_tags is empty"),
        ({"port": 444}, "The load balancer shop has no listener on port 444"),
        ({"load_balancer": "other"}, "The load balancer other has no listener on port 80"),
        (
            {"rules": [rule("site", 1, "x.test", action={"Type": "forward", "TargetGroupName": "none"})]},
            "Failed to describe target group none",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(listening: Listening, more: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleAWSError, match=said):
        listening.ensure(**more)
    assert listening.rules() == []


def test_a_page_is_as_long_as_aws_takes_it(listening: Listening) -> None:
    listening.add(1, "a.example.com", MessageBody="é" * 1024)
    with pytest.raises(ClientError, match="ValidationError"):
        listening.add(2, "b.example.com", MessageBody="x" * 1025)
    assert len(listening.rules()) == 1


def test_priorities_as_aws_refuses_them(listening: Listening) -> None:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetRulePriorities.html"""
    arns = [listening.add(number, f"{number}.example.com") for number in (1, 2, 3)]
    moves = [{"RuleArn": arns[0], "Priority": 3}, {"RuleArn": arns[1], "Priority": 4}]
    with pytest.raises(ClientError, match="PriorityInUse"):
        listening.elb.set_rule_priorities(RulePriorities=moves)
    assert [number for number, _ in listening.order()] == [1, 2, 3]
    moves = [{"RuleArn": arns[0], "Priority": 3}, {"RuleArn": arns[2], "Priority": 1}]
    listening.elb.set_rule_priorities(RulePriorities=moves)
    assert listening.order() == [(1, "3.example.com"), (2, "2.example.com"), (3, "1.example.com")]
