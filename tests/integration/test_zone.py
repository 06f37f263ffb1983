# SPDX-License-Identifier: GPL-3.0-or-later
"""A zonal shift, as visitors meet it: away from a zone, and back, by hand and by itself."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pytest

from bench.visitors import visiting
from lab.commands.shell import visitor
from tests.integration.demo_site import SPEED
from tests.integration.doctor import findings
from tests.integration.labs import run_lab
from tests.integration.owner import Owner, healthy, machines_seen, visit
from tests.integration.small_world import until

pytestmark = pytest.mark.acceptance

HOST, A = "www.hasite.test", "ap-northeast-1a"


def shift(owner: Owner, zone: str, *options: str) -> str:
    return owner.play("zone", "-e", f"zone_away={zone}", *options)


def types(owner: Owner) -> set[str]:
    return {machine["InstanceType"] for machine in owner.machines()}


@pytest.fixture
def owner(demo: Owner) -> Iterator[Owner]:
    yield demo
    shift(demo, "none")
    until(lambda: machines_seen(demo) == {"demo-web-a", "demo-web-c"}, 60)


def led_to(owner: Owner) -> str:
    """Return the address to which the site's name leads a new visitor."""
    return visit(owner, "-o", "/dev/null", "-w", "%{remote_ip}", f"https://{HOST}/").stdout


def addresses(owner: Owner) -> dict[str, str]:
    """Return the public addresses of the load balancer's nodes by their zones."""
    found = owner.client("ec2").describe_network_interfaces(
        Filters=[{"Name": "description", "Values": ["ELB app/demo/*"]}]
    )["NetworkInterfaces"]
    return {one["AvailabilityZone"]: one["Association"]["PublicIp"] for one in found}


def test_visitors_leave_a_zone_without_a_failed_request_and_come_back(owner: Owner) -> None:
    nodes = addresses(owner)
    with visiting(visitor(owner.place), HOST, 60) as visits:
        planned = owner.attempt("zone", "--check", "--diff", "-e", f"zone_away={A}")
        assert re.search(rf'^\+\s+"away_from": "{A}",$', planned.stdout, re.MULTILINE)
        assert owner.changes(shift(owner, A))
        until(lambda: machines_seen(owner, 12) == {"demo-web-c"}, 60)
        # Longer than the name is kept, and than a connection is.
        time.sleep(130 / SPEED)
        assert {led_to(owner) for _ in range(6)} == {nodes["ap-northeast-1c"]}
        assert owner.changes(shift(owner, A)) == []
        assert healthy(owner) == 2, "health stays what it is"
        assert findings(owner.place) == ["zone-shifted-away"]

        refused = owner.attempt("drill", "-e", "drill_stages=one_stopped")
        assert refused.returncode != 0
        assert "is in a zone that is shifted away from" in refused.stdout
        resized = owner.attempt("resize", "-e", "site_instance_type=t3.medium")
        assert resized.returncode != 0
        assert "would have 0 healthy targets" in re.sub(r"\s+", " ", resized.stdout)
        assert types(owner) == {"t3.small", "t3.medium"}, (
            "the machine that has no visitors may be changed, the other not"
        )

        assert owner.changes(owner.play("provision")) == [], "site.yml leaves it as it is"
        assert machines_seen(owner, 12) == {"demo-web-c"}
        assert owner.changes(shift(owner, "none"))
        until(lambda: machines_seen(owner, 12) == {"demo-web-a", "demo-web-c"}, 60)
        assert owner.changes(shift(owner, "none")) == []
        owner.play("resize")
        assert types(owner) == {"t3.small"}
    assert visits.failed == []
    assert visits.rate >= 50
    assert min(visits.new, visits.kept) > 1000


def test_a_shift_ends_by_itself(owner: Owner) -> None:
    shift(owner, A, "-e", "zone_expires_in=3m")
    until(lambda: machines_seen(owner, 12) == {"demo-web-c"}, 30)
    shift(owner, A, "-e", "zone_expires_in=2m")
    began = time.monotonic()
    until(lambda: machines_seen(owner, 12) == {"demo-web-a", "demo-web-c"}, 120 / SPEED + 30)
    assert time.monotonic() - began > 60 / SPEED
    assert findings(owner.place) == []


@pytest.fixture
def alarm(owner: Owner) -> Iterator[str]:
    """The owner has an alarm that goes off if the site is not well."""
    cloudwatch = owner.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        MetricName="HTTPCode_ELB_5XX_Count",
        Namespace="AWS/ApplicationELB",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Period=60,
        Statistic="Sum",
        Threshold=10,
    )
    yield str(cloudwatch.describe_alarms(AlarmNames=["errors"])["MetricAlarms"][0]["AlarmArn"])
    run_lab(owner.place.name, "autoshift")
    owner.play("provision")
    cloudwatch.delete_alarms(AlarmNames=["errors"])


def test_aws_shifts_visitors_of_those_who_have_agreed(owner: Owner, alarm: str) -> None:
    def autoshift(*words: str) -> str:
        done = run_lab(owner.place.name, "autoshift", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "nobody with a resource there has agreed" in autoshift(A)
    assert machines_seen(owner, 12) == {"demo-web-a", "demo-web-c"}
    autoshift()
    refused = owner.attempt("provision", "-e", json.dumps({"load_balancer_autoshift": True}))
    assert refused.returncode != 0
    assert "load_balancer_autoshift wants load_balancer_zonal_shift, and" in re.sub(r"\s+", " ", refused.stdout)

    agreed = ("-e", json.dumps({"load_balancer_autoshift": True, "load_balancer_autoshift_alarms": [alarm]}))
    planned = owner.attempt("provision", "--check", "--diff", *agreed)
    assert re.search(r'^\+\s+"enabled": true,$', planned.stdout, re.MULTILINE), planned.stdout[-3000:]
    assert owner.changes(owner.play("provision", *agreed))
    assert owner.changes(owner.play("provision", *agreed)) == []
    nodes = addresses(owner)
    with visiting(visitor(owner.place), HOST, 60) as visits:
        assert "loadbalancer/app/demo/" in autoshift(A)
        until(lambda: machines_seen(owner, 12) == {"demo-web-c"}, 60)
        time.sleep(130 / SPEED)
        assert {led_to(owner) for _ in range(6)} == {nodes["ap-northeast-1c"]}
        assert findings(owner.place) == ["zone-shifted-away"]
        warned = owner.attempt("zone", "-e", "zone_away=none").stderr
        assert "away from ap-northeast-1a (zonal autoshift)" in re.sub(r"\s+", " ", warned)
        refused = owner.attempt("drill", "-e", "drill_stages=one_stopped")
        assert "is in a zone that is shifted away from" in refused.stdout
        autoshift()
        until(lambda: machines_seen(owner, 12) == {"demo-web-a", "demo-web-c"}, 60)
    assert visits.failed == []
    assert visits.rate >= 50
    assert owner.changes(owner.play("provision")), "it is the site's own: without the variable it goes"
    assert "nobody with a resource there has agreed" in autoshift(A)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Say which with -e zone_away="),
        ({"zone_away": "ap-northeast-1d"}, "The site has no machine in ap-northeast-1d, only in ap-northeast-1a"),
        ({"zone_away": A, "zone_expires_in": "73h"}, "expires_in is 73h"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_changes(owner: Owner, options: object, said: str) -> None:
    done = owner.attempt("zone", "-e", json.dumps(options))
    assert done.returncode != 0
    assert said in re.sub(r"\s+", " ", done.stdout)
    assert owner.client("arc-zonal-shift").list_zonal_shifts(status="ACTIVE")["items"] == []


def test_the_last_zone_with_healthy_machines_is_not_left(owner: Owner) -> None:
    [stopped] = [one["InstanceId"] for one in owner.machines() if one["Placement"]["AvailabilityZone"] != A]
    owner.client("ec2").stop_instances(InstanceIds=[stopped])
    try:
        until(lambda: healthy(owner) == 1, 120)
        done = owner.attempt("zone", "-e", f"zone_away={A}")
        assert done.returncode != 0
        assert f"No machine outside {A} is healthy" in re.sub(r"\s+", " ", done.stdout)
    finally:
        owner.start(stopped)
        until(lambda: healthy(owner) == 2, 240)
