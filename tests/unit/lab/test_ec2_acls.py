# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACLs as the SDK finds and changes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.route53_account import REGION, open_account

WORLD = {"CidrBlock": "0.0.0.0/0", "RuleAction": "allow", "Egress": False}


@pytest.fixture
def ec2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with open_account(tmp_path, monkeypatch) as account:
        yield account.client("ec2", REGION)


@pytest.fixture
def acl(ec2: Any) -> str:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    default = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]
    (found,) = ec2.describe_network_acls(Filters=default)["NetworkAcls"]
    return str(found["NetworkAclId"])


def entries(ec2: Any, acl: str) -> list[dict[str, Any]]:
    (found,) = ec2.describe_network_acls(Filters=[{"Name": "network-acl-id", "Values": [acl]}])["NetworkAcls"]
    return [entry for entry in found["Entries"] if not entry["Egress"] and entry["RuleNumber"] < 32767]


def test_an_acl_is_found_by_its_id_and_its_entries_are_kept_whole(ec2: Any, acl: str) -> None:
    ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=False)
    ec2.create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=1, Protocol="6", PortRange={"From": 80, "To": 81}, **WORLD
    )
    ec2.create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=2, Protocol="1", IcmpTypeCode={"Type": 3, "Code": -1}, **WORLD
    )
    first, second = entries(ec2, acl)
    assert first == {"RuleNumber": 1, "Protocol": "6", "PortRange": {"From": 80, "To": 81}, **WORLD}
    assert second == {"RuleNumber": 2, "Protocol": "1", "IcmpTypeCode": {"Type": 3, "Code": -1}, **WORLD}


def test_an_entry_that_is_not_there_is_neither_deleted_nor_replaced(ec2: Any, acl: str) -> None:
    with pytest.raises(ClientError, match=r"InvalidNetworkAclEntry\.NotFound"):
        ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=7, Egress=False)
    with pytest.raises(ClientError, match=r"InvalidNetworkAclEntry\.NotFound"):
        ec2.replace_network_acl_entry(NetworkAclId=acl, RuleNumber=7, Protocol="-1", **WORLD)
    with pytest.raises(ClientError, match=r"InvalidNetworkAclID\.NotFound"):
        ec2.delete_network_acl_entry(NetworkAclId="acl-0123", RuleNumber=7, Egress=False)


def test_an_association_that_is_not_there_is_not_replaced(ec2: Any, acl: str) -> None:
    with pytest.raises(ClientError, match=r"InvalidAssociationID\.NotFound"):
        ec2.replace_network_acl_association(AssociationId="aclassoc-0123", NetworkAclId=acl)
