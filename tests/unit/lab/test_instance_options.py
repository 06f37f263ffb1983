# SPDX-License-Identifier: GPL-3.0-or-later
"""Detailed monitoring and credits, switched on running instances; versions of launch templates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.route53_account import REGION, open_account


@pytest.fixture
def ec2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with open_account(tmp_path, monkeypatch) as account:
        yield account.client("ec2", REGION)


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def launch(ec2: Any, kind: str = "t3.micro", **more: Any) -> str:
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    launched = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType=kind, SubnetId=subnet, **more)
    return str(launched["Instances"][0]["InstanceId"])


def test_monitoring_is_switched(ec2: Any) -> None:
    made = launch(ec2)

    def state() -> str:
        found = ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]
        return str(found["Monitoring"]["State"])

    assert state() == "disabled"
    (told,) = ec2.monitor_instances(InstanceIds=[made])["InstanceMonitorings"]
    assert (told["InstanceId"], told["Monitoring"]["State"], state()) == (made, "pending", "enabled")
    assert refused(ec2.unmonitor_instances, InstanceIds=[made], DryRun=True) == "DryRunOperation"
    assert state() == "enabled"
    ec2.unmonitor_instances(InstanceIds=[made])
    assert state() == "disabled"
    assert refused(ec2.monitor_instances, InstanceIds=["i-00000000000000000"]) == "InvalidInstanceID.NotFound"


def credits_of(ec2: Any, *ids: str) -> dict[str, str]:
    found = ec2.describe_instance_credit_specifications(InstanceIds=list(ids))["InstanceCreditSpecifications"]
    return {one["InstanceId"]: one["CpuCredits"] for one in found}


def test_credits_are_those_of_the_launch_the_family_or_the_last_change(ec2: Any) -> None:
    default, own, old = (
        launch(ec2),
        launch(ec2, CreditSpecification={"CpuCredits": "standard"}),
        launch(ec2, "t2.micro"),
    )
    assert credits_of(ec2, default, own, old) == {default: "unlimited", own: "standard", old: "standard"}
    assert credits_of(ec2) == {default: "unlimited"}
    wanted = [{"InstanceId": own, "CpuCredits": "unlimited"}, {"InstanceId": old, "CpuCredits": "none"}]
    told = ec2.modify_instance_credit_specification(InstanceCreditSpecifications=wanted)
    assert [one["InstanceId"] for one in told["SuccessfulInstanceCreditSpecifications"]] == [own]
    assert [one["InstanceId"] for one in told["UnsuccessfulInstanceCreditSpecifications"]] == [old]
    assert credits_of(ec2, own, old) == {own: "unlimited", old: "standard"}


def test_a_family_has_a_default_for_what_is_launched_from_then_on(ec2: Any) -> None:
    before = launch(ec2)
    assert credits_of(ec2, before) == {before: "unlimited"}
    told = ec2.get_default_credit_specification(InstanceFamily="t3")["InstanceFamilyCreditSpecification"]
    assert told == {"InstanceFamily": "t3", "CpuCredits": "unlimited"}
    ec2.modify_default_credit_specification(InstanceFamily="t3", CpuCredits="standard")
    after = launch(ec2)
    assert credits_of(ec2, before, after) == {before: "unlimited", after: "standard"}


def test_an_instance_that_does_not_burst_has_no_credits(ec2: Any) -> None:
    made = launch(ec2, "m5.large")
    asked = {"InstanceIds": [made]}
    assert refused(ec2.describe_instance_credit_specifications, **asked) == "InstanceCreditSpecification.NotSupported"


def test_a_version_is_deleted_and_its_number_is_not_given_again(ec2: Any) -> None:
    named = {"LaunchTemplateName": "web"}
    ec2.create_launch_template(**named, LaunchTemplateData={"InstanceType": "t3.micro"})
    for kind in ("t3.small", "t3.medium"):
        ec2.create_launch_template_version(**named, LaunchTemplateData={"InstanceType": kind})
    told = ec2.delete_launch_template_versions(**named, Versions=["2", "1", "9"])
    assert [one["VersionNumber"] for one in told["SuccessfullyDeletedLaunchTemplateVersions"]] == [2]
    codes = [one["ResponseError"]["Code"] for one in told["UnsuccessfullyDeletedLaunchTemplateVersions"]]
    assert codes == ["unexpectedError", "launchTemplateVersionDoesNotExist"]
    made = ec2.create_launch_template_version(**named, LaunchTemplateData={"InstanceType": "t3.large"})
    assert made["LaunchTemplateVersion"]["VersionNumber"] == 4

    def numbers(**more: Any) -> list[int]:
        found = ec2.describe_launch_template_versions(**named, **more)["LaunchTemplateVersions"]
        return [one["VersionNumber"] for one in found]

    assert numbers() == [1, 3, 4]
    assert numbers(MinVersion="2") == [3, 4]
    assert numbers(MaxVersion="3") == [1, 3]
    assert numbers(Versions=["$Latest", "3"]) == [4, 3]
    assert refused(ec2.describe_launch_template_versions, **named, Versions=["2"]) == (
        "InvalidLaunchTemplateId.VersionNotFound"
    )
    ec2.modify_launch_template(**named, DefaultVersion="4")
    ec2.delete_launch_template_versions(**named, Versions=["3"])
    (found,) = ec2.describe_launch_templates(LaunchTemplateNames=["web"])["LaunchTemplates"]
    assert (found["DefaultVersionNumber"], found["LatestVersionNumber"]) == (4, 4)


def test_a_placement_group_is_kept_told_and_deleted_when_it_is_empty(ec2: Any) -> None:
    tags = [{"ResourceType": "placement-group", "Tags": [{"Key": "for", "Value": "web"}]}]
    made = ec2.create_placement_group(GroupName="web", Strategy="spread", TagSpecifications=tags)["PlacementGroup"]
    assert (made["Strategy"], made["SpreadLevel"], made["Tags"]) == ("spread", "rack", tags[0]["Tags"])
    ec2.create_placement_group(GroupName="other", Strategy="partition", PartitionCount=3)
    (found,) = ec2.describe_placement_groups(Filters=[{"Name": "strategy", "Values": ["partition"]}])["PlacementGroups"]
    assert (found["GroupName"], found["PartitionCount"]) == ("other", 3)
    (found,) = ec2.describe_placement_groups(Filters=[{"Name": "tag:for", "Values": ["web"]}])["PlacementGroups"]
    assert found == made
    launched = launch(ec2, Placement={"GroupName": "web"})
    instance = ec2.describe_instances(InstanceIds=[launched])["Reservations"][0]["Instances"][0]
    assert instance["Placement"]["GroupName"] == "web"
    assert refused(ec2.delete_placement_group, GroupName="web") == "InvalidPlacementGroup.InUse"
    ec2.delete_placement_group(GroupName="other")
    assert refused(ec2.describe_placement_groups, GroupNames=["other"]) == "InvalidPlacementGroup.Unknown"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"GroupName": "web"}, "InvalidPlacementGroup.Duplicate"),
        ({"GroupName": "b", "Strategy": "cluster", "PartitionCount": 2}, "InvalidParameterCombination"),
        ({"GroupName": "b", "Strategy": "partition", "PartitionCount": 8}, "InvalidParameterValue"),
        ({"Strategy": "cluster"}, "MissingParameter"),
    ],
)
def test_a_placement_group_that_can_not_be_is_refused(ec2: Any, wanted: dict[str, Any], code: str) -> None:
    ec2.create_placement_group(GroupName="web")
    assert refused(ec2.create_placement_group, **wanted) == code


def test_a_launch_into_a_group_that_is_unknown_or_full_is_refused(ec2: Any) -> None:
    with pytest.raises(ClientError, match=r"InvalidPlacementGroup\.Unknown"):
        launch(ec2, Placement={"GroupName": "none"})
    ec2.create_placement_group(GroupName="web", Strategy="spread")
    for _ in range(7):
        launch(ec2, Placement={"GroupName": "web"})
    with pytest.raises(ClientError, match="InsufficientInstanceCapacity"):
        launch(ec2, Placement={"GroupName": "web"})


def test_a_snapshot_is_taken_back_from_those_it_was_shared_with(ec2: Any) -> None:
    volume = ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    named: dict[str, str] = {"SnapshotId": ec2.create_snapshot(VolumeId=volume)["SnapshotId"]}
    permission = {"Attribute": "createVolumePermission"}
    ec2.modify_snapshot_attribute(**named, **permission, OperationType="add", UserIds=["210987654321"])
    assert ec2.describe_snapshot_attribute(**named, **permission)["CreateVolumePermissions"]
    ec2.reset_snapshot_attribute(**named, **permission)
    assert not ec2.describe_snapshot_attribute(**named, **permission)["CreateVolumePermissions"]
