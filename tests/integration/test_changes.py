# SPDX-License-Identifier: GPL-3.0-or-later
"""What an owner changes of a site that is on line, and what others have added to it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.visitors import MEMBERS, Visits, visiting
from lab.commands.shell import visitor
from tests.applications import membership
from tests.integration.labs import run_lab
from tests.integration.owner import URL, Owner, healthy, visit
from tests.integration.small_world import until

pytestmark = pytest.mark.acceptance


def given(**variables: Any) -> tuple[str, str]:
    return ("-e", json.dumps(variables))


def refusal(owner: Owner, playbook: str, *words: str) -> str:
    """Run a playbook that must fail before it changes anything, and return what it says."""
    done = owner.attempt(playbook, *words)
    assert done.returncode != 0
    assert owner.changes(done.stdout) == []
    return re.sub(r"\s+", " ", done.stdout)


ZONES = ["ap-northeast-1a", "ap-northeast-1c"]
REFUSED: dict[str, tuple[Any, str]] = {
    "site_name": ("other", "www.hasite.test"),
    "site_region": ("eu-central-1", "build a second site under another name and move"),
    "site_availability_zones": (["ap-northeast-1a", "ap-northeast-1d"], "build a second site and move"),
    "site_vpc_cidr": ("10.9.0.0/16", "build a second site and move"),
}
"""What can't be changed: another value, and what is said about it."""


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_fixed_is_refused_before_anything_changes(demo: Owner, name: str) -> None:
    value, said = REFUSED[name]
    before = demo.status()
    assert said in refusal(demo, "site", *given(**{name: value}))
    assert demo.status() == before


def tag_everything(owner: Owner, key: str) -> dict[str, Any]:
    """Tag whatever of the site has tags, as somebody who counts costs; return the resources by their ARNs or ids."""
    ec2, elb, route53 = owner.client("ec2"), owner.client("elbv2"), owner.client("route53", "us-east-1")
    tags = [{"Key": key, "Value": "4711"}]
    found = ec2.describe_tags(Filters=[{"Name": "tag:hasite:site", "Values": ["demo"]}])["Tags"]
    ids = sorted({one["ResourceId"] for one in found})
    ec2.create_tags(Resources=ids, Tags=tags)
    arns = [balancer["LoadBalancerArn"] for balancer in elb.describe_load_balancers()["LoadBalancers"]]
    arns += [group["TargetGroupArn"] for group in elb.describe_target_groups()["TargetGroups"]]
    elb.add_tags(ResourceArns=arns, Tags=tags)
    check = route53.list_health_checks()["HealthChecks"][0]["Id"]
    route53.change_tags_for_resource(ResourceType="healthcheck", ResourceId=check, AddTags=tags)
    share = owner.client("efs").describe_file_systems()["FileSystems"][0]["FileSystemId"]
    owner.client("efs").tag_resource(ResourceId=share, Tags=tags)
    owner.client("iam").tag_role(RoleName="demo-web", Tags=tags)
    owner.client("logs").tag_log_group(logGroupName="/demo/sessions", tags={key: "4711"})
    return {"ids": ids, "arns": arns, "check": check, "share": share}


def tagged(owner: Owner, key: str, there: dict[str, Any]) -> list[Any]:
    """Return what of these has lost the tag."""
    ec2, elb, route53 = owner.client("ec2"), owner.client("elbv2"), owner.client("route53", "us-east-1")
    kept = {one["ResourceId"] for one in ec2.describe_tags(Filters=[{"Name": "key", "Values": [key]}])["Tags"]}
    described = elb.describe_tags(ResourceArns=there["arns"])["TagDescriptions"]
    lost = [id_ for id_ in there["ids"] if id_ not in kept]
    lost += [one["ResourceArn"] for one in described if key not in {tag["Key"] for tag in one["Tags"]}]
    others = {
        "check": route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=there["check"])[
            "ResourceTagSet"
        ]["Tags"],
        "share": owner.client("efs").list_tags_for_resource(ResourceId=there["share"])["Tags"],
        "role": owner.client("iam").list_role_tags(RoleName="demo-web")["Tags"],
        "log group": [
            {"Key": one} for one in owner.client("logs").list_tags_log_group(logGroupName="/demo/sessions")["tags"]
        ],
    }
    return lost + [name for name, tags in others.items() if key not in {tag["Key"] for tag in tags}]


def test_what_others_have_added_stays_and_is_no_change(demo: Owner) -> None:
    there = tag_everything(demo, "cost-centre")
    assert len(there["ids"]) > 12
    # The zones in another order are the same zones.
    assert demo.changes(demo.play("site", *given(site_availability_zones=ZONES[::-1]))) == []
    assert tagged(demo, "cost-centre", there) == []


BLOG = {"ContentType": "text/plain", "MessageBody": "somebody's blog", "StatusCode": "200"}


def listeners(owner: Owner) -> dict[int, str]:
    """Return the ARNs of the load balancer's listeners by their ports."""
    elbv2 = owner.client("elbv2")
    [balancer] = elbv2.describe_load_balancers()["LoadBalancers"]
    found = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    return {listener["Port"]: listener["ListenerArn"] for listener in found}


def answer(owner: Owner, listener: str, priority: int, host: str, text: str) -> str:
    """Add a rule to a listener, as somebody else does; return its ARN."""
    said = {"ContentType": "text/plain", "MessageBody": text, "StatusCode": "200"}
    made = owner.client("elbv2").create_rule(
        ListenerArn=listener,
        Priority=priority,
        Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": [host]}}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": said}],
    )
    return str(made["Rules"][0]["RuleArn"])


def blog(owner: Owner, scheme: str) -> str:
    """Return what the load balancer says to whoever asks it for another host."""
    return visit(owner, "-k", "--connect-to", "::www.hasite.test:", f"{scheme}://blog.example/").stdout


def test_rules_of_others_stay_and_the_sites_own_are_put_back(demo: Owner) -> None:
    elbv2, ports = demo.client("elbv2"), listeners(demo)
    theirs = [answer(demo, arn, 200, "blog.example", "somebody's blog") for arn in ports.values()]
    try:
        until(lambda: {blog(demo, "http"), blog(demo, "https")} == {"somebody's blog"}, 30)
        assert demo.changes(demo.play("provision")) == []

        rules = elbv2.describe_rules(ListenerArn=ports[443])["Rules"]
        [own] = [rule["RuleArn"] for rule in rules if "www.hasite.test" in json.dumps(rule["Conditions"])]
        elbv2.delete_rule(RuleArn=own)
        until(lambda: "This site has another name." in visit(demo, URL).stdout, 30)
        planned = demo.attempt("provision", "--check", "--diff")
        assert re.search(r'^\+\s+"name": "site",$', planned.stdout, re.MULTILINE)
        assert "This site has another name." in visit(demo, URL).stdout
        assert demo.changes(demo.play("provision"))
        assert "hostname is" in visit(demo, URL).stdout
        assert len(elbv2.describe_rules(RuleArns=theirs)["Rules"]) == len(theirs)
    finally:
        for arn in theirs:
            elbv2.delete_rule(RuleArn=arn)


def checks(owner: Owner) -> list[tuple[str, int, int]]:
    """Return the health checks: id, interval and threshold."""
    found = owner.client("route53", "us-east-1").list_health_checks()["HealthChecks"]
    configs = [(one["Id"], one["HealthCheckConfig"]) for one in found]
    return [(name, config["RequestInterval"], config["FailureThreshold"]) for name, config in configs]


def asked_by_records(owner: Owner) -> set[str]:
    """Return the health checks that the site's records depend on."""
    route53 = owner.client("route53", "us-east-1")
    zone = route53.list_hosted_zones()["HostedZones"][0]["Id"]
    found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {one["HealthCheckId"] for one in found if "HealthCheckId" in one}


def test_another_interval_is_another_health_check_that_the_names_depend_on(demo: Owner) -> None:
    [(before, _, _)] = checks(demo)
    wanted = given(site_health_check={"interval": 30, "threshold": 2})
    assert demo.changes(demo.play("publish", *wanted))
    [(after, interval, threshold)] = checks(demo)
    assert (interval, threshold) == (30, 2)
    assert asked_by_records(demo) == {after} != {before}
    assert demo.changes(demo.play("publish", *wanted)) == []
    demo.play("publish")
    assert [(interval, threshold) for _, interval, threshold in checks(demo)] == [(10, 3)]
    assert visit(demo, URL).returncode == 0


def test_a_protected_machine_keeps_the_whole_site(demo: Owner) -> None:
    ec2, machine = demo.client("ec2"), demo.ids()[0]
    ec2.modify_instance_attribute(InstanceId=machine, DisableApiTermination={"Value": True})
    try:
        before = demo.status()
        said = refusal(demo, "teardown")
        assert re.search(r"demo-web-\w may not be terminated, so nothing was taken down", said)
        assert machine in said
        assert demo.status() == before
    finally:
        ec2.modify_instance_attribute(InstanceId=machine, DisableApiTermination={"Value": False})


RATE = 70
"""Requests in a second that visitors send."""


@pytest.fixture(scope="module")
def members(demo: Owner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """The site has members, who log in and post forms (tests/applications/members); afterwards it is the demo again."""
    folder = membership.assemble(tmp_path_factory.mktemp("files") / "site", "first")
    demo.play("release", *given(site_files=str(folder)))
    yield demo
    demo.play("release")


def expect_all_answered(visits: Visits) -> None:
    """Expect that every request was answered, of so many on either kind of connection that it means something."""
    assert visits.failed == []
    assert visits.rate >= 50
    assert min(visits.new, visits.kept) > 1000
    assert set(visits.by) == {"demo-web-a", "demo-web-c"}


def expect_nobody_noticed(visits: Visits) -> None:
    """Expect that all were answered, and that half of each kind had logged in.

    Their sessions were kept, each found what it had posted, and every page was of one release.
    """
    expect_all_answered(visits)
    assert visits.mixed == []
    assert min(visits.posted, visits.remembered - visits.posted) > 400


def types(owner: Owner) -> set[str]:
    return {machine["InstanceType"] for machine in owner.machines()}


def test_visitors_do_not_notice_that_machines_get_another_type(members: Owner) -> None:
    demo = members
    with visiting(visitor(demo.place), "www.hasite.test", RATE, MEMBERS) as visits:
        demo.play("resize", *given(site_instance_type="t3.medium"))
    assert types(demo) == {"t3.medium"}
    expect_nobody_noticed(visits)
    assert demo.changes(demo.play("resize", *given(site_instance_type="t3.medium"))) == []


def test_visitors_do_not_notice_that_apache_and_php_restart(members: Owner) -> None:
    demo = members
    for hardening in (False, True):
        with visiting(visitor(demo.place), "www.hasite.test", RATE, MEMBERS) as visits:
            output = demo.play("configure", *given(web_hardening=hardening))
        assert output.count("TASK [hasite.aws.web : Start the services anew]") == 2
        expect_nobody_noticed(visits)


def test_the_last_healthy_machine_is_not_touched(demo: Owner) -> None:
    stopped, serving = demo.ids()
    demo.client("ec2").stop_instances(InstanceIds=[stopped])
    until(lambda: healthy(demo) == 1, 120)
    before = types(demo)
    done = demo.attempt("resize", *given(site_instance_type="t3.large"))
    assert done.returncode != 0
    assert f"Without {serving} the target group demo would have 0 healthy targets" in re.sub(r"\s+", " ", done.stdout)
    assert types(demo) == before
    assert healthy(demo) == 1
    demo.start(stopped)
    until(lambda: healthy(demo) == 2, 180)


def test_a_machine_that_does_not_come_back_ends_the_run_with_the_doctors_finding(demo: Owner) -> None:
    (before,) = types(demo)
    by_name = {
        tag["Value"]: machine["InstanceId"]
        for machine in demo.machines()
        for tag in machine["Tags"]
        if tag["Key"] == "Name"
    }
    broken = by_name["demo-web-a"]
    run_lab(demo.place.name, "exec", broken, "--", "systemctl", "disable", "apache2")
    done = demo.attempt("resize", *given(site_instance_type="t3.large", rolling_wait_seconds=60))
    said = re.sub(r"\s+", " ", done.stdout)
    assert done.returncode != 0
    assert "Not all targets were healthy within 60 seconds" in said
    assert re.search(r"apache2\S* on demo-web-a does not run", said)
    assert {machine["InstanceId"]: machine["InstanceType"] for machine in demo.machines()} == {
        broken: "t3.large",
        by_name["demo-web-c"]: before,
    }
    assert healthy(demo) == 1
    run_lab(demo.place.name, "exec", broken, "--", "systemctl", "enable", "--now", "apache2")
    until(lambda: healthy(demo) == 2, 120)
    demo.play("resize")
    assert types(demo) == {"t3.small"}


def test_a_plan_tells_what_has_drifted_and_is_refused_when_the_world_has_moved_on(demo: Owner, tmp_path: Path) -> None:
    planned = demo.attempt("plan")
    assert planned.returncode == 0, planned.stdout[-3000:]
    assert "Nothing is to be done" in planned.stdout

    elbv2 = demo.client("elbv2")
    [group] = elbv2.describe_target_groups()["TargetGroups"]
    arn = group["TargetGroupArn"]
    elbv2.modify_target_group(TargetGroupArn=arn, UnhealthyThresholdCount=7)
    saved = given(plan_file=str(tmp_path / "plan.json"))
    planned = demo.attempt("plan", *saved)
    assert planned.returncode == 2
    rows = json.loads((tmp_path / "plan.json").read_text())["rows"]
    assert {(row["kind"], row["before"], row["after"]) for row in rows} == {
        ("change", "unhealthy_threshold_count: 7", "unhealthy_threshold_count: 2")
    }
    assert elbv2.describe_target_groups()["TargetGroups"][0]["UnhealthyThresholdCount"] == 7

    elbv2.modify_target_group(TargetGroupArn=arn, UnhealthyThresholdCount=2)
    assert "The world has moved on since the plan was saved" in refusal(demo, "site", *saved)


def gateways(owner: Owner) -> list[str]:
    wanted = [{"Name": "state", "Values": ["pending", "available"]}]
    found = owner.client("ec2").describe_nat_gateways(Filter=wanted)["NatGateways"]
    return [one["NatGatewayId"] for one in found]


def test_a_nat_gateway_less_goes_with_its_address(demo: Owner) -> None:
    ec2 = demo.client("ec2")
    assert len(gateways(demo)) == 2
    demo.play("provision", *given(site_nat="single"))
    [kept] = gateways(demo)
    routes = [route for table in ec2.describe_route_tables()["RouteTables"] for route in table["Routes"]]
    assert {route["NatGatewayId"] for route in routes if "NatGatewayId" in route} == {kept}
    assert len(ec2.describe_addresses()["Addresses"]) == 1
    assert demo.changes(demo.play("provision", *given(site_nat="single"))) == []
    demo.play("provision")
    assert len(gateways(demo)) == 2


def test_a_release_in_which_apache_would_find_nothing_is_not_served(demo: Owner, tmp_path: Path) -> None:
    """The folder that is served was renamed: to what was before it leads the way that changes Apache, too."""

    def folder(name: str) -> tuple[str, str]:
        return given(site_files=str(tmp_path / "files"), site_public_folder=name)

    page = tmp_path / "files" / "public" / "index.php"
    page.parent.mkdir(parents=True)
    page.write_text("<?php echo 'own page';")
    try:
        demo.play("site", *folder("public"))
        page.parent.rename(tmp_path / "files" / "web")
        demo.play("site", *folder("web"))
        with visiting(visitor(demo.place), "www.hasite.test", RATE) as visits:
            back = demo.attempt("rollback", *folder("web"))
            (tmp_path / "files" / "web").rename(page.parent)
            again = demo.attempt("release", *folder("public"))
        for done in (back, again):
            assert done.returncode != 0
            said = re.sub(r"\s+", " ", done.stdout)
            assert "is not served, since it has no web, where the web server looks for pages; run" in said
        assert visits.failed == []
        demo.play("site", *folder("public"))
        assert visit(demo, URL).stdout == "own page"
    finally:
        demo.play("site")
