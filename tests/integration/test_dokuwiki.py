# SPDX-License-Identifier: GPL-3.0-or-later
"""A stranger's PHP application as its owner and its readers meet it, on each system: a public wiki, a short inventory.

The tests build on each other, in order.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from lab.commands.browser import opened
from lab.image.recipe import RECIPES
from tests.applications import dokuwiki
from tests.integration.internet import Answer
from tests.integration.labs import ROOT, place_of, run_lab, session_of, up
from tests.integration.owner import URL, Owner, booted, healthy, machines_seen
from tests.integration.small_world import until
from tests.integration.wiki import Person

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

SPEED = 2
DEBIAN = "debian-12"
MACHINES = {"demo-web-a", "demo-web-c"}
PICTURE = ROOT / "build" / "browser" / "dokuwiki.png"
VARIABLES = {
    "site_excludes": [".git", "*.dist", "*.dist.md5sum"],
    "site_shared_paths": ["conf", "data"],
    # The wiki keeps visitors out of its folders by files of this name.
    "site_htaccess": True,
    "site_php": {"settings": {"upload_max_filesize": "32M", "post_max_size": "33M"}},
}


@pytest.fixture(scope="module", params=RECIPES)
def system(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def wiki(system: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is published, for the tests to change."""
    folder = tmp_path_factory.mktemp("files")
    files = shutil.copytree(dokuwiki.assemble(ROOT / "build" / "dokuwiki"), folder / "wiki")
    if system != DEBIAN:
        dokuwiki.complete(files, folder / "libraries")
    return files


@pytest.fixture(scope="module")
def inventory(system: str, wiki: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wiki") / "inventory"
    (folder / "group_vars").mkdir(parents=True)
    (folder / "hosts.yml").write_text("all: {hosts: {localhost: {}}}\n")
    packages = {"site_packages": list(dokuwiki.PACKAGES)} if system == DEBIAN else {}
    told = {"site_files": str(wiki), **VARIABLES, **packages}
    (folder / "group_vars" / "all.yml").write_text(yaml.safe_dump(told))
    return folder


@pytest.fixture(scope="module")
def owner(system: str, inventory: Path) -> Iterator[Owner]:
    place = place_of("wiki")
    up(place.name, "--speed", str(SPEED))
    owner = Owner(place, session_of(place), environment={"LAB_SYSTEM": system})
    yield replace(owner, inventories=(*owner.inventories, str(inventory)))
    run_lab(place.name, "down")


@pytest.fixture(scope="module")
def alice(owner: Owner, tmp_path_factory: pytest.TempPathFactory) -> Person:
    return Person(owner.place, URL, tmp_path_factory.mktemp("alice") / "cookies")


def served_by(ask: Callable[[], Answer], machine: str) -> Answer:
    """Ask until one machine answers: which one does is the balancer's choice."""
    for _ in range(20):
        answer = ask()
        if answer.headers.get("x-served-by") == machine:
            return answer
    raise AssertionError(f"{machine} never answered")


def test_wiki_is_published_and_set_up(owner: Owner, alice: Person) -> None:
    output = owner.play("site")
    assert "is answered by demo-web-a and demo-web-c" in output
    assert "The configuration was finished successfully" in alice.set_up().body


def test_who_has_logged_in_is_known_to_both_machines(alice: Person) -> None:
    alice.log_in()
    answers = [alice.get("doku.php?id=start") for _ in range(40)]
    assert all(alice.is_known(answer) for answer in answers)
    assert {answer.headers["x-served-by"] for answer in answers} == MACHINES


def test_visitors_do_not_get_what_the_wiki_keeps_to_itself(alice: Person) -> None:
    for path in ("conf/users.auth.php", "conf/local.php", "data/pages/wiki/syntax.txt", "data/", "inc/init.php"):
        assert alice.get(path).status == 403, path


def test_what_one_machine_saved_the_other_shows(alice: Person, tmp_path: Path) -> None:
    (other,) = MACHINES - {alice.edit("start", "====== Written here ======").headers["x-served-by"]}
    assert "Written here" in served_by(lambda: alice.get("doku.php?id=start"), other).body

    big = tmp_path / "big.zip"
    big.write_bytes(os.urandom(20 << 20))
    sent = alice.upload(big)
    (other,) = MACHINES - {sent.headers["x-served-by"]}
    target = tmp_path / "downloaded.zip"
    until(lambda: alice.download("big.zip", target) == other, 30)
    assert hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(big.read_bytes()).digest()


def kept(alice: Person, tmp_path: Path) -> None:
    """The page and the file that were made by hand are there, and so is the login."""
    answer = alice.get("doku.php?id=start")
    assert "Written here" in answer.body
    assert alice.is_known(answer)
    alice.download("big.zip", tmp_path / "big.zip")
    assert (tmp_path / "big.zip").stat().st_size == 20 << 20


def test_what_was_written_survives_a_release_and_a_rollback(
    owner: Owner, alice: Person, wiki: Path, tmp_path: Path
) -> None:
    (wiki / "lib" / "images" / "note.txt").write_text("a new release\n")
    owner.play("release")
    until(lambda: alice.get("lib/images/note.txt").status == 200, 30)
    kept(alice, tmp_path)
    owner.play("rollback")
    until(lambda: alice.get("lib/images/note.txt").status == 404, 30)
    kept(alice, tmp_path)
    owner.play("release")


def test_who_has_logged_in_is_known_while_one_machine_is_stopped(owner: Owner, alice: Person, tmp_path: Path) -> None:
    stopped = owner.ids()[:1]
    owner.client("ec2").stop_instances(InstanceIds=stopped)
    until(lambda: len(machines_seen(owner)) == 1, 90)
    kept(alice, tmp_path)
    owner.start(*stopped)
    until(lambda: healthy(owner) == 2, 180)


def test_what_was_written_survives_a_reboot_of_both_machines(owner: Owner, alice: Person, tmp_path: Path) -> None:
    boots = {id_: booted(owner, id_) for id_ in owner.ids()}
    owner.client("ec2").reboot_instances(InstanceIds=owner.ids())
    for one, before in boots.items():
        until(lambda one=one, before=before: booted(owner, one) not in ("", before), 90)
    until(lambda: healthy(owner) == 2 and machines_seen(owner) == MACHINES, 240)
    kept(alice, tmp_path)


def test_drill_passes_and_doctor_finds_nothing(owner: Owner) -> None:
    assert "The site kept its budget in every stage" in owner.play(
        "drill", "-e", "drill_stages=one_stopped,all_stopped,all_started,zone_lost,edge_lost"
    )
    assert "No finding" in owner.play("doctor")


def test_second_run_changes_nothing(owner: Owner) -> None:
    assert owner.changes(owner.play("site")) == []


def test_a_browser_shows_the_wiki(owner: Owner) -> None:
    with opened(owner.place) as browser:
        tab = browser.tab()
        page = tab.go(URL)
        assert (page.status, page.secure) == (200, True)
        assert "Written here" in page.text
        tab.picture(PICTURE)
