# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole site on each system that the lab has machines of: one scenario, the same pages.

The tests build on each other, in order. `-k amazon-linux-2023` picks one system.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from bench.visitors import visiting
from lab.api.services.ec2.amis import IMAGES
from lab.commands.shell import visitor
from lab.faults.breaking import break_, mend
from lab.faults.catalogue import FAULTS
from lab.image.recipe import RECIPES
from tests.integration import machine_updates
from tests.integration.doctor import findings
from tests.integration.internet import fetch
from tests.integration.labs import place_of, run_lab, session_of, up
from tests.integration.owner import URL, Owner, began_with_share, booted, healthy, machines_seen
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

SPEED = 4
AMAZON = "amazon-linux-2023"
MACHINES = {"demo-web-a", "demo-web-c"}
FILES = {
    "index.php": "<?php session_start(); $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; echo 'own ', $_SESSION['n'];",
    "loaded.php": "<?php echo json_encode(array_map('strtolower', get_loaded_extensions()));",
    "written.php": "<?php echo file_put_contents('var/seen', 'x');",
    # Folders that a package's own configuration stands before, and a file in another character set than UTF-8.
    "cgi-bin/note.txt": "a note",
    "cgi-bin/run.php": "<?php echo 'run';",
    "icons/note.txt": "an icon",
    "old.html": "<meta charset=iso-8859-1>caf\xe9",
    "closed/.htaccess": "Require all denied\n",
    "closed/note.txt": "closed",
}
ON_MACHINES = (
    *("httpd-down", "php-fpm-down", "health-behind-redirect", "opcache-stale", "unit-masked", "disk-full"),
    *("web-server-settings-broken", "php-settings-broken", "web-server-listens-elsewhere", "agent-not-enabled"),
    *("mount-masked", "mounted-by-hand", "fstab-without-netdev", "fstab-elsewhere", "share-read-only"),
    "release-unreadable",
)
"""Faults that touch what differs between systems, or are seen by it; test_faults.py has all, on Debian."""
STANDARD = {"curl", "exif", "fileinfo", "gd", "intl", "mbstring", "posix", "dom", "simplexml", "zip", "zend opcache"}


@pytest.fixture(scope="module", params=RECIPES)
def system(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def files(system: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site, for the tests to change: each system begins with the same."""
    folder = tmp_path_factory.mktemp(system)
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text.encode("iso-8859-1"))
    (folder / "var").mkdir()
    return folder


@pytest.fixture(scope="module")
def owner(system: str, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    inventory = tmp_path_factory.mktemp("inventory")
    (inventory / "group_vars").mkdir()
    (inventory / "hosts.yml").write_text("all: {hosts: {localhost: {}}}\n")
    told = {
        "site_files": str(files),
        "site_htaccess": True,
        "site_shared_paths": ["var"],
        "site_php": {"extensions": ["redis", "pdo_mysql"], "settings": {"upload_max_filesize": "3M"}},
        "site_jobs": [{"name": "tick", "command": "id -un >> var/job", "schedule": "*:*"}],
    }
    (inventory / "group_vars" / "all.yml").write_text(json.dumps(told))
    place = place_of("os")
    up(place.name, "--speed", str(SPEED))
    made = Owner(place, session_of(place), environment={"LAB_SYSTEM": system})
    yield replace(made, inventories=(*made.inventories, str(inventory)))
    run_lab(place.name, "down")


def on(owner: Owner, machine: str, *command: str) -> str:
    return run_lab(owner.place.name, "exec", machine, "--", *command).stdout


def test_site_is_built_and_both_machines_answer(owner: Owner, system: str) -> None:
    assert "is answered by demo-web-a and demo-web-c" in owner.play("site")
    names = {"debian-12": "ID=debian", AMAZON: 'ID="amzn"'}
    for machine in owner.ids():
        assert names[system] in on(owner, machine, "cat", "/etc/os-release").splitlines()
        assert on(owner, machine, "systemctl", "--failed", "--plain", "--no-legend") == ""
    assert machines_seen(owner) == MACHINES


def test_nobody_reaches_an_sshd(owner: Owner, system: str) -> None:
    """Amazon's image runs one that takes keys alone; no security group opens its port, not to the next machine."""
    one, other = owner.ids()
    listening = {machine: on(owner, machine, "ss", "-Hltn", "sport = :22") for machine in (one, other)}
    assert all(listening.values()) == (system == AMAZON)
    (found,) = owner.client("ec2").describe_instances(InstanceIds=[other])["Reservations"][0]["Instances"]
    ask = f"timeout 5 bash -c '</dev/tcp/{found['PrivateIpAddress']}/22' 2>/dev/null; echo $?"
    assert on(owner, one, "sh", "-c", ask) == "124\n"
    if system == AMAZON:
        told = on(owner, one, "sshd", "-T").splitlines()
        assert {"passwordauthentication no", "permitrootlogin forced-commands-only"} <= set(told)
        assert on(owner, one, "cat", "/etc/ssh/ssh_host_ed25519_key.pub") != on(
            owner, other, "cat", "/etc/ssh/ssh_host_ed25519_key.pub"
        )


def test_the_same_pages_are_served(owner: Owner) -> None:
    for path, said in {"cgi-bin/note.txt": "a note", "cgi-bin/run.php": "run", "icons/note.txt": "an icon"}.items():
        answer = fetch(owner.place, URL + path)
        assert (answer.status, answer.body) == (200, said), path
    assert fetch(owner.place, URL + "old.html").headers["content-type"] == "text/html"
    assert set(json.loads(fetch(owner.place, URL + "loaded.php").body)) >= {*STANDARD, "redis", "pdo_mysql"}
    assert fetch(owner.place, URL + "written.php").body == "1"
    assert {fetch(owner.place, URL + path).status for path in ("closed/note.txt", ".htaccess", "var/")} == {403}
    assert fetch(owner.place, URL + "nothing.php").status == 404


def test_a_visitor_is_known_to_both_machines(owner: Owner, tmp_path: Path) -> None:
    jar = ("--cookie", str(tmp_path / "jar"), "--cookie-jar", str(tmp_path / "jar"))
    answers = [fetch(owner.place, URL, *jar) for _ in range(8)]
    assert [answer.body for answer in answers] == [f"own {n}" for n in range(1, 9)]
    assert {answer.headers["x-served-by"] for answer in answers} == MACHINES


def test_jobs_run_as_the_sites_user(owner: Owner) -> None:
    until(lambda: on(owner, owner.ids()[0], "cat", "/srv/site/shared/var/job").startswith("site\n"), 150)


def test_second_run_changes_nothing(owner: Owner) -> None:
    assert owner.changes(owner.play("site")) == []
    assert owner.changes(owner.play("site", "--check", "--diff")) == []


def test_doctor_finds_nothing(owner: Owner) -> None:
    assert "No finding." in owner.play("doctor")


@pytest.mark.parametrize("name", ON_MACHINES)
def test_the_doctor_names_a_fault_and_nothing_else(owner: Owner, name: str) -> None:
    last: list[str] = []

    def found(wanted: list[str]) -> bool:
        last[:] = findings(owner.place)
        return last == wanted

    break_(owner.place, name, None, None)
    try:
        until(lambda: found([FAULTS[name].finding]), 60)
    except AssertionError:
        raise AssertionError(f"found {last} instead of {FAULTS[name].finding}") from None
    finally:
        mend(owner.place, name)
    until(lambda: found([]), 120)


def test_visitors_do_not_notice_that_the_machines_are_configured_in_turn(owner: Owner) -> None:
    with visiting(visitor(owner.place), "www.hasite.test", 50) as visits:
        output = owner.play("configure", "-e", json.dumps({"web_hardening": False}))
    assert output.count("TASK [hasite.aws.web : Start the services anew]") == 2
    assert visits.failed == []
    assert set(visits.by) == MACHINES
    owner.play("configure")


def test_a_release_is_seen_and_taken_back(owner: Owner, files: Path) -> None:
    (files / "new.txt").write_text("new")
    owner.play("release")
    until(lambda: fetch(owner.place, URL + "new.txt").body == "new", 30)
    owner.play("rollback")
    until(lambda: fetch(owner.place, URL + "new.txt").status == 404, 30)


def test_the_share_takes_nobody_who_does_not_encrypt(owner: Owner, system: str) -> None:
    """By the mount helper, or by stunnel: https://docs.aws.amazon.com/efs/latest/ug/encryption-in-transit.html."""
    machine = owner.ids()[0]
    share = owner.client("efs").describe_file_systems()["FileSystems"][0]["FileSystemId"]
    ways = {AMAZON: "tls,iam", "debian-12": f"x-systemd.after=shared-files-tunnel@{share}.service"}
    assert ways[system] in on(owner, machine, "grep", "/srv/site", "/etc/fstab")
    plain = f"mount -t nfs4 -o retry=0 {share}.efs.ap-northeast-1.amazonaws.com:/ /mnt 2>&1"
    assert "access denied by server" in on(owner, machine, "sh", "-c", plain)


def test_a_reboot_of_both_machines_loses_nothing(owner: Owner) -> None:
    boots = {id_: booted(owner, id_) for id_ in owner.ids()}
    owner.client("ec2").reboot_instances(InstanceIds=owner.ids())
    for one, before in boots.items():
        until(lambda one=one, before=before: booted(owner, one) not in ("", before), 120)
    until(lambda: healthy(owner) == 2, 120)
    until(lambda: machines_seen(owner, tries=4) == MACHINES, 180)
    assert all(began_with_share(owner, machine) for machine in owner.ids())


def test_drill_passes(owner: Owner) -> None:
    owner.play("drill")
    until(lambda: healthy(owner) == 2, 120)


def test_security_updates_are_installed_in_turn(owner: Owner, system: str, request: pytest.FixtureRequest) -> None:
    if system != AMAZON:
        pytest.skip(
            "Debian's archive has no update on demand; tests/integration/test_surroundings.py stands in for one"
        )
    request.addfinalizer(lambda: owner.play("configure"))
    owner.play("configure", "-e", json.dumps({"site_updates": {"automatic": True, "hour": 0}}))
    machine = owner.ids()[0]
    before = booted(owner, machine)
    on(owner, machine, "rm", "-f", "/var/lib/hasite/updated")
    machine_updates.ask(owner, machine)
    until(lambda: booted(owner, machine) not in ("", before), 240)
    stamp, mirrors = "/var/lib/hasite/updated", "/var/lib/hasite-lab/al2023/core/mirrors"
    held = on(owner, machine, "rpm", "--query", "openssl", "less").split()
    assert [name.split(".amzn")[0].rsplit("-", 1)[1] for name in held] == ["2", "1"]
    until(lambda: not machine_updates.turn(owner, machine), 240)
    # A repository that does not answer is no repository without updates.
    on(owner, machine, "sh", "-c", f"rm {stamp}; mv {mirrors} {mirrors}.away; systemctl start hasite-updates")
    assert on(owner, machine, "sh", "-c", f"ls {stamp} 2>&1; mv {mirrors}.away {mirrors}").startswith(
        "ls: cannot access"
    )
    assert not machine_updates.turn(owner, machine)


def running(owner: Owner) -> dict[str, str]:
    """Return the images of the machines that run, by the machines' ids."""
    found = [machine for machine in owner.machines() if machine["State"]["Name"] == "running"]
    return {machine["InstanceId"]: machine["ImageId"] for machine in found}


def newest_image(owner: Owner, system: str) -> str:
    parameter = next(image.parameter for image in IMAGES if image.system == system)
    return str(owner.client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"])


def test_a_newer_image_is_told_of_and_changes_nothing_by_itself(owner: Owner, system: str) -> None:
    before = running(owner)
    assert set(before.values()) == {newest_image(owner, system)}
    assert "has the image" not in owner.attempt("plan").stdout
    assert run_lab(owner.place.name, "publisher", system).returncode == 0
    planned = owner.attempt("plan")
    assert (planned.returncode, "Nothing is to be done" in planned.stdout) == (0, True), planned.stdout[-3000:]
    assert set(re.findall(r"\bami-[0-9a-f]{17}\b", planned.stdout)) == {*before.values(), newest_image(owner, system)}
    assert owner.changes(owner.play("site")) == []
    assert running(owner) == before
    assert owner.attempt("replace", "--check", "--diff").returncode == 0
    assert running(owner) == before


def test_a_protected_machine_is_not_replaced(owner: Owner) -> None:
    ec2, before = owner.client("ec2"), running(owner)
    for machine in before:
        ec2.modify_instance_attribute(InstanceId=machine, DisableApiTermination={"Value": True})
    done = owner.attempt("replace")
    for machine in before:
        ec2.modify_instance_attribute(InstanceId=machine, DisableApiTermination={"Value": False})
    assert done.returncode != 0
    assert re.search(r"i-\w+ may not be terminated, so it was not replaced", re.sub(r"\s+", " ", done.stdout))
    assert running(owner) == before


def deafen(owner: Owner, machine: str, how: str) -> None:
    """Have a machine answer nothing to the load balancer's nodes (`add`), or again (`delete`)."""
    nodes = [{"Name": "description", "Values": ["ELB app/demo/*"]}]
    for interface in owner.client("ec2").describe_network_interfaces(Filters=nodes)["NetworkInterfaces"]:
        on(owner, machine, "ip", "route", how, "blackhole", interface["PrivateIpAddress"])


def test_a_new_machine_that_is_not_healthy_takes_nobodys_place(owner: Owner) -> None:
    before = running(owner)

    def added() -> set[str]:
        return set(running(owner)) - set(before)

    with ThreadPoolExecutor(1) as beside:
        replacing = beside.submit(owner.attempt, "replace", "-e", json.dumps({"rolling_wait_seconds": 60}))
        new = until(lambda: added() or replacing.done(), 300)
        assert isinstance(new, set), replacing.result().stdout[-3000:]
        (machine,) = new
        until(lambda: booted(owner, machine), 60)
        deafen(owner, machine, "add")
        done = replacing.result()
    assert done.returncode != 0
    said = re.sub(r"\s+", " ", done.stdout)
    assert "Not all targets were healthy within 60 seconds" in said
    assert machine in said
    assert before.items() < running(owner).items()
    assert added() == {machine}
    until(lambda: machines_seen(owner) == MACHINES, 60)
    deafen(owner, machine, "delete")


def test_visitors_do_not_notice_that_machines_of_a_newer_image_take_over(owner: Owner, system: str) -> None:
    """The machine that the run before has started, which ended there, is taken."""
    newest = newest_image(owner, system)
    before = {machine for machine, image in running(owner).items() if image != newest}
    started = set(running(owner)) - before
    with visiting(visitor(owner.place), "www.hasite.test", 50) as visits:
        owner.play("replace")
    assert started <= set(running(owner))
    assert visits.failed == []
    assert set(visits.by) == MACHINES
    assert len(running(owner)) == len(MACHINES)
    assert not set(running(owner)) & before
    assert set(running(owner).values()) == {newest_image(owner, system)}
    until(lambda: healthy(owner) == len(MACHINES), 60)
    assert machines_seen(owner) == MACHINES
    if system == AMAZON:
        held = [on(owner, machine, "rpm", "--query", "openssl", "system-release") for machine in running(owner)]
        assert all(
            re.fullmatch(r"openssl-3\.2\.2-2\.\S+\nsystem-release-2023\.12\.20261026-\S+\n", one) for one in held
        )
    assert "Every machine has the image" in re.sub(r"\s+", " ", owner.play("replace"))
    assert owner.changes(owner.play("site")) == []
    assert "No finding." in owner.play("doctor")


def test_a_machine_of_another_system_joins(owner: Owner, system: str) -> None:
    """The one in use keeps its image; a lost one is replaced by one of the image that the inventory names now."""
    lost = next(
        machine["InstanceId"]
        for machine in owner.machines()
        if machine["State"]["Name"] == "running" and machine["Placement"]["AvailabilityZone"].endswith("c")
    )
    owner.client("ec2").terminate_instances(InstanceIds=[lost])
    owner.client("ec2").get_waiter("instance_terminated").wait(InstanceIds=[lost], WaiterConfig={"Delay": 2})
    (other,) = set(RECIPES) - {system}
    mixed = replace(owner, environment={"LAB_SYSTEM": other})
    # EFS does not learn the role of the one that runs Debian.
    anonymous = ("-e", json.dumps({"site_require_role_share": False}))
    assert "is answered by demo-web-a and demo-web-c" in mixed.play("site", *anonymous)
    kinds = {on(owner, one, "grep", "^ID=", "/etc/os-release").strip() for one in running(owner)}
    assert kinds == {"ID=debian", 'ID="amzn"'}
    assert machines_seen(owner) == MACHINES
    assert owner.changes(mixed.play("site", *anonymous)) == []
