# SPDX-License-Identifier: GPL-3.0-or-later
"""The site from nothing to nothing, as its owner and its visitors see it. The tests build on each other, in order."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.internet import fetch
from tests.integration.labs import installed, keys, place_of, run_lab, session_of, up
from tests.integration.owner import URL, Owner, began_with_share, booted, healthy, machines_seen, visit
from tests.integration.patience import Slowness, endure
from tests.integration.small_world import until

pytestmark = pytest.mark.lab

SPEED = 2
"""How many times as fast as real time this lab runs: failover is a matter of minutes otherwise."""


ALIAS = "hasite.test"
"""The site's further name, which redirects to its own; it is the registered domain, where no CNAME could be."""


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    place = place_of("site")
    inventory = tmp_path_factory.mktemp("names")
    (inventory / "group_vars").mkdir()
    (inventory / "hosts.yml").write_text("all: {hosts: {localhost: {}}}\n")
    (inventory / "group_vars" / "all.yml").write_text(f"site_aliases: [{ALIAS}]\n")
    up(place.name, "--speed", str(SPEED))
    made = Owner(place, session_of(place))
    yield replace(made, inventories=(*made.inventories, str(inventory)))
    run_lab(place.name, "down")


def test_check_mode_on_an_empty_account_creates_nothing(owner: Owner) -> None:
    owner.play("site", "--check", "--diff")
    assert owner.status() == []


def test_site_is_built_and_both_machines_answer(owner: Owner) -> None:
    output = owner.play("site")
    assert "https://www.hasite.test/ is answered by demo-web-a and demo-web-c." in output
    assert machines_seen(owner) == {"demo-web-a", "demo-web-c"}


def test_the_playbooks_sessions_are_logged_and_encrypted(owner: Owner) -> None:
    ssm, logs = owner.client("ssm"), owner.client("logs")
    held = [session for state in ("History", "Active") for session in ssm.describe_sessions(State=state)["Sessions"]]
    assert {one["DocumentName"] for one in held if one["Target"] in owner.ids()} == {"demo-session"}
    inputs = json.loads(ssm.get_document(Name="demo-session")["Content"])["inputs"]
    key = owner.client("kms").describe_key(KeyId="alias/demo-session")["KeyMetadata"]
    assert (inputs["kmsKeyId"], key["KeyState"]) == (key["Arn"], "Enabled")
    streams = logs.describe_log_streams(logGroupName="/demo/sessions")["logStreams"]
    logged = {stream["logStreamName"] for stream in streams} & {one["SessionId"] for one in held}
    assert logged
    (first, *_) = logs.get_log_events(logGroupName="/demo/sessions", logStreamName=logged.pop())["events"]
    assert json.loads(first["message"])["userIdentity"]["arn"].endswith(":root")


def test_http_is_redirected(owner: Owner) -> None:
    answer = visit(owner, "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "http://www.hasite.test/a?b=c")
    assert answer.stdout == "301 https://www.hasite.test:443/a?b=c"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_alias_redirects_to_the_domain(owner: Owner, scheme: str) -> None:
    answer = visit(owner, "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", f"{scheme}://{ALIAS}/a?b=c")
    assert answer.stdout == "301 https://www.hasite.test:443/a?b=c"


def test_health_page_takes_no_body(owner: Owner) -> None:
    code = ("-o", "/dev/null", "-w", "%{http_code}")
    assert visit(owner, *code, f"{URL}health").stdout == "200"
    for body, status in (("x", "403"), ("x=1", "413")):
        assert visit(owner, *code, "--data", body, f"{URL}health").stdout == status
        assert visit(owner, *code, "-X", "GET", "--data", body, f"{URL}health").stdout == status


def test_a_slow_visitor_holds_up_neither_pages_nor_checks(owner: Owner) -> None:
    for path in ("/", "/health"):
        seen = endure(owner, Slowness("body", 30, 600, path, seconds=15))
        assert seen.refused == [], seen
        assert set(seen.healthy) == {2}


PROTECTING = {
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin-allow-popups",
    "x-permitted-cross-domain-policies": "none",
}
"""https://owasp.org/www-project-secure-headers/"""


@pytest.mark.parametrize("path", ["", "nothing.html", ".env", "health"])
def test_every_answer_has_the_headers_that_protect_visitors(owner: Owner, path: str) -> None:
    answer = fetch(owner.place, URL + path)
    assert PROTECTING.items() <= answer.headers.items()
    assert "default-src 'self'" in answer.headers["content-security-policy-report-only"]
    assert answer.headers["server"] == "Apache"
    assert "x-powered-by" not in answer.headers


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "PROPFIND", "FOO", "get"])
def test_methods_that_a_site_does_not_need_are_refused(owner: Owner, method: str) -> None:
    assert fetch(owner.place, URL, "-X", method).status == 405


@pytest.mark.parametrize("path", ["server-status", "server-info", "icons/", "icons/blank.gif"])
def test_nothing_of_apaches_own_is_shown(owner: Owner, path: str) -> None:
    assert fetch(owner.place, URL + path).status == 404


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "x.www.hasite.test", "www.hasite.test.evil.example"])
def test_the_load_balancer_answers_to_the_sites_names_only(owner: Owner, host: str) -> None:
    answer = fetch(owner.place, URL, "-H", f"Host: {host}", "--http1.1")
    assert (answer.status, answer.headers["server"]) == (421, "awselb/2.0")
    answer = fetch(owner.place, "http://www.hasite.test/a?b=c", "-H", f"Host: {host}")
    assert (answer.status, answer.headers["location"]) == (301, "https://www.hasite.test:443/a?b=c")


def test_by_its_own_name_the_load_balancer_answers_health_checks_only(owner: Owner) -> None:
    [balancer] = owner.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert fetch(owner.place, f"https://{balancer['DNSName']}/health", "--insecure").body == "ok\n"
    assert fetch(owner.place, f"https://{balancer['DNSName']}/", "--insecure").status == 421


def edge(owner: Owner) -> str:
    found = owner.client("cloudfront", "us-east-1").list_distributions()["DistributionList"]["Items"]
    return str(found[0]["DomainName"])


@pytest.mark.parametrize("of", ["site", "error page"])
def test_tls_is_1_2_with_modern_suites_or_1_3(owner: Owner, of: str) -> None:
    instead = ("--connect-to", f"::{edge(owner)}:") if of == "error page" else ()

    def handshake(*options: str) -> bool:
        return visit(owner, "-o", "/dev/null", *instead, *options, URL).returncode == 0

    assert handshake("--tlsv1.3")
    assert handshake("--tls-max", "1.2", "--ciphers", "ECDHE+AESGCM")
    assert not handshake("--tls-max", "1.1", "--tlsv1.0", "--ciphers", "ALL:@SECLEVEL=0")
    for weak in ("AES128-SHA256", "AES128-SHA", "AES256-SHA384", "AES256-SHA", "AES128-CCM"):
        names = f"ECDHE-RSA-{weak}:ECDHE-ECDSA-{weak}:{weak}"
        assert not handshake("--tls-max", "1.2", "--ciphers", names), weak


def test_the_site_cannot_ask_for_the_machines_role(owner: Owner) -> None:
    for id_ in owner.ids():
        assert is_closed(owner, id_)


def is_closed(owner: Owner, machine: str) -> bool:
    """Tell whether root reaches the metadata service and nobody of those who answer visitors does."""
    token = ("curl", "-s", "-m", "3", "-X", "PUT", "-H", "X-aws-ec2-metadata-token-ttl-seconds: 60")
    ask = (*token, "-o", "/dev/null", "-w", "%{http_code}", "http://169.254.169.254/latest/api/token")

    def told(*user: str) -> str:
        return run_lab(owner.place.name, "exec", machine, "--", *user, *ask).stdout

    as_user = [("setpriv", f"--reuid={user}", "--clear-groups") for user in ("site", "www-data")]
    return told() == "200" and {told(*user) for user in as_user} == {"000"}


CONFINED = {"NoNewPrivileges=yes", "ProtectSystem=full", "ProtectHome=yes", "PrivateDevices=yes"}


def test_apache_and_php_are_confined(owner: Owner) -> None:
    for id_ in owner.ids():
        for unit in ("apache2", "php8.2-fpm"):
            shown = run_lab(owner.place.name, "exec", id_, "--", "systemctl", "show", unit).stdout
            assert set(shown.splitlines()) >= CONFINED


def test_nobody_reaches_the_machines_or_the_share_from_the_internet(owner: Owner) -> None:
    targets = owner.client("efs").describe_mount_targets(
        FileSystemId=owner.client("efs").describe_file_systems()["FileSystems"][0]["FileSystemId"]
    )["MountTargets"]
    inside = [machine["PrivateIpAddress"] for machine in owner.machines()]
    for address, port in [*((one, 80) for one in inside), *((target["IpAddress"], 2049) for target in targets)]:
        answer = visit(owner, "--connect-timeout", "2", f"telnet://{address}:{port}")
        assert answer.returncode in (7, 28), f"{address}:{port} answered a visitor"
    assert not [machine for machine in owner.machines() if "PublicIpAddress" in machine]


def test_buckets_refuse_strangers(owner: Owner) -> None:
    for bucket in owner.client("s3").list_buckets()["Buckets"]:
        answer = visit(owner, "-w", "%{http_code}", f"https://{bucket['Name']}.s3.ap-northeast-1.amazonaws.com/")
        assert answer.stdout.endswith("403")
        assert "AccessDenied" in answer.stdout


def test_error_page_is_served_by_the_edge_on_every_path(owner: Owner) -> None:
    for path in ("", "index.php", "deep/er?x=1", "error/index.html"):
        answer = visit(owner, "-i", f"https://{edge(owner)}/{path}")
        assert re.match(r"HTTP/\S+ 503", answer.stdout)
        assert re.search(r"^cache-control: no-store\r?$", answer.stdout, re.MULTILINE | re.IGNORECASE)
        assert re.search(r"^retry-after: 60\r?$", answer.stdout, re.MULTILINE | re.IGNORECASE)
        assert "back soon" in answer.stdout
    headers = fetch(owner.place, f"https://{edge(owner)}/").headers
    other = {"x-frame-options": "DENY", "referrer-policy": "no-referrer"}
    for name in ("strict-transport-security", "x-content-type-options", "permissions-policy"):
        assert headers[name] == PROTECTING[name]
    assert other.items() <= headers.items()
    assert headers["content-security-policy"].startswith("default-src 'none';")


def test_public_clients_list_what_the_site_consists_of(owner: Owner) -> None:
    environment = {
        **os.environ,
        **keys(owner.place),
    }

    def aws(*words: str) -> Any:
        done = subprocess.run(
            [installed("aws"), *words, "--output", "json"], env=environment, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    online = aws("ssm", "describe-instance-information")["InstanceInformationList"]
    assert {row["InstanceId"] for row in online if row["PingStatus"] == "Online"} == set(owner.ids())
    assert len(aws("ec2", "describe-nat-gateways")["NatGateways"]) == 2
    [balancer] = aws("elbv2", "describe-load-balancers")["LoadBalancers"]
    assert balancer["State"]["Code"] == "active"
    certificates = [
        row["Status"]
        for region in ("ap-northeast-1", "us-east-1")
        for row in aws("acm", "list-certificates", "--region", region)["CertificateSummaryList"]
    ]
    assert certificates == ["ISSUED", "ISSUED"]
    for machine in owner.machines():
        assert machine["MetadataOptions"]["HttpTokens"] == "required"
        assert "KeyName" not in machine
    assert all(volume["Encrypted"] for volume in aws("ec2", "describe-volumes")["Volumes"])


def test_check_mode_on_the_built_site_reports_no_change(owner: Owner) -> None:
    assert owner.changes(owner.play("site", "--check", "--diff")) == []


def test_second_run_changes_nothing(owner: Owner) -> None:
    assert owner.changes(owner.play("site")) == []


def test_the_audit_fails_no_control_that_is_not_excepted_on_file(owner: Owner, tmp_path: Path) -> None:
    report = tmp_path / "audit.json"
    owner.play("audit", "-e", f"audit_report={report}")
    rows = json.loads(report.read_text())
    assert [row["control"] for row in rows if row["state"] == "fail"] == []
    assert [row["control"] for row in rows if row["state"] == "unread"] == []


OWN = {
    "index.php": "<?php echo 'own: ', file_get_contents('linked'), file_get_contents('var/log'), PHP_EOL, "
    "json_encode([@file_put_contents('var/seen', 'x'), @file_put_contents('new', 'x'), is_dir('empty')]);",
    "release.txt": "one\n",
    "run.sh": '#!/bin/sh\ngrep -q broken release.txt && { echo "It can\'t be served."; exit 1; }\nid -un >> var/log\n',
}


def test_a_folder_of_ones_own_is_released_and_taken_back(owner: Owner, tmp_path: Path) -> None:
    for name, text in OWN.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "linked").symlink_to("release.txt")
    (tmp_path / "var").mkdir()
    (tmp_path / "pictures").symlink_to("var")
    for folder in ("empty", "node_modules"):
        (tmp_path / folder).mkdir()
    (tmp_path / "node_modules" / "x.txt").write_text("not the site's")
    told = {"site_files": str(tmp_path), "site_shared_paths": ["var"], "site_hooks": {"before": ["./run.sh"]}}
    words = ("-e", json.dumps(told))

    assert "Visitors get the demo page" not in owner.play("release", *words)
    until(lambda: visit(owner, URL).stdout == "own: one\nsite\n\n[1,false,true]", 30)
    assert fetch(owner.place, f"{URL}node_modules/x.txt").status == 404
    written = "cd /srv/site/shared/var && echo '<?php echo 6 * 7;' | tee a.php a.PHTML a.bak a.txt"
    run_lab(owner.place.name, "exec", owner.ids()[0], "--", "sh", "-c", written)
    # Nobody has told Apache of this path yet, nor does it know where the link leads.
    for folder in ("var", "pictures"):
        names = ("a.php", "a.PHTML", "a.bak", "a.txt")
        shown = {name: fetch(owner.place, f"{URL}{folder}/{name}").status for name in names}
        assert shown == {"a.php": 403, "a.PHTML": 403, "a.bak": 403, "a.txt": 200}
    run_lab(owner.place.name, "exec", owner.ids()[0], "--", "sh", "-c", "rm /srv/site/shared/var/a.*")

    (tmp_path / "index.php").write_text("<?php http_response_code(500);")
    failed = owner.attempt("release", *words)
    assert failed.returncode != 0
    said = re.sub(r"\s+", " ", failed.stdout)
    silent = r"The release \S+ does not answer on demo-web-a and demo-web-c at / \(status 500\); \S+ is served again\."
    assert re.search(silent, said)
    until(lambda: visit(owner, URL).stdout.startswith("own: one\nsite\n"), 30)
    (tmp_path / "index.php").write_text(OWN["index.php"])

    (tmp_path / "release.txt").write_text("broken\n")
    failed = owner.attempt("release", *words)
    assert failed.returncode != 0
    assert "It can't be served." in failed.stdout
    assert visit(owner, URL).stdout.startswith("own: one\nsite\n")

    owner.play("rollback", *words)
    until(lambda: "It works" in visit(owner, URL).stdout, 30)
    kept = run_lab(owner.place.name, "exec", owner.ids()[0], "--", "sh", "-c", "cat /srv/site/shared/var/*")
    assert kept.stdout == "site\nsite\nx"  # the command has run for what was taken back, too


def test_a_reboot_of_both_machines_loses_nothing(owner: Owner) -> None:
    boots = {id_: booted(owner, id_) for id_ in owner.ids()}
    owner.client("ec2").reboot_instances(InstanceIds=owner.ids())
    for one, before in boots.items():
        until(lambda one=one, before=before: booted(owner, one) not in ("", before), 60)
        until(lambda one=one: mounted(owner, one), 60)
    until(lambda: healthy(owner) == 2, 60)
    # With both away at once, names may have failed over for a moment.
    until(lambda: len(machines_seen(owner, tries=4)) == 2, 120)
    assert all(is_closed(owner, id_) for id_ in owner.ids())
    assert all(began_with_share(owner, id_) for id_ in owner.ids())


def test_a_machine_without_the_share_says_that_it_is_unavailable(owner: Owner) -> None:
    machine = owner.ids()[0]

    def on(command: str) -> str:
        return run_lab(owner.place.name, "exec", machine, "--", "sh", "-c", command).stdout

    paths = ("", "index.php", "none.php", ".git/config", "health")
    asked = " ".join(f"http://127.0.0.1/{path}" for path in paths)
    statuses = "systemctl stop shared-files.timer srv-site.mount; curl -s -w '\\n%{http_code}\\n' "
    assert re.findall(r"^\d+$", on(statuses + asked), re.MULTILINE) == ["503"] * len(paths)
    on("systemctl start shared-files.timer shared-files.service")
    assert mounted(owner, machine)
    until(lambda: healthy(owner) == 2, 60)


def mounted(owner: Owner, machine: str) -> bool:
    return run_lab(owner.place.name, "exec", machine, "--", "mountpoint", "-q", "/srv/site").returncode == 0


def test_visitors_get_the_error_page_while_both_machines_are_down_and_the_site_afterwards(owner: Owner) -> None:
    def page(url: str = URL) -> bool:
        answer = visit(owner, "-i", url).stdout
        return bool(re.match(r"HTTP/\S+ 503", answer)) and "no-store" in answer and "back soon" in answer

    owner.client("ec2").stop_instances(InstanceIds=owner.ids())
    until(page, 90)
    until(lambda: page(f"https://{ALIAS}/"), 90)
    owner.start(*owner.ids())
    until(lambda: len(machines_seen(owner, tries=4)) == 2, 120)


def test_teardown_keeps_data_unless_told_otherwise(owner: Owner) -> None:
    output = owner.play("teardown")
    assert "bucket demo-content-" in output
    assert {row["kind"] for row in owner.status()} == {"bucket", "file system"}


def test_teardown_with_data_leaves_an_empty_world(owner: Owner) -> None:
    owner.play("teardown", "-e", "site_delete_data=true")
    assert owner.status() == []


def test_teardown_leaves_a_zone_of_the_users_own_alone(owner: Owner) -> None:
    route53 = owner.client("route53", "us-east-1")
    zone = route53.create_hosted_zone(Name="hasite.test", CallerReference="the user's")["HostedZone"]["Id"]
    record = {"Name": "mail.hasite.test.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    change = {"Action": "CREATE", "ResourceRecordSet": record}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    owner.play("teardown", "-e", "site_delete_data=true")
    assert record in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]


def test_nothing_of_the_lab_is_left_on_the_host(owner: Owner) -> None:
    assert run_lab(owner.place.name, "down").returncode == 0
    named = f"hasite-{owner.place.name}-"
    assert not list(Path("/run/netns").glob(f"{named}*"))
    assert named not in Path("/proc/self/mounts").read_text()
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert named not in processes
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
    assert owner.place.table not in tables
    assert not owner.place.folder.exists()
