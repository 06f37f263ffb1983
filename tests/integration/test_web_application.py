# SPDX-License-Identifier: GPL-3.0-or-later
"""What Apache, PHP and the load balancer make of visitors' requests (tests/applications/mirror shows it).

The tests build on each other, in order: the site is the same, what it asks for changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration import machine_updates
from tests.integration.internet import Answer, fetch
from tests.integration.labs import ROOT, place_of, run_lab, session_of, up
from tests.integration.owner import URL, Owner, booted, healthy, machines_seen, visit
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

MIRROR = ROOT / "tests" / "applications" / "mirror"
MACHINES = {"demo-web-a", "demo-web-c"}
MEGABYTES = 20
PHP = {"extensions": ["bcmath", "pdo_sqlite"], "settings": {"date.timezone": "Asia/Tokyo", "max_input_vars": 3000}}


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    place = place_of("php")
    up(place.name, "--speed", "2")
    inventory = tmp_path_factory.mktemp("mirror")
    (inventory / "group_vars").mkdir()
    (inventory / "hosts.yml").write_text("all: {hosts: {localhost: {}}}\n")
    given = {"site_files": str(MIRROR), "site_php": PHP, "site_packages": ["sqlite3"]}
    (inventory / "group_vars" / "all.yml").write_text(yaml.safe_dump(given))
    owner = Owner(place, session_of(place))
    yield replace(owner, inventories=(*owner.inventories, str(inventory)))
    run_lab(place.name, "down")


def get(owner: Owner, path: str, *options: str) -> Answer:
    return fetch(owner.place, URL + path, *options)


def shown(owner: Owner, what: str, *options: str) -> Any:
    return json.loads(get(owner, f"index.php?show={what}", *options).body)


def on(owner: Owner, machine: str, *command: str) -> str:
    return run_lab(owner.place.name, "exec", machine, "--", *command).stdout


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"site_php": {"extensions": ["mbsting"]}}, "did you mean mbstring"),
        ({"site_php": {"settings": {"memory_limt": "1G"}}}, "did you mean memory_limit"),
        ({"site_public_folder": "nowhere"}, "which site_files does not have"),
        ({"site_front_controller": "index.php", "site_htaccess": True}, "choose one"),
    ],
)
def test_bad_input_is_refused_before_anything_is_created(owner: Owner, asked: dict[str, Any], says: str) -> None:
    done = owner.attempt("site", "-e", json.dumps(asked))
    assert done.returncode != 0
    assert says in done.stdout
    assert owner.status() == []


def test_php_is_what_the_site_asks_for(owner: Owner) -> None:
    owner.play("site")
    assert machines_seen(owner) == MACHINES
    found = shown(owner, "ini")
    asked = {"bcmath", "pdo_sqlite", "curl", "dom", "gd", "intl", "mbstring", "simplexml", "xmlwriter", "zip"}
    assert asked <= set(found["extensions"])
    assert found["date.timezone"] == "Asia/Tokyo"
    assert found["upload_max_filesize"] == "64M"
    assert found["user_agent"] == "from the folder", ".user.ini"
    assert found["starts_programs"] is False
    for machine in MACHINES:
        assert "Asia/Tokyo" in on(owner, machine, "php", "-r", "echo ini_get('date.timezone');"), "hooks and jobs"
        assert on(owner, machine, "php", "-r", "echo function_exists('exec') ? 'yes' : 'no';") == "yes"
        assert on(owner, machine, "which", "sqlite3").strip() == "/usr/bin/sqlite3"


def test_php_runs_as_the_sites_user_which_may_write_nothing_of_the_release(owner: Owner) -> None:
    assert shown(owner, "server")["user"] == "site"
    assert shown(owner, "write") == []
    for machine in MACHINES:
        assert on(owner, machine, "id", "-u", "site").strip() == "60800"
        workers = on(owner, machine, "ps", "-eo", "user,args").splitlines()
        assert {line.split()[0] for line in workers if "pool www" in line} == {"site"}
        assert "site" not in {line.split()[0] for line in workers if "pool health" in line or "apache2" in line}


def test_a_folder_is_redirected_to_itself_by_https(owner: Owner) -> None:
    found = get(owner, "folder")
    assert (found.status, found.headers["location"]) == (301, URL + "folder/")
    assert get(owner, "folder/").body == "in the folder\n"


def test_the_request_is_the_visitors(owner: Owner) -> None:
    lies = ("-H", "X-Forwarded-For: 10.0.0.1", "-H", "X-Forwarded-Host: evil.test", "-H", "Proxy: http://evil.test")
    found = shown(owner, "server", *lies, "--user", "me:my word")
    assert (found["HTTPS"], found["REQUEST_SCHEME"], found["SERVER_PORT"]) == ("on", "https", "443")
    assert (found["SERVER_NAME"], found["HTTP_HOST"]) == ("www.hasite.test", "www.hasite.test")
    assert (found["PHP_AUTH_USER"], found["PHP_AUTH_PW"]) == ("me", "my word")
    assert not found["REMOTE_ADDR"].startswith("10.")
    assert not {"HTTP_PROXY", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST"} & set(found)


def test_paths_behind_a_file_are_its_path_info(owner: Owner) -> None:
    found = json.loads(get(owner, "index.php/a/b?show=server").body)
    assert (found["PATH_INFO"], found["SCRIPT_NAME"]) == ("/a/b", "/index.php")


def test_files_are_the_same_from_every_machine(owner: Owner) -> None:
    tags: dict[str, str] = {}
    while set(tags) != MACHINES:
        found = get(owner, "docs/module.mjs")
        assert found.headers["content-type"] == "text/javascript"
        tags[found.headers["x-served-by"]] = found.headers["etag"]
    assert len(set(tags.values())) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [(".user.ini", 403), (".htaccess", 403), (".well-known/security.txt", 200), ("docs/", 403), ("none.php", 404)],
)
def test_what_is_shown_and_what_is_not(owner: Owner, path: str, status: int) -> None:
    assert get(owner, path).status == status


@pytest.mark.parametrize("way", [(), ("-H", "Transfer-Encoding: chunked", "--http1.1")], ids=["sized", "chunked"])
def test_a_large_upload_arrives_whole(owner: Owner, tmp_path: Path, way: tuple[str, ...]) -> None:
    file = tmp_path / "large"
    file.write_bytes(hashlib.shake_256(b"large").digest(MEGABYTES << 20))
    found = shown(owner, "upload", "-H", "Expect:", "-F", f"file=@{file}", "-F", "field=x", *way)
    assert found == {"error": 0, "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "field": "x"}


def sessions(owner: Owner, jar: Path, times: int) -> list[tuple[int, str]]:
    """Return the visits that the session counts, with the machine that counted."""
    found = []
    for _ in range(times):
        answer = get(owner, "index.php?show=session", "--cookie", str(jar), "--cookie-jar", str(jar))
        found.append((json.loads(answer.body)["visits"], answer.headers["x-served-by"]))
    return found


def test_sessions_are_sent_by_https_and_to_this_site_only(owner: Owner) -> None:
    cookie = get(owner, "index.php?show=session").headers["set-cookie"].lower()
    assert {"secure", "httponly", "samesite=lax"} <= {part.strip() for part in cookie.split(";")}
    made_up = get(owner, "index.php?show=session", "--cookie", "PHPSESSID=0123456789abcdef0123456789").headers[
        "set-cookie"
    ]
    assert "0123456789abcdef" not in made_up


@pytest.mark.parametrize("status", [200, 404])
def test_an_applications_own_headers_win(owner: Owner, status: int) -> None:
    # In one line each: of a header that is there twice, `fetch` would keep one.
    url = f"{URL}index.php?show=headers&status={status}"
    lines = visit(owner, "--include", url).stdout.lower().replace("\r", "").split("\n")
    for name, value in (("x-frame-options", "deny"), ("strict-transport-security", "max-age=1")):
        assert [line for line in lines if line.startswith(f"{name}:")] == [f"{name}: {value}"]
    assert [line for line in lines if line.startswith("content-security-policy")] == [
        "content-security-policy: default-src 'none'"
    ]
    assert "x-content-type-options: nosniff" in lines


def test_headers_and_methods_are_the_owners_choice(owner: Owner) -> None:
    told = json.dumps({"site_headers": {"X-Frame-Options": "", "X-More": '100% "so"', "Referrer-Policy": "origin"}})
    before = get(owner, "docs/plain.txt").headers
    assert (before["x-frame-options"], before["referrer-policy"]) == ("SAMEORIGIN", "strict-origin-when-cross-origin")
    owner.play("configure", "-e", told, "-e", json.dumps({"site_methods": ["GET", "POST"]}))
    found = get(owner, "docs/plain.txt").headers
    assert "x-frame-options" not in found
    assert (found["x-more"], found["referrer-policy"]) == ('100% "so"', "origin")
    assert get(owner, "docs/plain.txt", "-X", "DELETE").status == 405
    owner.play("configure")


def test_sessions_on_the_share_are_the_same_on_both_machines(owner: Owner, tmp_path: Path) -> None:
    found = sessions(owner, tmp_path / "jar", 12)
    assert [visits for visits, _ in found] == list(range(1, 13))
    assert {machine for _, machine in found} == MACHINES
    assert on(owner, "demo-web-a", "stat", "-c", "%U %a", "/srv/site/sessions").strip() == "site 700"


def test_sessions_that_are_over_are_removed_by_one_machine(owner: Owner) -> None:
    on(owner, "demo-web-a", "touch", "-d", "1 hour ago", "/srv/site/sessions/sess_old")
    on(owner, "demo-web-a", "rm", "-f", "/srv/site/sessions/.cleaned")
    for machine in sorted(MACHINES):
        on(owner, machine, "systemctl", "start", "hasite-sessions.service")
    said = [on(owner, machine, "journalctl", "-u", "hasite-sessions", "-o", "cat") for machine in sorted(MACHINES)]
    assert len([text for text in said if "1 sessions were over." in text]) == 1, said
    assert len([text for text in said if " did it " in text]) == 1, said
    assert "sess_old" not in on(owner, "demo-web-a", "ls", "/srv/site/sessions")
    for machine in MACHINES:
        assert on(owner, machine, "systemctl", "is-enabled", "hasite-sessions.timer").strip() == "enabled"
        assert on(owner, machine, "systemctl", "is-enabled", "phpsessionclean.timer").strip() == "disabled"


def test_second_run_changes_nothing(owner: Owner) -> None:
    assert owner.changes(owner.play("site")) == []


def test_doctor_finds_nothing(owner: Owner) -> None:
    assert "No finding" in owner.play("doctor")


def test_htaccess_files_count_if_asked_for(owner: Owner) -> None:
    assert get(owner, "pretty/abc").status == 404
    owner.play("configure", "-e", json.dumps({"site_htaccess": True}))
    found = json.loads(get(owner, "pretty/abc").body)
    assert (found["REQUEST_URI"], found["QUERY_STRING"]) == ("/pretty/abc", "show=server&path=abc")
    assert get(owner, "closed/file.txt").status == 403
    assert get(owner, "missing").body == "nothing here"
    assert get(owner, "docs/plain.txt").headers["cache-control"] == "max-age=3600"
    assert shown(owner, "ini")["memory_limit"] == "256M", "php_value belongs to mod_php"


def test_visitors_stay_with_a_machine_if_sessions_are_sticky(owner: Owner, tmp_path: Path) -> None:
    asked = json.dumps({"site_sessions": "sticky", "site_front_controller": "index.php"})
    owner.play("site", "-e", asked)
    jar = tmp_path / "jar"
    found = sessions(owner, jar, 10)
    assert [visits for visits, _ in found] == list(range(1, 11))
    ((machine,),) = [{one for _, one in found}]
    assert {"AWSALB", "AWSALBCORS"} <= set(jar.read_text().split())
    assert json.loads(get(owner, "no/such/file?x=1").body)["REQUEST_URI"] == "/no/such/file?x=1"
    # Its machine is gone: another one begins anew.
    on(owner, machine, "systemctl", "stop", "apache2")
    until(lambda: healthy(owner) == 1, 60)
    (other,) = MACHINES - {machine}
    assert sessions(owner, jar, 3) == [(1, other), (2, other), (3, other)]
    on(owner, machine, "systemctl", "start", "apache2")
    until(lambda: healthy(owner) == 2, 60)
    assert sessions(owner, jar, 3) == [(4, other), (5, other), (6, other)]
    assert owner.changes(owner.play("site", "-e", asked)) == []


def test_updates_restart_one_machine_after_the_other_and_visitors_notice_nothing(owner: Owner) -> None:
    owner.play("configure", "-e", json.dumps({"site_updates": {"automatic": True}}))
    machines = owner.ids()
    boots = {one: booted(owner, one) for one in machines}
    refused: list[str] = []

    def has_restarted(machine: str) -> bool:
        status = visit(owner, "-o", "/dev/null", "-w", "%{http_code}", f"{URL}docs/plain.txt").stdout
        refused.extend([status] if status != "200" else [])
        return booted(owner, machine) not in ("", boots[machine])

    for one in machines:
        machine_updates.prepare(owner, one)
    for first, second in (machines, machines[::-1]):
        machine_updates.ask(owner, first)
        until(lambda first=first: machine_updates.turn(owner, first) == machine_updates.host(owner, first), 30)
        machine_updates.ask(owner, second)
        until(lambda first=first: has_restarted(first), 120)
        until(lambda: healthy(owner) == 2, 120)
        until(lambda second=second: not machine_updates.turn(owner, second), 240)
    assert refused == []
