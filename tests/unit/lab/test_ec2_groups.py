# SPDX-License-Identifier: GPL-3.0-or-later
"""The security groups of an instance, which are those of its primary network interface."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.plugins.modules.route53_account import REGION, open_account


def test_the_groups_of_an_instance_are_its_interface_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_account(tmp_path, monkeypatch) as account:
        ec2 = account.client("ec2", REGION)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        groups = [
            ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("one", "two")
        ]
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        asked = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, "SubnetId": subnet}
        [machine] = ec2.run_instances(**asked, SecurityGroupIds=groups[:1])["Instances"]
        ec2.modify_instance_attribute(InstanceId=machine["InstanceId"], Groups=groups[1:])
        [found] = ec2.describe_instances(InstanceIds=[machine["InstanceId"]])["Reservations"][0]["Instances"]
        [interface] = found["NetworkInterfaces"]
        for owner in (found["SecurityGroups"], interface["Groups"]):
            assert [one["GroupId"] for one in owner] == groups[1:]
        which = [{"Name": "attachment.instance-id", "Values": [machine["InstanceId"]]}]
        [told] = ec2.describe_network_interfaces(Filters=which)["NetworkInterfaces"]
        assert [group["GroupId"] for group in told["Groups"]] == groups[1:]
