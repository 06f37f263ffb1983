# SPDX-License-Identifier: GPL-3.0-or-later
"""`site.yml` releases files that do not work, or moves them to another folder, on a site that is on line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from bench.visitors import visiting
from lab.commands.shell import visitor
from tests.integration.internet import fetch
from tests.integration.labs import run_lab
from tests.integration.owner import URL, Owner, healthy, machines_seen
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

RATE = 60
"""Requests in a second that visitors send."""
BROKEN = "<?php http_response_code(500);"


@dataclass
class Site:
    """A site whose files lie in one folder below `files`: whoever changes its name changes site_public_folder, too."""

    owner: Owner
    files: Path
    public: str = "public"

    def put(self, page: str, public: str = "public") -> tuple[str, str]:
        """Write the files anew, and return the options with which they are released."""
        rmtree(self.files, ignore_errors=True)
        (self.files / public).mkdir(parents=True)
        (self.files / public / "index.php").write_text(page)
        self.public = public
        return self.words()

    def words(self, **more: Any) -> tuple[str, str]:
        return ("-e", json.dumps({"site_files": str(self.files), "site_public_folder": self.public, **more}))

    def shown(self) -> set[str]:
        """Return what visitors get, from both machines."""
        assert machines_seen(self.owner) == {"demo-web-a", "demo-web-c"}
        return {fetch(self.owner.place, URL).body for _ in range(6)}

    def refused(self, playbook: str, *words: str) -> str:
        done = self.owner.attempt(playbook, *words)
        assert done.returncode != 0
        return re.sub(r"\s+", " ", done.stdout)


@pytest.fixture(scope="module")
def module_site(demo: Owner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield Site(demo, tmp_path_factory.mktemp("files") / "site")
    demo.play("site")


@pytest.fixture
def site(module_site: Site) -> Site:
    """The site, on line with a page that works, from the folder `public`."""
    module_site.owner.play("site", *module_site.put("<?php echo 'works';"))
    assert module_site.shown() == {"works"}
    return module_site


def running(site: Site) -> set[str]:
    return {one["InstanceId"] for one in site.owner.machines() if one["State"]["Name"] == "running"}


def is_as_before(site: Site) -> None:
    until(lambda: site.shown() == {"works"}, 10)
    assert healthy(site.owner) == 2


def test_a_release_that_does_not_answer_is_taken_back(site: Site) -> None:
    said = site.refused("site", *site.put(BROKEN))
    assert re.search(r"does not answer on demo-web-a and demo-web-c at / \(status 500\); \S+ is served again", said)
    is_as_before(site)
    # What was taken back stays away, and says so; changed files are served as ever.
    again = site.owner.attempt("site", *site.words())
    assert again.returncode == 0
    assert "was taken back" in re.sub(r"\s+", " ", again.stdout + again.stderr)
    is_as_before(site)
    site.owner.play("site", *site.put("<?php echo 'mended';"))
    assert site.shown() == {"mended"}


def test_who_does_not_want_the_check_serves_what_does_not_answer(site: Site) -> None:
    site.owner.play("provision", *site.put(BROKEN))
    site.owner.play("configure", *site.words(site_release_check=False))
    assert fetch(site.owner.place, URL).status == 500


@pytest.mark.parametrize(
    ("killed", "seconds"),
    [
        (None, 0),
        ("Serve the release", 0),
        ("Wait until this machine sees the release", 0),
        ("Wait until PHP looks again at the paths that it has cached", 0.5),
    ],
)
def test_a_release_in_another_folder_that_does_not_answer_is_taken_back_with_apache(
    site: Site, tmp_path: Path, killed: str | None, seconds: float
) -> None:
    words = site.put(BROKEN, "web")
    if killed:
        assert site.owner.killed_in("site", killed, tmp_path / "log", *words, seconds=seconds) is None
    said = site.refused("site", *words)
    assert "does not answer on demo-web-a and demo-web-c at / (status 500)" in said
    is_as_before(site)
    # Apache stays with the folder of what is served, also if site.yml is run again.
    assert "has no web, where the web server looks for pages" in site.refused("site", *words)
    is_as_before(site)
    site.owner.play("site", *site.put("<?php echo 'mended';", "web"))
    assert site.shown() == {"mended"}


def test_another_folder_comes_with_the_hooks_of_its_release(site: Site) -> None:
    def hooks(command: str) -> tuple[str, str]:
        return site.words(site_hooks={"before": [command], "after": ["test -f web/index.php"]})

    site.put("<?php echo 'moved';", "web")
    with visiting(visitor(site.owner.place), "www.hasite.test", RATE) as visits:
        assert "no-such-command" in site.refused("site", *hooks("no-such-command"))
        is_as_before(site)
        site.owner.play("configure", *hooks("test -f web/index.php"))
    assert visits.failed == []
    assert site.shown() == {"moved"}


def test_the_tags_of_one_role_move_nothing_by_half(site: Site) -> None:
    words = site.put("<?php echo 'moved';", "web")
    site.owner.play("provision", *words)
    with visiting(visitor(site.owner.place), "www.hasite.test", RATE) as visits:
        site.owner.play("configure", *words, "--tags", "web_config")
        is_as_before(site)
        site.owner.play("configure", *site.words(site_hooks={"before": ["true"]}), "--tags", "release_config")
    assert visits.failed == []
    assert site.shown() == {"moved"}


def test_an_inventory_that_moves_without_its_files_is_refused(site: Site) -> None:
    """The machines alone are configured, and the release of the new folder has not been uploaded."""
    said = site.refused("configure", *site.words(site_public_folder="web"))
    assert "has no web, where the web server looks for pages; run playbooks/site.yml with the files" in said
    is_as_before(site)


def test_a_machine_that_replaces_another_serves_what_that_one_did(site: Site) -> None:
    """Whatever the bucket holds: here a release that `release.yml` has refused, since it lies in another folder."""
    words = site.put("<?php echo 'moved';", "web")
    assert "has no public, where the web server looks for pages" in site.refused("release", *words)
    before = running(site)
    assert run_lab(site.owner.place.name, "publisher", "debian-12").returncode == 0
    with visiting(visitor(site.owner.place), "www.hasite.test", RATE) as visits:
        site.owner.play("replace", *words)
    assert visits.failed == []
    assert not before & running(site)
    is_as_before(site)
    site.owner.play("site", *words)
    assert site.shown() == {"moved"}


def test_a_new_machine_serves_what_the_others_do_if_the_new_folder_is_refused(site: Site) -> None:
    lost = max(running(site))
    site.owner.client("ec2").terminate_instances(InstanceIds=[lost])
    until(lambda: lost not in running(site), 60)
    site.refused("site", *site.put(BROKEN, "web"))
    is_as_before(site)
