# SPDX-License-Identifier: GPL-3.0-or-later
"""Failover as the site's owner tries it and as a visitor's browser sees it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible import __version__ as ansible_version

from lab.commands.browser import Browser, Page, Tab, opened
from lab.commands.shell import visitor
from tests.integration.demo_site import SPEED
from tests.integration.internet import Answer, fetch
from tests.integration.labs import ROOT, installed
from tests.integration.owner import URL, Owner, healthy
from tests.integration.small_world import until
from tests.integration.zones import (
    A,
    C,
    answers,
    associate,
    associations,
    is_cut_off,
    mount_targets,
    nodes,
    reaches,
    subnets,
)

pytestmark = pytest.mark.lab

IDLE = 60 / SPEED + 2
"""Real seconds after which neither the load balancer nor the edge has kept an unused connection."""
PICTURES = ROOT / "build" / "browser"
SITE, ERROR_PAGE = "hostname is: ", "We will be back soon"


@pytest.fixture(scope="module")
def owner(demo: Owner) -> Owner:
    return demo


@pytest.fixture
def browser(owner: Owner) -> Iterator[Browser]:
    with opened(owner.place) as browser:
        yield browser


def states(owner: Owner) -> set[str]:
    return {machine["State"]["Name"] for machine in owner.machines()}


def marked(owner: Owner) -> bool:
    return any(tag["Key"] == "hasite:drill" for machine in owner.machines() for tag in machine["Tags"])


def come_back(browser: Browser, text: str, seconds: float) -> tuple[Tab, Page]:
    """Look in a new tab now and then, as a visitor does who has other things to do, until the page shows the text.

    Whoever reloads without a pause keeps the connection, and with it whom it leads to.
    """
    deadline = time.monotonic() + seconds
    while True:
        tab = browser.tab()
        page = tab.go(URL)
        if text in page.text:
            return tab, page
        assert time.monotonic() < deadline, f"{page} instead of {text!r}"
        tab.close()
        time.sleep(IDLE)


def test_reloads_show_both_hosts(browser: Browser) -> None:
    tab = browser.tab()
    page = tab.go(URL)
    assert (page.status, page.secure) == (200, True)
    seen = {page.text.partition(SITE)[2].split()[0]}
    for _ in range(10):
        seen.add(tab.reload().text.partition(SITE)[2].split()[0])
    assert len(seen) == 2
    tab.picture(PICTURES / "site.png")


def set_error_page(owner: Owner, code: str, cache_control: str) -> None:
    """Change the error page's status and header as a person does in the console."""
    client = owner.client("cloudfront", "us-east-1")
    listed = client.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"]["Items"]
    policy = client.get_response_headers_policy(Id=listed[0]["ResponseHeadersPolicy"]["Id"])
    config = policy["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"]
    for header in config["CustomHeadersConfig"]["Items"]:
        if header["Header"] == "Cache-Control":
            header["Value"] = cache_control
    client.update_response_headers_policy(
        Id=policy["ResponseHeadersPolicy"]["Id"], IfMatch=policy["ETag"], ResponseHeadersPolicyConfig=config
    )
    found = client.list_distributions()["DistributionList"]["Items"][0]
    held = client.get_distribution_config(Id=found["Id"])
    for error in held["DistributionConfig"]["CustomErrorResponses"]["Items"]:
        error["ResponseCode"] = code
    client.update_distribution(Id=found["Id"], IfMatch=held["ETag"], DistributionConfig=held["DistributionConfig"])

    def deployed() -> bool:
        answer = fetch(owner.place, f"https://{found['DomainName']}/")
        return (str(answer.status), answer.headers["cache-control"]) == (code, cache_control)

    until(deployed, 60)


@pytest.mark.acceptance
def test_browser_leaves_the_error_page_by_itself_unless_the_page_may_be_kept(owner: Owner, browser: Browser) -> None:
    browser.tab().go(URL)
    owner.client("ec2").stop_instances(InstanceIds=owner.ids())
    tab, page = come_back(browser, ERROR_PAGE, 180)
    assert (page.status, page.secure, page.headers["cache-control"]) == (503, True, "no-store")
    tab.picture(PICTURES / "error-page.png")
    with opened(owner.place) as other:
        set_error_page(owner, "200", "max-age=3600")
        assert other.tab().go(URL).status == 200
        set_error_page(owner, "503", "no-store")
        owner.start(*owner.ids())
        tab, page = come_back(browser, SITE, 240)
        assert (page.status, page.secure) == (200, True)
        tab.picture(PICTURES / "site-again.png")
        # The site is back, and who has seen the page that may be kept goes on seeing it.
        tab = other.tab()
        page = tab.go(URL)
        assert (page.from_cache, ERROR_PAGE in page.text) == (True, True)
        tab.picture(PICTURES / "stuck.png")


@pytest.mark.acceptance
def test_who_reloads_without_a_pause_gets_the_error_page_too(owner: Owner) -> None:
    """Three failed checks, a name that resolvers keep for a minute, a connection that lives for one: 31 + 60 + 60 s."""
    words = [sys.executable, str(ROOT / "tests/integration/reloading.py"), "www.hasite.test", str(320 / SPEED)]
    reloading = subprocess.Popen([*visitor(owner.place), *words], stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(5)
        owner.client("ec2").stop_instances(InstanceIds=owner.ids())
        told, _ = reloading.communicate(timeout=150)
    finally:
        reloading.kill()
        until(lambda: states(owner) == {"stopped"}, 60)
        owner.start(*owner.ids())
        until(lambda: healthy(owner) == 2, 240)
    seen = json.loads(told)
    bare = [second for second, status, _, text in seen if status == 503 and ERROR_PAGE not in text]
    helped = [second for second, _, _, text in seen if ERROR_PAGE in text]
    print(f"{len(seen)} answers over {sum(new for _, _, new, _ in seen)} connections; bare {bare[:1]} to {bare[-1:]}")
    print(f"the error page from {helped[:1]} on")
    assert SITE in seen[0][3]
    assert bare, "it stayed with the load balancer at first"
    assert helped, "and did not stay there"
    assert bare[-1] < helped[0] < bare[0] + 160 / SPEED
    assert sum(new for _, _, new, _ in seen) * 5 < len(seen), "it kept its connections"


def drill(owner: Owner, stages: str, folder: Path, *more: str) -> subprocess.Popen[str]:
    path = f"{Path(installed('ansible-playbook')).parent}:{os.environ['PATH']}"
    return subprocess.Popen(
        ["tools/drill", "-i", "inventories/lab", "-e", f"drill_stages={stages}", "-e", f"drill_folder={folder}", *more],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "LAB_NAME": owner.place.name, "ANSIBLE_NOCOLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def checked(what: str, measured: float, passed: bool) -> dict[str, Any]:
    return {"what": what, "measured": measured, "limit": 41.0, "unit": "s", "passed": passed}


EARLIER = {
    "site": "demo",
    "passed": False,
    "tolerance": 10,
    "visits": [],
    "states": [],
    "stages": [
        {
            "name": "all_stopped",
            "began": 1790000000.0,
            "checks": [
                checked("new visitors get the error page after the site's last answer", 900.0, False),
                checked("last visits that nobody answered", 1.0, False),
            ],
        },
        {"name": "share_lost", "began": 1790000100.0, "checks": []},
    ],
}
"""What an earlier drill of the site has left in its folder."""


def is_evidence(owner: Owner, folder: Path, timeline: dict[str, Any]) -> None:
    """What an auditor asks for is on the page, and what it is computed from is what it says."""
    page = (folder / "evidence.html").read_text()
    account = owner.client("sts").get_caller_identity()
    digest = hashlib.sha256((folder / "timeline.json").read_bytes()).hexdigest()
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for told in ("Steady state", "hypothesis", "blast radius", "Stop conditions", "None fired.", "objective", "budget",
                 "actual recovery time", account["Account"], account["Arn"], "ap-northeast-1", digest, head.strip(),
                 f"ansible-core {ansible_version}", f"boto3 {boto3.__version__}", "amazon.aws ", "hasite.aws 0.",
                 *owner.ids()):  # fmt: skip
        assert told in page, told
    assert "src=" not in page
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count(": OK") == 6
    for while_ in ("before", "after"):
        steady = timeline["steady_state"][while_]
        assert (steady["site_share"], steady["edge_share"]) == (1.0, 1.0), while_
        assert sorted(steady["targets"].values()) == ["healthy", "healthy"]
        assert steady["seconds"] > 10
    assert timeline["stopped"] == {}


def test_drill_measures_what_the_budget_promises(owner: Owner, tmp_path: Path) -> None:
    until(lambda: healthy(owner) == 2, 60)
    (tmp_path / "timeline.json").write_text(json.dumps(EARLIER))
    run = drill(owner, "all_stopped,all_started", tmp_path)
    output, _ = run.communicate(timeout=600)
    assert run.returncode == 0, output[-6000:]
    assert "better all_stopped: last visits that nobody answered" not in output, "only what both have measured"
    assert "better all_stopped: new visitors get the error page after the site's last answer: 900.0" in output
    assert "share_lost was not repeated" in output
    timeline: dict[str, Any] = json.loads((tmp_path / "timeline.json").read_text())
    stages = {stage["name"]: stage for stage in timeline["stages"]}
    assert list(stages) == ["all_stopped", "all_started"]
    assert all(check["passed"] for stage in stages.values() for check in stage["checks"])
    assert stages["all_stopped"]["availability"]["new"]["error_page"] > 0
    assert len(stages["all_started"]["hosts"]) == 2
    report = (tmp_path / "report.html").read_text()
    assert "<svg" in report
    assert "Since the drill of " in report
    assert timeline["site"] == "demo"
    assert "src=" not in report  # it needs nothing from elsewhere
    is_evidence(owner, tmp_path, timeline)
    assert (states(owner), marked(owner)) == ({"running"}, False)


def test_interrupted_drill_has_the_machines_running_again(owner: Owner, tmp_path: Path) -> None:
    run = drill(owner, "all_stopped", tmp_path)
    try:
        until(lambda: states(owner) == {"stopped"}, 240)
        assert marked(owner)
        os.killpg(run.pid, signal.SIGINT)
        output, _ = run.communicate(timeout=300)
    finally:
        run.kill()
    assert run.returncode == 99, output[-6000:]
    assert (states(owner), marked(owner), healthy(owner)) == ({"running"}, False, 2)


@pytest.fixture
def own_acl(owner: Owner) -> Iterator[str]:
    """One subnet has a network ACL that somebody else has put before it."""
    ec2, [subnet] = owner.client("ec2"), [id_ for name, id_ in subnets(owner, A).items() if "private" in name]
    before = associations(owner)[subnet]
    made: str = ec2.create_network_acl(VpcId=owner.machines()[0]["VpcId"])["NetworkAcl"]["NetworkAclId"]
    for egress in (False, True):
        ec2.create_network_acl_entry(
            NetworkAclId=made,
            RuleNumber=10,
            Protocol="-1",
            RuleAction="allow",
            CidrBlock="0.0.0.0/0",
            Egress=egress,
        )
    associate(owner, subnet, made)
    yield made
    associate(owner, subnet, before)
    ec2.delete_network_acl(NetworkAclId=made)


@pytest.mark.acceptance
def test_a_whole_zone_is_lost_and_visitors_are_led_to_the_other(owner: Owner, own_acl: str, tmp_path: Path) -> None:
    until(lambda: healthy(owner) == 2, 60)
    before, node, mount = associations(owner), nodes(owner), mount_targets(owner)
    assert own_acl in before.values()
    assert reaches(owner, "demo-web-c", mount[A])
    run = drill(owner, "zone_lost", tmp_path, "-e", f"drill_zone={A}")
    try:
        until(lambda: is_cut_off(owner), 120)
        assert not answers(owner, node[A]), "the load balancer's node"
        assert not reaches(owner, "demo-web-c", mount[A]), "the mount target"
        assert reaches(owner, "demo-web-c", mount[C])
        assert {associations(owner)[id_] for id_ in subnets(owner, C).values()} <= set(before.values())
        until(lambda: states(owner) == {"running", "stopped"}, 60)
        assert answers(owner, node[C])
        output, _ = run.communicate(timeout=600)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
    print(output[-6000:])
    assert run.returncode == 0, output[-6000:]
    [stage] = json.loads((tmp_path / "timeline.json").read_text())["stages"]
    assert [act["act"] for act in stage["acts"]] == [f"cut {A} off", f"stop the machines in {A}", f"put {A} back"]
    assert all(check["passed"] for check in stage["checks"])
    assert stage["availability"]["new"]["led_on"] > 0, "some met the node that was gone"
    led = next(one["what"] for one in stage["moments"] if one["what"].startswith("the name servers' answer"))
    assert led.rpartition(" → ")[2] == node[C], "and its address left the name"
    assert (associations(owner), is_cut_off(owner)) == (before, False)
    assert (states(owner), marked(owner), healthy(owner)) == ({"running"}, False, 2)
    until(lambda: answers(owner, node[A]), 60)


@pytest.mark.acceptance
def test_a_drill_that_was_killed_in_a_lost_zone_is_finished_by_the_next(
    owner: Owner, own_acl: str, tmp_path: Path
) -> None:
    until(lambda: healthy(owner) == 2, 60)
    before = associations(owner)
    run = drill(owner, "zone_lost", tmp_path, "-e", f"drill_zone={A}")
    try:
        until(lambda: is_cut_off(owner) and "stopped" in states(owner), 240)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait(60)
    assert is_cut_off(owner)
    assert not {associations(owner)[id_] for id_ in subnets(owner, A).values()} & set(before.values())
    owner.play("drill", "-e", "drill_stages=", "-e", f"drill_folder={tmp_path}")
    assert (associations(owner), is_cut_off(owner)) == (before, False)
    assert (states(owner), marked(owner), healthy(owner)) == ({"running"}, False, 2)


def error_bucket(owner: Owner) -> str:
    account = owner.client("sts").get_caller_identity()["Account"]
    return f"demo-error-page-{account}"


def policy(owner: Owner) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(owner.client("s3").get_bucket_policy(Bucket=error_bucket(owner))["Policy"])
    return found


def is_refused(owner: Owner) -> bool:
    return "HasiteDrill" in {one.get("Sid") for one in policy(owner)["Statement"]}


def at_edge(owner: Owner) -> Answer:
    """Ask the edge for the site's name, wherever the name leads."""
    [found] = owner.client("cloudfront", "us-east-1").list_distributions()["DistributionList"]["Items"]
    return fetch(owner.place, URL, "--connect-to", f"www.hasite.test:443:{found['DomainName']}:443")


@pytest.mark.acceptance
def test_a_lost_edge_is_noticed_by_no_visitor(owner: Owner, tmp_path: Path) -> None:
    until(lambda: healthy(owner) == 2, 60)
    before = policy(owner)
    run = drill(owner, "edge_lost", tmp_path)
    output, _ = run.communicate(timeout=300)
    print(output[-4000:])
    assert run.returncode == 0, output[-6000:]
    [stage] = json.loads((tmp_path / "timeline.json").read_text())["stages"]
    assert [act["act"].replace(error_bucket(owner), "BUCKET") for act in stage["acts"]] == [
        "have BUCKET refuse CloudFront",
        "CloudFront is refused",
        "have BUCKET admit CloudFront",
        "CloudFront is admitted",
    ]
    assert all(check["passed"] for check in stage["checks"])
    found = stage["availability"]
    assert (found["new"]["site_share"], found["returning"]["site_share"]) == (1.0, 1.0)
    assert found["edge"]["failure"] > 5, "who asked the edge itself got no page"
    assert policy(owner) == before
    assert (at_edge(owner).status, ERROR_PAGE in at_edge(owner).body) == (503, True)
    assert (states(owner), marked(owner), healthy(owner)) == ({"running"}, False, 2)


@pytest.mark.acceptance
def test_a_drill_that_was_killed_while_the_edge_was_lost_is_seen_by_the_doctor_and_finished_by_the_next(
    owner: Owner, tmp_path: Path
) -> None:
    until(lambda: healthy(owner) == 2, 60)
    before = policy(owner)
    run = drill(owner, "edge_lost", tmp_path)
    try:
        until(lambda: is_refused(owner), 240)
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait(60)
    assert is_refused(owner)
    until(lambda: at_edge(owner).status == 403, 30)
    assert SITE in fetch(owner.place, URL).body, "and the site serves"
    doctor = owner.attempt("doctor")
    assert "error-page-denied" in doctor.stdout, doctor.stdout[-4000:]
    assert f"may not read {error_bucket(owner)}" in re.sub(r"\s+", " ", doctor.stdout)
    owner.play("drill", "-e", "drill_stages=", "-e", f"drill_folder={tmp_path}")
    assert policy(owner) == before
    assert at_edge(owner).status == 503
    assert (states(owner), marked(owner), healthy(owner)) == ({"running"}, False, 2)


def is_ended_by(condition: str, owner: Owner, folder: Path) -> None:
    """The drill has ended early, says why, and all machines run again."""
    timeline = json.loads((folder / "timeline.json").read_text())
    assert timeline["stopped"]["condition"] == condition
    assert (timeline["stopped"]["stage"], timeline["passed"]) == ("one_stopped", False)
    page = (folder / "evidence.html").read_text()
    assert "The drill was ended in the stage one stopped" in page
    assert "None fired." not in page
    assert timeline["steady_state"]["after"]["site_share"] == 1.0, "all is as it was"
    assert (states(owner), marked(owner), healthy(owner)) == ({"running"}, False, 2)


def ended(owner: Owner, folder: Path, cause: Callable[[], object], *options: str) -> str:
    """Run a drill, cause something once a machine is stopped, and return what the drill says when it has ended."""
    until(lambda: healthy(owner) == 2, 60)
    run = drill(owner, "one_stopped,all_stopped", folder, *options)
    try:
        until(lambda: "stopped" in states(owner), 240)
        cause()
        output, _ = run.communicate(timeout=600)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
    assert run.returncode == 2, output[-6000:]
    return re.sub(r"\s+", " ", output)


@pytest.mark.acceptance
def test_a_machine_that_fails_outside_the_blast_radius_ends_the_drill(owner: Owner, tmp_path: Path) -> None:
    output = ended(owner, tmp_path, lambda: owner.client("ec2").stop_instances(InstanceIds=owner.ids()))
    assert "The stop condition 'outside' is met: i-" in output
    is_ended_by("outside", owner, tmp_path)


@pytest.mark.acceptance
def test_visitors_who_go_without_the_site_for_too_long_end_the_drill(owner: Owner, tmp_path: Path) -> None:
    elbv2 = owner.client("elbv2")
    (balancer,) = elbv2.describe_load_balancers(Names=["demo"])["LoadBalancers"]
    listeners = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    (listener,) = [one["ListenerArn"] for one in listeners if one["Port"] == 443]
    closed: list[str] = []

    def close() -> None:
        fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "500", "ContentType": "text/plain"}}
        page = {"Field": "path-pattern", "Values": ["/"]}
        made = elbv2.create_rule(ListenerArn=listener, Priority=1, Conditions=[page], Actions=[fixed])
        closed.append(made["Rules"][0]["RuleArn"])

    try:
        output = ended(owner, tmp_path, close, "-e", "drill_stop_factor=1")
    finally:
        for rule in closed:
            elbv2.delete_rule(RuleArn=rule)
    assert re.search(r"The stop condition 'visitors' is met: for \d+ s, visitors have not got what they should", output)
    timeline = json.loads((tmp_path / "timeline.json").read_text())
    assert (timeline["stopped"]["condition"], timeline["stopped"]["stage"]) == ("visitors", "one_stopped")
    until(lambda: (states(owner), marked(owner), healthy(owner)) == ({"running"}, False, 2), 60)


@pytest.mark.acceptance
def test_what_a_stage_waits_for_too_long_ends_the_drill(owner: Owner, tmp_path: Path) -> None:
    output = ended(owner, tmp_path, lambda: None, "-e", "drill_stop_after=1")
    assert "have passed; 1 s are allowed" in output
    is_ended_by("time", owner, tmp_path)


@pytest.fixture
def alarm(owner: Owner) -> Iterator[str]:
    """An alarm of the site's owner, on something that the collection knows nothing of."""
    client, name = owner.client("cloudwatch"), "orders-too-few"
    client.put_metric_alarm(
        AlarmName=name, MetricName="Orders", Namespace="Shop", Statistic="Sum", Threshold=1, Period=60,
        ComparisonOperator="LessThanThreshold", EvaluationPeriods=1, TreatMissingData="ignore",
    )  # fmt: skip
    client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")
    yield name
    client.delete_alarms(AlarmNames=[name])


@pytest.mark.acceptance
def test_an_alarm_ends_the_drill_and_while_it_lasts_none_begins(owner: Owner, alarm: str, tmp_path: Path) -> None:
    cloudwatch, named = owner.client("cloudwatch"), ("-e", json.dumps({"drill_stop_alarms": [alarm]}))
    output = ended(
        owner,
        tmp_path,
        lambda: cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="test"),
        *named,
    )
    assert f"The stop condition 'alarm' is met: the alarm {alarm} is in the state ALARM" in output
    is_ended_by("alarm", owner, tmp_path)
    again = owner.attempt("drill", "-e", f"drill_folder={tmp_path}", "-e", "drill_stages=one_stopped", *named)
    assert again.returncode != 0
    assert f"The alarm {alarm}, which is to end the drill, is in the state ALARM already" in re.sub(
        r"\s+", " ", again.stdout
    )
    assert (states(owner), marked(owner)) == ({"running"}, False)


def test_drill_refuses_a_zone_that_the_site_is_not_in(owner: Owner, tmp_path: Path) -> None:
    done = owner.attempt(
        "drill", "-e", f"drill_folder={tmp_path}", "-e", "drill_stages=zone_lost", "-e", "drill_zone=ap-northeast-1d"
    )
    assert done.returncode != 0
    assert "drill_zone is ap-northeast-1d, and the site has no machine there, only in ap-northeast-1a" in re.sub(
        r"\s+", " ", done.stdout
    )
    assert (states(owner), marked(owner)) == ({"running"}, False)


def test_drill_refuses_an_earlier_one_that_is_not_there(owner: Owner, tmp_path: Path) -> None:
    done = owner.attempt("drill", "-e", f"drill_folder={tmp_path}", "-e", f"drill_since={tmp_path}/none.json")
    assert done.returncode != 0
    assert "and there is no such file; name the timeline.json of an earlier drill" in re.sub(r"\s+", " ", done.stdout)
    assert (states(owner), marked(owner)) == ({"running"}, False)


def test_drill_refuses_a_site_that_is_not_healthy(owner: Owner, tmp_path: Path) -> None:
    stopped, ec2 = owner.ids()[0], owner.client("ec2")
    ec2.stop_instances(InstanceIds=[stopped])
    try:
        until(lambda: "stopped" in states(owner), 60)
        run = drill(owner, "all_stopped", tmp_path)
        output, _ = run.communicate(timeout=300)
        assert run.returncode == 2
        assert f"({stopped}) is stopped. Start it." in output
        assert states(owner) == {"running", "stopped"}
    finally:
        ec2.start_instances(InstanceIds=[stopped])
    until(lambda: healthy(owner) == 2, 120)
