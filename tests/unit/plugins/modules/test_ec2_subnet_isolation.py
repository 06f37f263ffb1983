# SPDX-License-Identifier: GPL-3.0-or-later
"""Subnets cut off and put back, in four steps: check, change, idempotent, changed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.hasite.aws.plugins.module_utils import _subnet_isolation

from tests.unit.plugins.modules.route53_account import REGION, open_account

MARK = "hasite:isolated"


class Cutting:
    """A VPC with three subnets, one of which has a network ACL of its own, and the module."""

    def __init__(self, ec2: Any) -> None:
        self.ec2 = ec2
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.a, self.own, self.c = (self._subnet(f"10.0.{number}.0/24") for number in range(3))
        self.default = self.acl_of(self.a)
        self.others = ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"]
        self.associate(self.own, self.others)

    def _subnet(self, block: str) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=block, AvailabilityZone=f"{REGION}a")
        return str(made["Subnet"]["SubnetId"])

    def acls(self) -> dict[str, dict[str, Any]]:
        inside = [{"Name": "vpc-id", "Values": [self.vpc]}]
        return {one["NetworkAclId"]: one for one in self.ec2.describe_network_acls(Filters=inside)["NetworkAcls"]}

    def acl_of(self, subnet: str) -> str:
        [found] = [
            id_ for id_, one in self.acls().items() for each in one["Associations"] if each["SubnetId"] == subnet
        ]
        return found

    def associate(self, subnet: str, acl: str) -> None:
        [association] = [
            each["NetworkAclAssociationId"]
            for one in self.acls().values()
            for each in one["Associations"]
            if each["SubnetId"] == subnet
        ]
        self.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)

    def tags(self, subnet: str) -> dict[str, str]:
        [found] = self.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
        return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}

    def ensure(self, state: str = "present", *subnets: str, check: bool = False) -> Any:
        given = {"subnet_ids": list(subnets or (self.a, self.own)), "mark": MARK, "tags": {"Name": "shop-drill"}}
        ensure = _subnet_isolation.ensure_present if state == "present" else _subnet_isolation.ensure_absent
        return ensure(self.ec2, given, check)


@pytest.fixture
def cutting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cutting]:
    with open_account(tmp_path, monkeypatch) as account:
        yield Cutting(account.client("ec2", REGION))


def test_cut_off_and_put_back(cutting: Cutting) -> None:
    planned = cutting.ensure(check=True)
    assert planned.changed
    assert {one["original_network_acl_id"] for one in planned.after["subnets"]} == {cutting.default, cutting.others}
    assert (cutting.acl_of(cutting.a), cutting.tags(cutting.a), len(cutting.acls())) == (cutting.default, {}, 2)

    done = cutting.ensure()
    made = done.after["network_acl_id"]
    assert done.changed
    assert {cutting.acl_of(cutting.a), cutting.acl_of(cutting.own)} == {made}
    assert cutting.acl_of(cutting.c) == cutting.default
    assert cutting.tags(cutting.own) == {MARK: cutting.others}
    assert [one for one in cutting.acls()[made]["Entries"] if one["RuleNumber"] < 32767] == []
    assert {tag["Key"]: tag["Value"] for tag in cutting.acls()[made]["Tags"]} == {"Name": "shop-drill", MARK: "deny"}
    again = cutting.ensure()
    assert (again.changed, again.after) == (False, done.after)

    assert cutting.ensure("absent", check=True).changed
    assert cutting.acl_of(cutting.a) == made
    back = cutting.ensure("absent")
    assert (back.changed, back.before) == (True, done.after)
    assert (cutting.acl_of(cutting.a), cutting.acl_of(cutting.own)) == (cutting.default, cutting.others)
    assert (cutting.tags(cutting.a), cutting.tags(cutting.own)) == ({}, {})
    assert made not in cutting.acls()
    assert back.after == cutting.ensure("absent").after
    assert not cutting.ensure("absent").changed


def test_the_acl_stays_as_long_as_a_subnet_needs_it(cutting: Cutting) -> None:
    made = cutting.ensure().after["network_acl_id"]
    cutting.ensure("absent", cutting.a)
    assert (cutting.acl_of(cutting.a), cutting.acl_of(cutting.own)) == (cutting.default, made)
    more = cutting.ensure("present", cutting.a, cutting.own)
    assert (more.changed, more.after["network_acl_id"]) == (True, made)
    assert {one["original_network_acl_id"] for one in more.after["subnets"]} == {cutting.default, cutting.others}


@pytest.mark.parametrize("calls", range(1, 6))
def test_whoever_is_killed_between_two_calls_loses_no_original(cutting: Cutting, calls: int) -> None:
    """Create, note, note, associate, associate: after each of them, the next run puts everything back."""
    left = calls

    def count(params: Any, **_more: Any) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1

    events = cutting.ec2.meta.events
    changing = ("CreateNetworkAcl", "CreateTags", "ReplaceNetworkAclAssociation")
    for operation in changing:
        events.register(f"before-parameter-build.ec2.{operation}", count, unique_id=operation)
    try:
        if calls < 5:
            with pytest.raises(KeyboardInterrupt):
                cutting.ensure()
        else:
            cutting.ensure()
    finally:
        for operation in changing:
            events.unregister(f"before-parameter-build.ec2.{operation}", unique_id=operation)
    cutting.ensure("absent")
    assert (cutting.acl_of(cutting.a), cutting.acl_of(cutting.own)) == (cutting.default, cutting.others)
    assert (cutting.tags(cutting.a), cutting.tags(cutting.own), len(cutting.acls())) == ({}, {}, 2)


def test_where_others_have_put_a_subnet_it_stays(cutting: Cutting) -> None:
    made = cutting.ensure().after["network_acl_id"]
    cutting.associate(cutting.a, cutting.others)
    assert cutting.ensure("absent").changed
    assert (cutting.acl_of(cutting.a), cutting.acl_of(cutting.own)) == (cutting.others, cutting.others)
    assert made not in cutting.acls()


def test_what_cannot_be_put_back_is_named_and_the_others_are_back(cutting: Cutting) -> None:
    cutting.ensure()
    cutting.ec2.delete_network_acl(NetworkAclId=cutting.others)
    for state in ("present", "absent"):
        with pytest.raises(AnsibleAWSError, match=f"{cutting.own} is cut off, and its network ACL {cutting.others} is"):
            cutting.ensure(state)
    assert cutting.acl_of(cutting.a) == cutting.default
    cutting.ec2.delete_tags(Resources=[cutting.own], Tags=[{"Key": MARK}])
    with pytest.raises(AnsibleAWSError, match=f"{cutting.own} is cut off, and its tag {MARK}"):
        cutting.ensure("absent")
    cutting.associate(cutting.own, cutting.default)
    assert cutting.ensure("absent").changed
    assert len(cutting.acls()) == 1


def test_a_marked_acl_that_lets_something_pass_is_refused(cutting: Cutting) -> None:
    made = cutting.ensure().after["network_acl_id"]
    cutting.ec2.create_network_acl_entry(
        NetworkAclId=made, RuleNumber=7, Protocol="-1", CidrBlock="0.0.0.0/0", RuleAction="allow", Egress=True
    )
    with pytest.raises(AnsibleAWSError, match=f"The network ACL {made} bears the tag {MARK} and has entries"):
        cutting.ensure("present", cutting.c)
    cutting.ensure("absent")
    assert cutting.acl_of(cutting.a) == cutting.default


def test_subnets_of_two_vpcs_are_refused(cutting: Cutting) -> None:
    other = Cutting(cutting.ec2)
    with pytest.raises(AnsibleAWSError, match="name those of one VPC"):
        cutting.ensure("present", cutting.a, other.a)
