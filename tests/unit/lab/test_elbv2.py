# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing through boto3, and the world that it describes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lab.api import extensions
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.observed import Observed, TargetHealth
from lab.base.paths import LabPaths
from lab.context import Context
from lab.world.balancer import load_balancer

REGION = "ap-northeast-1"
POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


class Account:
    """An account with a VPC of three subnets in two zones, and its clients."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.ec2 = boto3.client("ec2", REGION)
        self.elb = boto3.client("elbv2", REGION)
        self.acm = boto3.client("acm", REGION)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.a, self.b, self.a2 = (self.subnet(n, zone) for n, zone in enumerate("aca"))

    def subnet(self, number: int, zone: str) -> str:
        cidr = f"10.0.{number}.0/24"
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=f"{REGION}{zone}")
        return str(made["Subnet"]["SubnetId"])

    def open(self) -> None:
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)

    def balancer(self, *subnets: str, name: str = "site", **more: Any) -> dict[str, Any]:
        made = self.elb.create_load_balancer(Name=name, Subnets=list(subnets or (self.a, self.b)), **more)
        found: dict[str, Any] = made["LoadBalancers"][0]
        return found

    def group(self, name: str = "web") -> str:
        made = self.elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc)
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def instance(self) -> str:
        image = self.ec2.describe_images()["Images"][0]["ImageId"]
        made = self.ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=self.a)
        found = str(made["Instances"][0]["InstanceId"])
        state = self.context.backends.at("ec2", REGION).get_instance(found)._state
        state.name, state.code = "running", 16
        return found

    def listen(self, balancer: str, group: str, **more: Any) -> dict[str, Any]:
        forward = [{"Type": "forward", "TargetGroupArn": group}]
        settings = {"Protocol": "HTTP", "Port": 80, **more}
        made = self.elb.create_listener(LoadBalancerArn=balancer, DefaultActions=forward, **settings)
        found: dict[str, Any] = made["Listeners"][0]
        return found

    def health(self, group: str, **more: Any) -> list[tuple[str, str, str]]:
        found = self.elb.describe_target_health(TargetGroupArn=group, **more)["TargetHealthDescriptions"]
        return [
            (each["Target"]["Id"], each["TargetHealth"]["State"], each["TargetHealth"].get("Reason", ""))
            for each in found
        ]


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    loop = asyncio.new_event_loop()
    context = Context(LabPaths("unit"), Clock(), Authority(tmp_path), Observed(), loop)
    extensions.extend(context)
    with mock_aws():
        yield Account(context)
    loop.close()


def overrides(account: Account, group: str) -> dict[str, str]:
    found = account.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return {one["Target"]["Id"]: one.get("AdministrativeOverride", {}).get("State", "") for one in found}


def test_a_zonal_shift_stands_above_the_health_of_its_zones_targets(account: Account) -> None:
    account.open()
    arn, group, machine = account.balancer()["LoadBalancerArn"], account.group(), account.instance()
    account.listen(arn, group)
    account.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": machine}])
    assert overrides(account, group) == {machine: ""}, "its owner has not opted in"
    opted = [{"Key": "zonal_shift.config.enabled", "Value": "true"}]
    account.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=opted)
    assert overrides(account, group) == {machine: "no_override"}
    shifts = boto3.client("arc-zonal-shift", REGION)
    begun = shifts.start_zonal_shift(resourceIdentifier=arn, awayFrom="apne1-az4", expiresIn="1h", comment="a try")
    assert overrides(account, group) == {machine: "zonal_shift_active"}
    assert account.health(group)[0][1:] == ("initial", "Elb.RegistrationInProgress"), "its health stays what it is"
    [world] = load_balancer.describe(account.context.backends)
    assert world.away_from == f"{REGION}a"
    off = [{"Key": "load_balancing.cross_zone.enabled", "Value": "false"}]
    account.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=off)
    assert overrides(account, group) == {machine: "zonal_shift_delegated_to_dns"}
    shifts.cancel_zonal_shift(zonalShiftId=begun["zonalShiftId"])
    assert overrides(account, group) == {machine: "no_override"}
    [world] = load_balancer.describe(account.context.backends)
    assert world.away_from == ""


def refused(code: str, text: str = "") -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\).*{text}")


def test_subnets_that_a_balancer_cannot_have(account: Account) -> None:
    with refused("InvalidSubnet", "has no internet gateway"):
        account.balancer()
    account.open()
    with refused("ValidationError", "At least two subnets in two different Availability Zones"):
        account.balancer(account.a)
    with refused("InvalidConfigurationRequest", "same Availability Zone"):
        account.balancer(account.a, account.a2)
    with refused("InvalidConfigurationRequest", "same Availability Zone"):
        account.balancer(account.a, account.b, account.a2)
    with refused("SubnetNotFound"):
        account.balancer(account.a, "subnet-0123")
    assert account.balancer(Scheme="internal")["Scheme"] == "internal", "needs no gateway under another name"


def test_a_new_balancer(account: Account) -> None:
    account.open()
    made = account.balancer()
    assert made["State"]["Code"] == "provisioning"
    assert made["CanonicalHostedZoneId"] == "Z14GRHDCWA56QT"
    assert made["DNSName"].startswith("site-")
    assert made["DNSName"].endswith(".ap-northeast-1.elb.amazonaws.com")
    assert account.balancer()["LoadBalancerArn"] == made["LoadBalancerArn"], "the same once more is allowed"
    with refused("DuplicateLoadBalancerName"):
        account.balancer(account.b, account.a2)
    interfaces = account.ec2.describe_network_interfaces()["NetworkInterfaces"]
    ours = [interface for interface in interfaces if interface["Description"].startswith("ELB app/site/")]
    assert {each["SubnetId"] for each in ours} == {account.a, account.b}
    assert all(each["RequesterManaged"] and each["Status"] == "in-use" for each in ours)
    (world,) = load_balancer.describe(account.context.backends)
    assert all(node.public_address for node in world.nodes)
    assert world.state == "provisioning"
    account.context.observed.balancers = {made["LoadBalancerArn"]}
    (seen,) = account.elb.describe_load_balancers()["LoadBalancers"]
    assert seen["State"]["Code"] == "active"


def test_attributes_have_their_defaults(account: Account) -> None:
    account.open()
    arn = account.balancer()["LoadBalancerArn"]
    found = account.elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    known = {each["Key"]: each["Value"] for each in found}
    assert known["routing.http.drop_invalid_header_fields.enabled"] == "false"
    assert known["idle_timeout.timeout_seconds"] == "60"


def test_protection_and_deletion(account: Account) -> None:
    account.open()
    arn = account.balancer()["LoadBalancerArn"]
    protection = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    account.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=protection)
    with refused("OperationNotPermitted", "deletion protection"):
        account.elb.delete_load_balancer(LoadBalancerArn=arn)
    protection[0]["Value"] = "false"
    account.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=protection)
    account.elb.delete_load_balancer(LoadBalancerArn=arn)
    account.elb.delete_load_balancer(LoadBalancerArn=arn)
    assert not load_balancer.describe(account.context.backends)
    assert not account.ec2.describe_network_interfaces()["NetworkInterfaces"]


def test_moving_and_grouping_change_the_interfaces(account: Account) -> None:
    account.open()
    arn = account.balancer()["LoadBalancerArn"]
    account.elb.set_subnets(LoadBalancerArn=arn, Subnets=[account.b, account.a2])
    made = account.ec2.create_security_group(GroupName="lb", Description="lb", VpcId=account.vpc)["GroupId"]
    account.elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[made])
    found = account.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert {each["SubnetId"] for each in found} == {account.b, account.a2}
    assert all([group["GroupId"] for group in each["Groups"]] == [made] for each in found)
    with refused("ValidationError"):
        account.elb.set_subnets(LoadBalancerArn=arn, Subnets=[account.b])


def test_certificates_that_a_listener_cannot_have(account: Account) -> None:
    account.open()
    balancer, group = account.balancer()["LoadBalancerArn"], account.group()
    https = {"Protocol": "HTTPS", "Port": 443, "SslPolicy": POLICY}
    with refused("ValidationError", "A certificate must be specified for HTTPS listeners"):
        account.listen(balancer, group, **https)
    pending = account.acm.request_certificate(DomainName="www.hasite.test", ValidationMethod="DNS")["CertificateArn"]
    with refused("UnsupportedCertificate"):
        account.listen(balancer, group, **https, Certificates=[{"CertificateArn": pending}])
    with refused("CertificateNotFound"):
        account.listen(balancer, group, **https, Certificates=[{"CertificateArn": pending[:-1] + "x"}])
    elsewhere = pending.replace(REGION, "us-east-1")
    with refused("ValidationError", "is not valid"):
        account.listen(balancer, group, **https, Certificates=[{"CertificateArn": elsewhere}])
    issued(account, pending)
    with refused("SSLPolicyNotFound"):
        account.listen(balancer, group, **{**https, "SslPolicy": "No"}, Certificates=[{"CertificateArn": pending}])
    account.listen(balancer, group, **https, Certificates=[{"CertificateArn": pending}])
    with refused("DuplicateListener"):
        account.listen(balancer, group, Port=443)


def issued(account: Account, arn: str) -> None:
    pending = account.context.backends.at("acm", REGION)._certificates[arn]
    pending.issue(account.context.authority.issue([pending.common_name], "EC_prime256v1"))


def test_the_default_certificate_is_changed_and_the_others_stay(account: Account) -> None:
    account.open()
    balancer, group = account.balancer()["LoadBalancerArn"], account.group()
    one, two, three = (
        account.acm.request_certificate(DomainName=f"{name}.hasite.test", ValidationMethod="DNS")["CertificateArn"]
        for name in ("one", "two", "three")
    )
    for each in (one, two, three):
        issued(account, each)
    listener = account.listen(balancer, group, Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": one}])
    arn = listener["ListenerArn"]
    account.elb.add_listener_certificates(ListenerArn=arn, Certificates=[{"CertificateArn": two}])
    account.elb.modify_listener(ListenerArn=arn, Certificates=[{"CertificateArn": three}])
    (world,) = load_balancer.describe(account.context.backends)
    assert world.listeners[0].certificates == (three, two)
    with refused("OperationNotPermitted"):
        account.elb.remove_listener_certificates(ListenerArn=arn, Certificates=[{"CertificateArn": three}])


def test_target_groups_in_use(account: Account) -> None:
    account.open()
    balancer, group = account.balancer()["LoadBalancerArn"], account.group()
    other = account.balancer(account.b, account.a2, name="other")["LoadBalancerArn"]
    listener = account.listen(balancer, group)["ListenerArn"]
    with refused("ResourceInUse"):
        account.elb.delete_target_group(TargetGroupArn=group)
    with refused("TargetGroupAssociationLimit"):
        account.listen(other, group)
    account.elb.delete_listener(ListenerArn=listener)
    (known,) = account.elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"]
    assert not known.get("LoadBalancerArns")
    account.elb.delete_target_group(TargetGroupArn=group)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("stickiness.enabled", "yes"),
        ("stickiness.lb_cookie.duration_seconds", "0"),
        ("stickiness.lb_cookie.duration_seconds", "604801"),
        ("stickiness.lb_cookie.duration_seconds", "1d"),
        ("stickiness.app_cookie.duration_seconds", "-1"),
    ],
)
def test_stickiness_that_a_target_group_cannot_have(account: Account, key: str, value: str) -> None:
    with pytest.raises(ClientError, match=f"'{key}' value '{value}' must be"):
        account.elb.modify_target_group_attributes(
            TargetGroupArn=account.group(), Attributes=[{"Key": key, "Value": value}]
        )


def test_health_is_what_was_observed(account: Account) -> None:
    account.open()
    balancer, group, machine = account.balancer()["LoadBalancerArn"], account.group(), account.instance()
    assert account.health(group) == []
    account.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": machine}])
    assert account.health(group) == [(machine, "unused", "Target.NotInUse")]
    account.listen(balancer, group)
    assert account.health(group) == [(machine, "initial", "Elb.RegistrationInProgress")]
    account.context.observed.targets = {(group, machine): TargetHealth("healthy")}
    assert account.health(group) == [(machine, "healthy", "")]
    account.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": machine}])
    assert account.health(group) == [(machine, "draining", "Target.DeregistrationInProgress")]
    assert account.health(group, Targets=[{"Id": "i-0123"}]) == [("i-0123", "unused", "Target.NotRegistered")]


def test_draining_ends(account: Account) -> None:
    group, machine = account.group(), account.instance()
    at_once = [{"Key": "deregistration_delay.timeout_seconds", "Value": "0"}]
    account.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=at_once)
    account.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": machine}])
    account.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": machine}])
    assert account.health(group) == []


def test_targets_may_drain_for_an_hour(account: Account) -> None:
    group, key = account.group(), "deregistration_delay.timeout_seconds"
    account.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[{"Key": key, "Value": "3600"}])
    found = account.elb.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
    assert {"Key": key, "Value": "3600"} in found


def test_a_target_is_deregistered_on_the_port_on_which_it_is_registered(account: Account) -> None:
    group, machine = account.group(), account.instance()
    account.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": machine, "Port": 8080}])
    account.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": machine, "Port": 80}])
    assert account.health(group) == [(machine, "unused", "Target.NotInUse")]
    account.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": machine, "Port": 8080}])
    assert account.health(group) == [(machine, "draining", "Target.DeregistrationInProgress")]


def test_only_running_instances_of_the_vpc_are_registered(account: Account) -> None:
    group, machine = account.group(), account.instance()
    with refused("InvalidTarget"):
        account.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "i-0123"}])
    account.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": machine}])
    account.ec2.stop_instances(InstanceIds=[machine])
    with refused("InvalidTarget", "not in a running state"):
        account.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": machine}])


def test_the_world_has_rules_in_their_order(account: Account) -> None:
    account.open()
    balancer, group, machine = account.balancer()["LoadBalancerArn"], account.group(), account.instance()
    account.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": machine}])
    listener = account.listen(balancer, group)["ListenerArn"]
    for priority in (20, 3):
        redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "StatusCode": "HTTP_301"}}
        account.elb.create_rule(
            ListenerArn=listener, Priority=priority, Actions=[redirect],
            Conditions=[{"Field": "path-pattern", "Values": [f"/{priority}"]}],
        )  # fmt: skip
    (world,) = load_balancer.describe(account.context.backends)
    rules = world.listeners[0].rules
    assert [rule.conditions[0].values for rule in rules[:-1]] == [("/3",), ("/20",)]
    assert rules[0].action.location == ("HTTPS", "#{host}", "#{port}", "/#{path}", "#{query}")
    assert rules[-1].action.groups == ((group, 1),)
    (target,) = world.target_groups[0].targets
    assert (target.id, target.port, target.zone, target.usable) == (machine, 80, f"{REGION}a", True)
    assert world.target_groups[0].check.interval == 30


def test_rules_that_a_listener_cannot_have(account: Account) -> None:
    account.open()
    balancer, group = account.balancer()["LoadBalancerArn"], account.group()
    listener = account.listen(balancer, group)["ListenerArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group}]

    def rule(*hosts: str) -> Any:
        condition = {"Field": "host-header", "HostHeaderConfig": {"Values": list(hosts)}}
        return account.elb.create_rule(ListenerArn=listener, Priority=1, Conditions=[condition], Actions=forward)

    with refused("ValidationError", "A rule can only have '5' condition values"):
        rule(*(f"a{number}.hasite.test" for number in range(6)))
    with refused("ValidationError", "contains a character that is not valid"):
        rule("日本語.jp")
    made = rule(*(f"a{number}.hasite.test" for number in range(5)))["Rules"][0]["RuleArn"]
    many = {"Field": "host-header", "HostHeaderConfig": {"Values": list("abcdef")}}
    with refused("ValidationError", "A rule can only have '5' condition values"):
        account.elb.modify_rule(RuleArn=made, Conditions=[many])
    with refused("PriorityInUse"):
        rule("b.hasite.test")
