# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account has set for a region, as AWS's SDK reads and sets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.route53_account import REGION, Account, open_account


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def ec2(account: Account) -> Any:
    return account.client("ec2", REGION)


def test_snapshots_can_be_shared_until_that_is_blocked(ec2: Any) -> None:
    assert ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"
    ec2.enable_snapshot_block_public_access(State="block-all-sharing")
    assert ec2.get_snapshot_block_public_access_state()["State"] == "block-all-sharing"
    ec2.disable_snapshot_block_public_access()
    assert ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"


def test_images_can_not_be_shared_until_that_is_allowed(ec2: Any) -> None:
    assert ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "block-new-sharing"
    ec2.disable_image_block_public_access()
    assert ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "unblocked"


def test_metadata_defaults_are_kept_and_taken_back(ec2: Any) -> None:
    assert ec2.get_instance_metadata_defaults()["AccountLevel"] == {"ManagedBy": "account"}
    ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpPutResponseHopLimit=2)
    kept = ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert (kept["HttpTokens"], kept["HttpPutResponseHopLimit"]) == ("required", 2)
    ec2.modify_instance_metadata_defaults(HttpTokens="no-preference", HttpPutResponseHopLimit=-1)
    assert ec2.get_instance_metadata_defaults()["AccountLevel"] == {"ManagedBy": "account"}


@pytest.mark.parametrize("wrong", [{"HttpTokens": "maybe"}, {"HttpPutResponseHopLimit": 65}])
def test_metadata_defaults_refuse_what_aws_refuses(ec2: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        ec2.modify_instance_metadata_defaults(**wrong)


def test_a_region_s_settings_are_its_own(account: Account, ec2: Any) -> None:
    ec2.enable_snapshot_block_public_access(State="block-new-sharing")
    other = account.client("ec2", "us-east-1")
    assert other.get_snapshot_block_public_access_state()["State"] == "unblocked"


def test_the_account_s_own_snapshots_are_not_those_of_public_images(ec2: Any) -> None:
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    made = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    assert len(ec2.describe_snapshots()["Snapshots"]) > 1
    assert [snapshot["SnapshotId"] for snapshot in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]] == [made]
    assert ec2.describe_snapshots(OwnerIds=["999999999999"])["Snapshots"] == []
    with pytest.raises(ClientError, match=r"InvalidUserID\.Malformed"):
        ec2.describe_snapshots(OwnerIds=["me"])


def test_the_key_of_encrypted_volumes_is_aws_s(account: Account, ec2: Any) -> None:
    ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1, Encrypted=True)
    kms = account.client("kms", REGION)
    key = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]
    assert key["KeyManager"] == "AWS"
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]


def test_a_load_balancer_s_interfaces_are_attached_to_an_instance_of_its_service(account: Account, ec2: Any) -> None:
    account.balancer("demo")
    found = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert len(found) == 2
    assert {one["Attachment"]["InstanceOwnerId"] for one in found} == {"amazon-elb"}
    assert all("InstanceId" not in one["Attachment"] for one in found)
