# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call needs beside its own action, and on which resources: AWS's service authorization reference."""

from __future__ import annotations

from typing import Any

import pytest

from lab.world.access.call_permissions import Account, needed

ROLE = "arn:aws:iam::1:role/shop-web"
CERTIFICATE = "arn:aws:acm:us-east-1:1:certificate/12345678-1234-1234-1234-123456789012"
SHARES = "arn:aws:elasticfilesystem:eu-west-1:1:*"
KEY = "12345678-1234-1234-1234-123456789abc"
TAGS = {
    ("ec2", "i-0123456789abcdef0"): {"hasite:site": "shop"},
    ("elasticfilesystem", "fs-0123456789abcdef0"): {"hasite:site": "blog"},
    ("elasticfilesystem", "fsmt-0123456789abcdef0"): {"hasite:site": "shop"},
    ("ec2", "rtb-0123456789abcdef0"): {"hasite:site": "shop"},
    ("acm", CERTIFICATE): {"hasite:site": "shop"},
    ("cloudfront", "E1ABCDEFGHIJKL"): {"hasite:site": "shop"},
    ("kms", KEY): {"hasite:site": "shop"},
}
ACCOUNT = Account("1", "eu-west-1", lambda name: [ROLE] if name == "shop-web" else [], lambda *one: TAGS.get(one, {}))
LINKED = "arn:aws:iam::1:role/aws-service-role"
BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/shop/50dc6c495c0c9188"

RULE = (
    "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee"
)


@pytest.mark.parametrize(
    ("action", "given", "expected"),
    [
        ("ec2:DescribeVpcs", {}, [("ec2:DescribeVpcs", None)]),
        ("ec2:CreateVpc", {"CidrBlock": "10.0.0.0/16"}, [("ec2:CreateVpc", None)]),
        (
            "elasticloadbalancing:SetRulePriorities",
            {"RulePriorities.member.1.RuleArn": RULE, "RulePriorities.member.1.Priority": "7"},
            [("elasticloadbalancing:SetRulePriorities", RULE)],
        ),
        (
            "arc-zonal-shift:StartZonalShift",
            {"resourceIdentifier": BALANCER, "awayFrom": "euw1-az1"},
            [("arc-zonal-shift:StartZonalShift", BALANCER)],
        ),
        ("arc-zonal-shift:CancelZonalShift", {"zonalShiftId": "1"}, [("arc-zonal-shift:CancelZonalShift", None)]),
        (
            "ec2:CreateVpc",
            {"TagSpecification.1.ResourceType": "vpc"},
            [("ec2:CreateVpc", None), ("ec2:CreateTags", None)],
        ),
        (
            "ec2:RunInstances",
            {"IamInstanceProfile.Name": "shop-web"},
            [("ec2:RunInstances", None), ("iam:PassRole", ROLE)],
        ),
        (
            "ec2:RunInstances",
            {"IamInstanceProfile.Arn": "arn:aws:iam::1:instance-profile/shop-web"},
            [("ec2:RunInstances", None), ("iam:PassRole", ROLE)],
        ),
        (
            "ec2:CreateFlowLogs",
            {"DeliverLogsPermissionArn": "arn:aws:iam::1:role/shop-flow-logs"},
            [("ec2:CreateFlowLogs", None), ("iam:PassRole", "arn:aws:iam::1:role/shop-flow-logs")],
        ),
        (
            "iam:AddRoleToInstanceProfile",
            {"InstanceProfileName": "shop-web", "RoleName": "shop-web"},
            [
                ("iam:AddRoleToInstanceProfile", "arn:aws:iam::1:instance-profile/shop-web"),
                ("iam:PassRole", ROLE),
            ],
        ),
        (
            "iam:CreateRole",
            {"RoleName": "shop-web", "Tags.member.1.Key": "a"},
            [("iam:CreateRole", ROLE), ("iam:TagRole", ROLE)],
        ),
        ("iam:ListRoles", {}, [("iam:ListRoles", None)]),
        (
            "elasticloadbalancing:CreateLoadBalancer",
            {"Name": "shop", "Tags.member.1.Key": "a"},
            [
                ("elasticloadbalancing:CreateLoadBalancer", f"{BALANCER[:-16]}new"),
                ("elasticloadbalancing:AddTags", f"{BALANCER[:-16]}new"),
                (
                    "iam:CreateServiceLinkedRole",
                    f"{LINKED}/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing",
                ),
            ],
        ),
        (
            "elasticloadbalancing:CreateListener",
            {"LoadBalancerArn": BALANCER, "DefaultActions.member.1.TargetGroupArn": "arn:aws:elasticloadbalancing:x"},
            [("elasticloadbalancing:CreateListener", BALANCER)],
        ),
        (
            "elasticloadbalancing:CreateListener",
            {"LoadBalancerArn": BALANCER, "Tags.member.1.Key": "a"},
            [
                ("elasticloadbalancing:CreateListener", BALANCER),
                ("elasticloadbalancing:AddTags", BALANCER.replace(":loadbalancer/", ":listener/")),
            ],
        ),
        (
            "elasticfilesystem:CreateFileSystem",
            {"CreationToken": "x", "Tags": [{"Key": "a", "Value": "b"}]},
            [("elasticfilesystem:CreateFileSystem", None), ("elasticfilesystem:TagResource", None)],
        ),
        (
            "elasticfilesystem:DeleteMountTarget",
            {"MountTargetId": "fsmt-0123456789abcdef0"},
            [
                (
                    "elasticfilesystem:DeleteMountTarget",
                    f"{SHARES}/fsmt-0123456789abcdef0",
                ),
                ("ec2:DeleteNetworkInterface", None),
            ],
        ),
        (
            "cloudfront:CreateDistributionWithTags",
            {},
            [("cloudfront:CreateDistribution", None), ("cloudfront:TagResource", None)],
        ),
        (
            "cloudwatch:DeleteAlarms",
            {"AlarmNames.member.1": "shop-a", "AlarmNames.member.2": "shop-b"},
            [("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:eu-west-1:1:alarm:shop-{one}") for one in "ab"],
        ),
        (
            "ssm:CreateDocument",
            {"Name": "shop-session", "Tags": [{"Key": "a", "Value": "b"}]},
            [
                ("ssm:CreateDocument", "arn:aws:ssm:eu-west-1:1:document/shop-session"),
                ("ssm:AddTagsToResource", "arn:aws:ssm:eu-west-1:1:document/shop-session"),
            ],
        ),
        ("ssm:GetParameter", {"Name": "/a"}, [("ssm:GetParameter", None)]),
        ("logs:PutLogEvents", {"logGroupName": "/shop/sessions"}, [("logs:PutLogEvents", None)]),
        ("acm:RequestCertificate", {"DomainName": "a", "Tags": []}, [("acm:RequestCertificate", None)]),
    ],
)
def test_what_a_call_needs(action: str, given: dict[str, Any], expected: list[tuple[str, str | None]]) -> None:
    assert [(each.action, each.resource) for each in needed(action, given, ACCOUNT)] == expected


@pytest.mark.parametrize(
    ("action", "given", "site"),
    [
        ("ec2:TerminateInstances", {"InstanceId.1": "i-0123456789abcdef0"}, "shop"),
        ("elasticfilesystem:DeleteFileSystem", {"FileSystemId": "fs-0123456789abcdef0"}, "blog"),
        ("ec2:DeleteVpc", {"VpcId": "vpc-0123456789abcdef0"}, None),
        ("acm:DeleteCertificate", {"CertificateArn": CERTIFICATE}, "shop"),
        ("cloudfront:DeleteDistribution", {"Id": "E1ABCDEFGHIJKL"}, "shop"),
        ("kms:ScheduleKeyDeletion", {"KeyId": KEY, "PendingWindowInDays": 7}, "shop"),
        ("kms:ScheduleKeyDeletion", {"KeyId": "another"}, None),
        ("ec2:ReplaceRoute", {"GatewayId": "igw-0123456789abcdef0", "RouteTableId": "rtb-0123456789abcdef0"}, "shop"),
    ],
)
def test_what_ends_things_comes_with_their_tags(action: str, given: dict[str, str], site: str | None) -> None:
    (found,) = needed(action, given, ACCOUNT)
    assert found.resource is not None
    assert found.context.get("aws:ResourceTag/hasite:site") == site


def test_a_role_is_passed_to_the_service_that_will_use_it() -> None:
    found = needed("ec2:RunInstances", {"IamInstanceProfile.Name": "shop-web"}, ACCOUNT)
    assert found[-1].context == {"iam:PassedToService": "ec2.amazonaws.com"}
