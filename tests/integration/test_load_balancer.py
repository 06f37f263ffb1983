# SPDX-License-Identifier: GPL-3.0-or-later
"""An Application Load Balancer whose nodes, targets and checks have packets of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.base import addresses
from lab.base.endpoint import require
from lab.base.paths import LabPaths
from tests.integration.labs import installed, run_lab
from tests.integration.small_world import SmallWorld, until

pytestmark = pytest.mark.lab
ROOT = Path(__file__).parents[2]


class Site(SmallWorld):
    """Two servers behind a balancer, registered by address."""

    def __init__(self, session: boto3.session.Session, place: LabPaths, folder: Path) -> None:
        super().__init__(session, place, second=71)
        self.front, self.web = self.group("front"), self.group("web")
        self.admit(self.front, 80, world=True)
        self.rule = self.admit(self.web, 80, source=self.front)
        self.health_files = [folder / "a", folder / "b"]
        made = self.elb.create_target_group(
            Name="site71", Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType="ip", HealthCheckPath="/health",
            HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2,
        )  # fmt: skip
        self.targets = made["TargetGroups"][0]["TargetGroupArn"]
        made = self.elb.create_load_balancer(Name="site71", Subnets=self.public, SecurityGroups=[self.front])
        self.balancer = made["LoadBalancers"][0]
        self.arn = self.balancer["LoadBalancerArn"]
        self.listen()
        self.addresses = [self.serve(subnet, n) for n, subnet in enumerate(self.private)]

    def serve(self, subnet: str, number: int) -> str:
        self.health_files[number].write_text("200")
        identity, address = self.interface(subnet, self.web)
        self.web_server(identity, str(self.health_files[number]), f"server {number}")
        return address

    def listen(self) -> None:
        forward = [{"Type": "forward", "TargetGroupArn": self.targets}]
        self.elb.create_listener(LoadBalancerArn=self.arn, Protocol="HTTP", Port=80, DefaultActions=forward)
        self.elb.get_waiter("load_balancer_available").wait(
            LoadBalancerArns=[self.arn], WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )

    def nodes(self) -> list[str]:
        filters = [{"Name": "description", "Values": ["ELB " + self.arn.partition(":loadbalancer/")[2]]}]
        found = self.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return [each["Association"]["PublicIp"] for each in found]

    def in_subnet(self, subnet: str) -> str:
        """Return the address of the node in a subnet."""
        filters = [
            {"Name": "description", "Values": ["ELB " + self.arn.partition(":loadbalancer/")[2]]},
            {"Name": "subnet-id", "Values": [subnet]},
        ]
        (found,) = self.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return str(found["Association"]["PublicIp"])

    def named(self) -> list[str]:
        """Return the addresses to which the balancer's name leads."""
        asked = ("dig", f"@{addresses.AWS_SERVER}", "+short", "+norecurse", self.balancer["DNSName"])
        return self.run("client", *asked).stdout.split()

    @contextmanager
    def cut_off(self, subnet: str) -> Iterator[None]:
        """Put a subnet behind a network ACL that lets nothing pass, for as long as it lasts."""
        acl = self.ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"]
        before = self._associate(subnet, acl)
        try:
            yield
        finally:
            self._associate(subnet, before)
            self.ec2.delete_network_acl(NetworkAclId=acl)

    def _associate(self, subnet: str, acl: str) -> str:
        """Put a subnet behind another network ACL; return the one that it had."""
        (association, before) = next(
            (each["NetworkAclAssociationId"], one["NetworkAclId"])
            for one in self.ec2.describe_network_acls()["NetworkAcls"]
            for each in one["Associations"]
            if each["SubnetId"] == subnet
        )
        self.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
        return str(before)

    def health(self) -> dict[str, tuple[str, str]]:
        found = self.elb.describe_target_health(TargetGroupArn=self.targets)["TargetHealthDescriptions"]
        return {
            each["Target"]["Id"]: (each["TargetHealth"]["State"], each["TargetHealth"].get("Reason", ""))
            for each in found
        }

    def all_are(self, state: str, reason: str = "") -> bool:
        found = self.health()
        return len(found) == 2 and set(found.values()) == {(state, reason)}


@pytest.fixture(scope="module")
def site(session: boto3.session.Session, place: LabPaths, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(session, place, tmp_path_factory.mktemp("health"))
    yield made
    made.close()
    made.elb.delete_load_balancer(LoadBalancerArn=made.arn)
    made.elb.delete_target_group(TargetGroupArn=made.targets)


def test_without_a_target_every_node_answers_503(site: Site) -> None:
    nodes = site.nodes()
    assert len(nodes) == 2
    for node in nodes:
        status, head, body = site.fetch(node)
        assert (status, "server: awselb/2.0" in head.lower()) == (503, True)
        assert "503 Service Temporarily Unavailable" in body


def test_both_targets_become_healthy_and_every_node_reaches_both(site: Site) -> None:
    site.elb.register_targets(TargetGroupArn=site.targets, Targets=[{"Id": address} for address in site.addresses])
    until(lambda: site.all_are("healthy"))
    for node in site.nodes():
        bodies = [site.fetch(node)[2] for _ in range(6)]
        assert {body[:8] for body in bodies} == {"server 0", "server 1"}
        assert all(body.endswith(site.run("client", "hostname", "-I").stdout.split()[0]) for body in bodies)


def test_a_target_that_fails_its_checks_gets_no_requests(site: Site) -> None:
    site.health_files[0].write_text("500")
    until(lambda: site.health()[site.addresses[0]] == ("unhealthy", "Target.ResponseCodeMismatch"), 40)
    (found,) = (
        description["TargetHealth"]["Description"]
        for description in site.elb.describe_target_health(TargetGroupArn=site.targets)["TargetHealthDescriptions"]
        if description["Target"]["Id"] == site.addresses[0]
    )
    assert found == "Health checks failed with these codes: [500]"
    node = site.nodes()[0]
    until(lambda: {site.fetch(node)[2][:8] for _ in range(4)} == {"server 1"})


def test_a_group_without_a_healthy_target_fails_open(site: Site) -> None:
    site.health_files[1].write_text("500")
    until(lambda: site.all_are("unhealthy", "Target.ResponseCodeMismatch"), 40)
    node = site.nodes()[0]
    until(lambda: {site.fetch(node)[2][:8] for _ in range(6)} == {"server 0", "server 1"})
    for file in site.health_files:
        file.write_text("200")
    until(lambda: site.all_are("healthy"), 60)


def test_a_closed_security_group_is_a_timeout(site: Site) -> None:
    site.ec2.revoke_security_group_ingress(GroupId=site.web, IpPermissions=[site.rule])
    until(lambda: site.all_are("unhealthy", "Target.Timeout"), 60)
    assert site.fetch(site.nodes()[0])[0] == 504
    site.ec2.authorize_security_group_ingress(GroupId=site.web, IpPermissions=[site.rule])
    until(lambda: site.all_are("healthy"), 60)


def test_a_node_that_is_cut_off_leaves_the_name_and_the_other_one_goes_on(site: Site) -> None:
    assert len(site.named()) == 2
    cut, other = site.in_subnet(site.public[0]), site.in_subnet(site.public[1])
    with site.cut_off(site.public[0]):
        until(lambda: site.fetch(cut)[0] == 0)
        until(lambda: site.named() == [other], 60)
        assert site.all_are("healthy"), "what the cut node does not reach is no target's trouble"
        assert {site.fetch(other)[2][:8] for _ in range(6)} == {"server 0", "server 1"}
    until(lambda: len(site.named()) == 2, 60)
    until(lambda: {site.fetch(cut)[2][:8] for _ in range(6)} == {"server 0", "server 1"})
    until(lambda: site.all_are("healthy"))


def test_aws_shifts_away_by_itself_who_has_agreed(site: Site, session: boto3.session.Session) -> None:
    url = require(site.place).url
    cloudwatch, shifts = (session.client(name, endpoint_url=url) for name in ("cloudwatch", "arc-zonal-shift"))
    site.elb.modify_load_balancer_attributes(
        LoadBalancerArn=site.arn, Attributes=[{"Key": "zonal_shift.config.enabled", "Value": "true"}]
    )
    cloudwatch.put_metric_alarm(
        AlarmName="errors", MetricName="HTTPCode_ELB_5XX_Count", Namespace="AWS/ApplicationELB", Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Period=60, Threshold=10,
    )  # fmt: skip
    (alarm,) = cloudwatch.describe_alarms()["MetricAlarms"]
    shifts.create_practice_run_configuration(
        resourceIdentifier=site.arn, outcomeAlarms=[{"type": "CLOUDWATCH", "alarmIdentifier": alarm["AlarmArn"]}]
    )
    shifts.update_zonal_autoshift_configuration(resourceIdentifier=site.arn, zonalAutoshiftStatus="ENABLED")
    left = site.in_subnet(site.public[1])
    (zone,) = (one["AvailabilityZone"] for one in site.ec2.describe_subnets(SubnetIds=[site.public[0]])["Subnets"])
    done = run_lab(site.place.name, "autoshift", zone)
    assert site.arn in done.stdout, done.stderr
    until(lambda: site.named() == [left])
    # Also who still comes to the zone's node is sent to the other zone's target.
    for node in site.nodes():
        until(lambda node=node: {site.fetch(node)[2][:8] for _ in range(6)} == {"server 1"})
    assert site.all_are("healthy")
    assert "ended 1 autoshifts" in run_lab(site.place.name, "autoshift").stdout
    until(lambda: len(site.named()) == 2)
    until(lambda: {site.fetch(left)[2][:8] for _ in range(6)} == {"server 0", "server 1"})


def test_rules_take_effect_while_it_runs(site: Site) -> None:
    (listener,) = site.elb.describe_listeners(LoadBalancerArn=site.arn)["Listeners"]
    action: dict[str, Any] = {
        "Type": "redirect",
        "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
    }
    made = site.elb.create_rule(
        ListenerArn=listener["ListenerArn"], Priority=1, Actions=[action],
        Conditions=[{"Field": "path-pattern", "Values": ["/old/*"]}],
    )  # fmt: skip
    node = site.nodes()[0]
    until(lambda: site.fetch(f"{node}/old/page?a=b")[0] == 301)
    assert f"location: https://{node}:443/old/page?a=b" in site.fetch(f"{node}/old/page?a=b")[1].lower()
    site.elb.delete_rule(RuleArn=made["Rules"][0]["RuleArn"])
    until(lambda: site.fetch(f"{node}/old/page")[0] == 200)


def play_web_acl(site: Site, folder: Path, entry: str) -> str:
    """Run the role `web_acl` on this load balancer; return what Ansible says of it."""
    keys = require(site.place)
    aws = {"endpoint_url": keys.url, "access_key": keys.access_key, "secret_key": keys.secret_key}
    told = {
        "web_acl_site": "site71", "web_acl_load_balancer_arn": site.arn, "web_acl_rate_limit": 100,
    }  # fmt: skip
    play = {
        "hosts": "localhost", "gather_facts": False, "environment": {"AWS_REGION": "ap-northeast-1"},
        "module_defaults": {"group/community.aws.aws": aws},
        "tasks": [{"ansible.builtin.include_role": {"name": "hasite.aws.web_acl", "tasks_from": entry}, "vars": told}],
    }  # fmt: skip
    file = folder / "play.json"
    file.write_text(json.dumps([play]))
    command = [installed("ansible-playbook"), "-i", "localhost,", "-c", "local", str(file)]
    command += ["-e", f"ansible_python_interpreter={sys.executable}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_web_acl_blocks_who_asks_too_often(site: Site, tmp_path: Path) -> None:
    node = site.nodes()[0]
    written = ("--output", "/dev/null", "--write-out", "%{http_code}\n")

    def statuses(path: str, times: int) -> list[str]:
        return site.run("client", "curl", "-s", *written, f"http://{node}{path}?[1-{times}]").stdout.split()

    assert "changed=2" in play_web_acl(site, tmp_path, "main")
    assert "changed=0" in play_web_acl(site, tmp_path, "main")
    # The configuration is taken over soon, and counts from then on.
    until(lambda: "403" in statuses("/page", 110))
    assert set(statuses("/health", 5)) == {"403"}
    status, head, body = site.fetch(node)
    assert (status, "server: awselb/2.0" in head.lower()) == (403, True)
    assert "403 Forbidden" in body

    assert "changed=2" in play_web_acl(site, tmp_path, "absent")
    assert "changed=0" in play_web_acl(site, tmp_path, "absent")
    until(lambda: site.fetch(node)[0] == 200)


def test_a_deregistered_target_drains(site: Site) -> None:
    site.elb.deregister_targets(TargetGroupArn=site.targets, Targets=[{"Id": site.addresses[0]}])
    assert site.health()[site.addresses[0]] == ("draining", "Target.DeregistrationInProgress")
    node = site.nodes()[0]
    until(lambda: {site.fetch(node)[2][:8] for _ in range(4)} == {"server 1"})
