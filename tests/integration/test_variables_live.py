# SPDX-License-Identifier: GPL-3.0-or-later
"""Every variable, changed on a live site, does what docs/changes.md says, and visitors notice nothing else.

All are changed by one run, and changed back by another. What is seen of each is what the row says, and afterwards
what it was before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bench.visitors import visiting
from lab.commands.shell import visitor
from tests.integration.drifts.account import Account
from tests.integration.internet import Answer, fetch
from tests.integration.labs import ROOT, run_lab
from tests.integration.owner import URL, Owner
from tests.integration.test_changes import RATE, expect_all_answered, given

pytestmark = pytest.mark.acceptance

TOKEN = "a token"
PARAMETER = "/live/token"


@dataclass(frozen=True)
class Row:
    """A variable, its other value, how it is seen from outside or on the API, and what is seen then."""

    variable: str
    value: Any
    look: Callable[[Account], Any]
    seen: Any


def get(a: Account, path: str = "", *more: str) -> Answer:
    return fetch(a.owner.place, URL + path, *more)


def shown(key: str) -> Callable[[Account], Any]:
    """Return what reads a word of the application's page; the demo page has none."""

    def look(a: Account) -> Any:
        body = get(a).body
        return json.loads(body)[key] if body.startswith("{") else None

    return look


def on_machine(a: Account, *command: str) -> str:
    done = run_lab(a.owner.place.name, "exec", a.machine("a")["InstanceId"], "--", *command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def updates(a: Account) -> tuple[str, str]:
    """Return whether machine a installs security updates, and in which hours, as systemd has understood them."""
    asked = ("ActiveState", "TimersCalendar")
    state, calendar = (
        on_machine(a, "systemctl", "show", "hasite-updates.timer", "--value", f"--property={one}") for one in asked
    )
    return state.strip(), calendar.partition("OnCalendar=*-*-* ")[2].partition(":")[0]


def units(part: str) -> Callable[[Account], Any]:
    """Return what lists a machine's timers with a part in their names."""

    def look(a: Account) -> list[str]:
        listed = on_machine(a, "systemctl", "list-timers", "--full")
        return sorted(word for word in listed.split() if part in word and word.endswith(".timer"))

    return look


AROUND = (
    Row("site_files", str(ROOT / "tests" / "applications" / "live"), shown("application"), "live"),
    Row("site_public_folder", "public", shown("root"), "public"),
    Row("site_shared_paths", ["public/uploads"], shown("uploads"), "shared"),
    Row("site_front_controller", "front.php", lambda a: get(a, "no/file").body[:5], "front"),
    Row(
        "site_excludes",
        ["*.left"],
        lambda a: (get(a, "draft.left").status, "left out" in get(a, "draft.left").body),
        (200, False),
    ),
    Row("site_denied_files", ["*.draft"], lambda a: get(a, "plan.draft").status, 403),
    Row("site_php", {"settings": {"memory_limit": "200M"}}, shown("memory_limit"), "200M"),
    Row("site_environment", {"GREETING": "hello, world"}, shown("greeting"), "hello, world"),
    Row(
        "site_secrets", {"TOKEN": {"parameter": PARAMETER}}, shown("token"), hashlib.sha256(TOKEN.encode()).hexdigest()
    ),
    Row("site_sessions", "local", shown("sessions"), "/var/lib/hasite/sessions"),
    Row("site_headers", {"X-Live": "yes"}, lambda a: get(a).headers.get("x-live"), "yes"),
    Row("site_methods", ["GET", "HEAD", "POST"], lambda a: get(a, "", "-X", "PUT").status == 405, True),
    Row(
        "site_jobs",
        [{"name": "tick", "command": "true", "schedule": "daily"}],
        units("tick"),
        ["hasite-job-tick.timer"],
    ),
    Row("site_updates", {"automatic": True, "hour": 3}, updates, ("active", "03..05")),
)
"""What is in a release, and how Apache and PHP serve it."""


def threshold(a: Account) -> int:
    found: int = a.check["HealthCheckConfig"]["FailureThreshold"]
    return found


def logged(a: Account) -> tuple[bool, bool]:
    """Tell whether accesses are logged: those to the load balancer, and those to the content."""
    found = a.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=a.balancer)["Attributes"]
    balancer = {one["Key"]: one["Value"] for one in found}["access_logs.s3.enabled"] == "true"
    return balancer, "LoggingEnabled" in a.client("s3").get_bucket_logging(Bucket=a.bucket("content"))


def queries(a: Account) -> int:
    return len(a.abroad("route53").list_query_logging_configs()["QueryLoggingConfigs"])


def guarded(a: Account) -> bool:
    return "WebACL" in a.client("wafv2").get_web_acl_for_resource(ResourceArn=a.balancer)


def encrypted(a: Account) -> bool:
    content = json.loads(a.client("ssm").get_document(Name="demo-session")["Content"])
    return bool(content["inputs"]["kmsKeyId"])


def reachable_buckets(a: Account) -> bool:
    found = a.ec2.describe_vpc_endpoints(Filters=a.inside)["VpcEndpoints"]
    return "arn:aws:s3:::partners-files" in found[0]["PolicyDocument"]


def redirect(a: Account) -> tuple[int, str] | None:
    """Return where the alias leads."""
    try:
        found = fetch(a.owner.place, "https://hasite.test/")
    except AssertionError:
        return None
    return found.status, found.headers["location"]


ACCOUNT = (
    Row("site_health_check", {"interval": 10, "threshold": 2}, threshold, 2),
    Row("site_access_logs", False, logged, (False, False)),
    Row("site_query_logging", True, queries, 1),
    # All visitors here have one address.
    Row("site_waf", {"enabled": True, "rate_limit": 1_000_000}, guarded, True),
    Row("site_encrypt_sessions", False, encrypted, False),
    Row("site_buckets", ["partners-files"], reachable_buckets, True),
    Row("site_aliases", ["hasite.test"], redirect, (301, "https://www.hasite.test:443/")),
)
"""What is around the machines."""
ROWS = AROUND + ACCOUNT

ELSEWHERE = {
    "site_domain": "test_site_names.py: other names take the place of the first",
    "site_zone": "test_site_names.py: two zones of one name are told apart",
    "site_take_over": "test_site_names.py: said of records that are there; nothing happens to a live site",
    "site_certificate_arns": "test_site_names.py: certificates that exist already are used",
    "site_instance_type": "test_changes.py: machines get another type, one by one",
    "site_ami_parameter": "test_systems.py: `replace.yml` with a newer image",
    "site_nat": "test_changes.py: a NAT gateway less goes with its address",
    "site_htaccess": "test_web_application.py; not together with a front controller, which is changed here",
    "site_hooks": "test_notes.py: hooks run once",
    "site_packages": "what is installed comes from the world's mirrors, which no test depends on",
    "site_page": "says how later runs look at the site; nothing is changed by it",
    "site_release_check": "says how later releases end; nothing is changed by it",
    "site_release_signing": "test_notes.py: what somebody without the key puts into the bucket is not served",
    "site_served_by_header": "visitors here tell the machines apart by it",
    "site_require_tls_share": "test_systems.py: the site is built with it on each system",
    "site_require_role_share": "test_systems.py: only Amazon Linux's mount helper tells the role",
    "site_dnssec": "test_dnssec.py: switched on, and switched off",
    "site_detailed_monitoring": "for machines to come; those that are there keep what they have",
    "site_connection": "how machines are reached by later runs",
    "site_session_document": "by which document machines are reached by later runs",
    "site_delete_data": "test_site.py: teardown keeps data unless told otherwise",
    "site_endpoint_url": "every test of a lab has it",
    "site_clock_speed": "every test of a lab has it",
    "site_profile": "of the AWS configuration; test_clients.py",
    "site_access_key": "every test of a lab has it",
    "site_secret_key": "every test of a lab has it",
}
"""What is not changed here, and where it is seen or why it can't be."""


@pytest.fixture
def account(demo: Owner) -> Iterator[Account]:
    ssm = demo.client("ssm")
    ssm.put_parameter(Name=PARAMETER, Value=TOKEN, Type="SecureString", Overwrite=True)
    yield Account(demo)
    ssm.delete_parameter(Name=PARAMETER)


def looks(account: Account) -> dict[str, Any]:
    return {row.variable: row.look(account) for row in ROWS}


def test_variables_do_what_they_say_and_visitors_notice_nothing(account: Account) -> None:
    before = looks(account)
    assert [row.variable for row in ROWS if before[row.variable] == row.seen] == [], "seen before it is changed"

    for changed, expected in (
        ({row.variable: row.value for row in ROWS}, {row.variable: row.seen for row in ROWS}),
        ({}, before),
    ):
        with visiting(visitor(account.owner.place), "www.hasite.test", RATE) as visits:
            account.owner.play("site", *given(**changed))
        found = looks(account)
        assert {name: found[name] for name in found if found[name] != expected[name]} == {}
        expect_all_answered(visits)
        planned = account.owner.attempt("plan", *given(**changed))
        assert planned.returncode == 0, planned.stdout[-3000:]
