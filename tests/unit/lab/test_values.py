# SPDX-License-Identifier: GPL-3.0-or-later
"""The API refuses, in AWS's words, what would be more than a word in a program's configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lab.api import extensions
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context
from lab.running.status import table
from lab.world.world import describe

REGION = "ap-northeast-1"
HOSTILE = "x) -m found\nglobal\n lua-load /e\n#"


class Account:
    """An account with a VPC, a balancer with a listener, and its clients."""

    def __init__(self) -> None:
        self.ec2: Any = boto3.client("ec2", REGION)
        self.elb: Any = boto3.client("elbv2", REGION)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        subnets = [
            self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")
            for n, zone in enumerate("ac")
        ]
        self.balancer = self.elb.create_load_balancer(
            Name="site", Subnets=[subnet["Subnet"]["SubnetId"] for subnet in subnets]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.group = self.elb.create_target_group(
            Name="web", Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        self.forward = [{"Type": "forward", "TargetGroupArn": self.group}]
        self.listener = self.elb.create_listener(
            LoadBalancerArn=self.balancer, Protocol="HTTP", Port=80, DefaultActions=self.forward
        )["Listeners"][0]["ListenerArn"]
        found = self.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])
        self.security_group = found["SecurityGroups"][0]["GroupId"]
        self.acl = self.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["NetworkAcls"][0][
            "NetworkAclId"
        ]

    def rule(self, condition: dict[str, Any], **action: Any) -> None:
        actions = [{"Type": "redirect", "RedirectConfig": action}] if action else self.forward
        self.elb.create_rule(ListenerArn=self.listener, Priority=1, Conditions=[condition], Actions=actions)

    def header(self, name: str) -> None:
        self.rule({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": ["*"]}})

    def method(self, method: str) -> None:
        self.rule({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": [method]}})

    def source(self, cidr: str) -> None:
        self.rule({"Field": "source-ip", "SourceIpConfig": {"Values": [cidr]}})

    def redirect(self, path: str) -> None:
        self.rule({"Field": "path-pattern", "Values": ["/a"]}, StatusCode="HTTP_301", Path=path)

    def target(self, target: str) -> None:
        self.elb.register_targets(TargetGroupArn=self.group, Targets=[{"Id": target}])

    def health(self, path: str) -> None:
        self.elb.modify_target_group(TargetGroupArn=self.group, HealthCheckPath=path)

    def new_group(self, name: str, path: str = "/") -> None:
        self.elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc, HealthCheckPath=path)

    def permission(self, protocol: str, cidr: str = "10.0.0.0/8", **more: Any) -> None:
        rule = {"IpProtocol": protocol, "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": cidr}], **more}
        self.ec2.authorize_security_group_ingress(GroupId=self.security_group, IpPermissions=[rule])

    def changed(self, protocol: str = "tcp", cidr: str = "10.0.0.0/8") -> None:
        self.permission("tcp", "10.1.0.0/16")
        rules = self.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [self.security_group]}])[
            "SecurityGroupRules"
        ]
        rule = next(each for each in rules if each.get("CidrIpv4") == "10.1.0.0/16")
        new = {"IpProtocol": protocol, "FromPort": 81, "ToPort": 81, "CidrIpv4": cidr}
        self.ec2.modify_security_group_rules(
            GroupId=self.security_group,
            SecurityGroupRules=[{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": new}],
        )

    def entry(self, protocol: str = "6", cidr: str = "10.0.0.0/8", *, replace: bool = False) -> None:
        call = self.ec2.replace_network_acl_entry if replace else self.ec2.create_network_acl_entry
        call(
            NetworkAclId=self.acl, RuleNumber=100 if replace else 90, Protocol=protocol, RuleAction="allow",
            Egress=False, CidrBlock=cidr, PortRange={"From": 80, "To": 80},
        )  # fmt: skip

    def prefixes(self, cidr: str) -> str:
        made = self.ec2.create_managed_prefix_list(
            PrefixListName="mine", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": cidr}]
        )
        return str(made["PrefixList"]["PrefixListId"])

    def more_prefixes(self, cidr: str) -> None:
        known = self.prefixes("10.0.0.0/8")
        self.ec2.modify_managed_prefix_list(PrefixListId=known, AddEntries=[{"Cidr": cidr}], CurrentVersion=1)

    def dhcp(self, key: str, value: str) -> None:
        made = self.ec2.create_dhcp_options(DhcpConfigurations=[{"Key": key, "Values": [value]}])
        self.ec2.associate_dhcp_options(DhcpOptionsId=made["DhcpOptions"]["DhcpOptionsId"], VpcId=self.vpc)

    def check(self, **settings: str) -> None:
        config = {"Type": "HTTP", "IPAddress": "192.0.2.1", "Port": 80, **settings}
        boto3.client("route53", REGION).create_health_check(CallerReference="a", HealthCheckConfig=config)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    loop = asyncio.new_event_loop()
    made = Context(LabPaths("unit"), Clock(), Authority(tmp_path), Observed(), loop)
    with mock_aws():
        extensions.extend(made)
        yield made
    loop.close()


@pytest.fixture
def account(context: Context) -> Account:
    return Account()


REFUSED: tuple[tuple[Callable[[Account], object], str], ...] = (
    (lambda a: a.header(HOSTILE), "ValidationError"),
    (lambda a: a.header("a b"), "ValidationError"),
    (lambda a: a.method("GET x"), "ValidationError"),
    (lambda a: a.source("10.0.0.0/8\n"), "ValidationError"),
    (lambda a: a.source("10.0.0.1"), "ValidationError"),
    (lambda a: a.redirect("/a\r\nSet-Cookie: b"), "InvalidLoadBalancerAction"),
    (lambda a: a.target("10.9.0.5\n  server evil 10.0.0.1:80"), "ValidationError"),
    (lambda a: a.target("10.9.0.5\n"), "ValidationError"),
    (lambda a: a.health("/a HTTP/1.1\r\nHost: b"), "ValidationError"),
    (lambda a: a.health("health"), "ValidationError"),
    (lambda a: a.new_group("web2\n"), "ValidationError"),
    (lambda a: a.new_group("web2", "/\n"), "ValidationError"),
    (lambda a: a.permission("50 counter accept\n#"), "InvalidParameterValue"),
    (lambda a: a.permission("256"), "InvalidParameterValue"),
    (lambda a: a.permission("tcp", "10.0.0.0/8\n"), "InvalidParameterValue"),
    (lambda a: a.permission("tcp", "10.0.0.0"), "InvalidParameterValue"),
    (lambda a: a.changed(protocol="x}"), "InvalidParameterValue"),
    (lambda a: a.changed(cidr="x}"), "InvalidParameterValue"),
    (lambda a: a.entry(protocol="6\n"), "InvalidParameterValue"),
    (lambda a: a.entry(protocol="6 accept\n}\nchain evil {", replace=True), "InvalidParameterValue"),
    (lambda a: a.entry(cidr="0.0.0.0/0 accept\n"), "InvalidParameterValue"),
    (lambda a: a.prefixes("10.0.0.0/8 }\n"), "InvalidParameterValue"),
    (lambda a: a.prefixes("::/0"), "InvalidParameterValue"),
    (lambda a: a.more_prefixes("x"), "InvalidParameterValue"),
    (lambda a: a.dhcp("domain-name", "a.test\n* * * * * root sh"), "InvalidParameterValue"),
    (lambda a: a.dhcp("domain-name", "-a"), "InvalidParameterValue"),
    (lambda a: a.dhcp("domain-name-servers", "10.0.0.1\nsearch x"), "InvalidParameterValue"),
    (lambda a: a.check(ResourcePath="/ HTTP/1.1\r\nHost: b"), "InvalidInput"),
    (lambda a: a.check(FullyQualifiedDomainName="a.test\r\nX: y"), "InvalidInput"),
)
KEPT: tuple[Callable[[Account], object], ...] = (
    lambda a: a.header("X-It's~Mine"),
    lambda a: a.method("GET"),
    lambda a: a.source("10.0.0.0/8"),
    lambda a: a.source("2001:db8::/32"),
    lambda a: a.redirect("/#{path}"),
    lambda a: a.target("10.0.0.5"),
    lambda a: a.health("/health?a=b"),
    lambda a: a.permission("50"),
    lambda a: a.permission("tcp", Ipv6Ranges=[{"CidrIpv6": "::/0"}]),
    lambda a: a.changed(),
    lambda a: a.entry(),
    lambda a: a.entry(replace=True),
    lambda a: a.more_prefixes("192.0.2.0/24"),
    lambda a: a.dhcp("domain-name", "one.example.test two.example.test"),
    lambda a: a.dhcp("domain-name-servers", "AmazonProvidedDNS"),
    lambda a: a.check(ResourcePath="/health?a=b", FullyQualifiedDomainName="a.test"),
)


@pytest.mark.parametrize(("ask", "code"), REFUSED)
def test_a_malformed_value_is_refused(
    account: Account, context: Context, ask: Callable[[Account], object], code: str
) -> None:
    with pytest.raises(ClientError) as refusal:
        ask(account)
    assert refusal.value.response["Error"]["Code"] == code
    describe(context.backends, context.observed)


@pytest.mark.parametrize("ask", KEPT)
def test_a_value_that_aws_takes_is_kept(account: Account, context: Context, ask: Callable[[Account], object]) -> None:
    ask(account)
    describe(context.backends, context.observed)


def test_a_name_does_not_move_the_terminals_cursor() -> None:
    row = {"kind": "instance", "id": "i-1", "name": "web\x1b[2J\n\u202e", "state": "running", "detail": ""}
    assert "web\\x1b[2J\\n\\u202e" in table({"resources": [row]})
