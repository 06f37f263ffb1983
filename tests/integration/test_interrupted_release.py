# SPDX-License-Identifier: GPL-3.0-or-later
"""A release is killed at any moment: visitors get pages of one whole release each, and the next run finishes.

The site is tests/applications/members with 600 files more, each of which says of which release it is.
`tests/unit/plugins/modules/test_site_release_killed.py` kills the writer of the share before each of its steps.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.visitors import MEMBERS, Visits, visiting
from lab.commands.shell import visitor
from tests.applications import membership
from tests.integration.internet import fetch
from tests.integration.labs import run_lab
from tests.integration.owner import URL, Owner, machines_seen
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.acceptance]

RATE = 60
"""Requests in a second that visitors send."""
SEEN_SECONDS = 10
"""Within this, PHP on both machines looks again at paths, on a busy host too."""
WRITER = "demo-web-a"
LISTED = re.compile(r"(\d{8}T\d{6}Z-[0-9a-f]{12}) .*?(?:  (served|before|bad|taken back))?$")
"""A row of the releases. The author's name may look like a state."""


@dataclass
class Killing:
    """A site, its files, and what is known of its releases."""

    owner: Owner
    folder: Path
    number: int = 0

    @property
    def name(self) -> str:
        return f"release-{self.number}"

    @property
    def share(self) -> Path:
        """Return the folder of the share on this machine."""
        [share] = (self.owner.place.folder / "efs").iterdir()
        return share

    def change(self) -> None:
        """Change every file of the site's."""
        self.number += 1
        membership.assemble(self.folder, self.name)

    def words(self) -> tuple[str, str]:
        return ("-e", json.dumps({"site_files": str(self.folder)}))

    @property
    def log(self) -> Path:
        """Return the file of what the run says that is to be killed."""
        return self.folder.with_name("log")

    def begin(self) -> subprocess.Popen[bytes]:
        """Begin a release in a process group of its own."""
        return self.owner.begin("release", self.log, *self.words())

    def served(self) -> str:
        """Return which release the link on the share leads to, as its files say."""
        return (self.share / "current" / "data" / "0.txt").read_text().strip()

    def whole(self) -> bool:
        """Tell whether all that the link leads to is there, and of one release."""
        top = self.share / "current"
        files = [path for path in top.rglob("*") if path.is_file()]
        marks = {mark for path in files for mark in re.findall(r"release-\d+", path.read_text()[:400])}
        return len(files) == membership.FILES + 6 and len(marks) == 1

    def releases(self) -> dict[str, str]:
        """Return the releases that `releases.yml` lists by their states; of those without one, the last."""
        lines = [line.strip(' ",') for line in self.owner.play("releases").splitlines()]
        return {(row[2] or ""): row[1] for line in lines if (row := LISTED.match(line))}

    def listed_are_whole(self) -> bool:
        """Tell whether each release on the share that counts as one has all of its files."""
        folder = self.share / "releases"
        for manifest in folder.glob("*.json"):
            if (folder / manifest.stem).is_dir():
                files = json.loads(manifest.read_text())["tree"]["files"]
                if not all((folder / manifest.stem / path).is_file() for path, *_ in files):
                    return False
        return True


@pytest.fixture(scope="module")
def killing(demo: Owner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killing]:
    made = Killing(demo, tmp_path_factory.mktemp("files") / "site")
    made.change()
    demo.play("release", *made.words())
    yield made
    demo.play("release")


Moment = Callable[[Killing, str], bool]
"""Tells, from what the run has said so far, whether it is to be killed now."""


def task(name: str) -> Moment:
    """As soon as the task begins."""
    return lambda killing, said: bool(re.search(rf"^TASK \[.*{re.escape(name)}", said, re.MULTILINE))


def after(name: str, seconds: float) -> Moment:
    """So many seconds after the task began."""
    begun: dict[int, float] = {}

    def now(killing: Killing, said: str) -> bool:
        if task(name)(killing, said):
            begun.setdefault(killing.number, time.monotonic())
        return killing.number in begun and time.monotonic() - begun[killing.number] >= seconds

    return now


def objects(part: str) -> Moment:
    """When the bucket has gained an object."""
    before: dict[int, int] = {}

    def now(killing: Killing, said: str) -> bool:
        if not task("Upload the site's files as a release")(killing, said):
            return False
        count = len(keys(killing.owner, part))
        return count > before.setdefault(killing.number, count)

    return now


def keys(owner: Owner, part: str) -> list[str]:
    s3 = owner.client("s3")
    [bucket] = [one["Name"] for one in s3.list_buckets()["Buckets"] if "-content-" in one["Name"]]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"site/{part}")
    return [one["Key"] for page in pages for one in page.get("Contents", [])]


def filled(files: int) -> Moment:
    """When a new release's folder on the share has so many files."""

    def now(killing: Killing, said: str) -> bool:
        if not task("Put the release of the bucket onto the share")(killing, said):
            return False
        for folder in (killing.share / "releases").glob(".new-*/data"):
            # What is filled may just have got its name.
            with suppress(OSError):
                if sum(1 for _ in folder.iterdir()) >= files:
                    return True
        return switched(killing, said)

    return now


def switched(killing: Killing, said: str) -> bool:
    """When the link leads to the new release."""
    del said
    return killing.served() == killing.name


MOMENTS: dict[str, Moment] = {
    "it finds the machines": task("Read the live site"),
    "the upload begins": task("Upload the site's files as a release"),
    "half a second into the upload": after("Upload the site's files as a release", 0.5),
    "contents are in the bucket": objects("packs/"),
    "the manifest is in the bucket": objects("releases/"),
    "the share is about to be written": task("Put the release of the bucket onto the share"),
    "the first file is on the share": filled(1),
    "a third is on the share": filled(200),
    "most is on the share": filled(500),
    "it is switched": switched,
    "machines look whether they see it": task("Wait until this machine sees the release"),
    "PHP is waited for": after("Wait until PHP looks again", 0.5),
    "the page is asked for": task("Ask this machine for the site's page"),
}


def kill_at(killing: Killing, moment: Moment, end: Callable[[subprocess.Popen[bytes]], None]) -> None:
    """Begin a release, and end it at the moment."""
    run = killing.begin()
    try:
        while not moment(killing, killing.log.read_text()):
            assert run.poll() is None, f"the run was over before the moment came: {killing.log.read_text()[-3000:]}"
            time.sleep(0.002)
        end(run)
    finally:
        if run.poll() is None:
            kill_group(run)
        run.wait(60)


def kill_group(run: subprocess.Popen[bytes]) -> None:
    os.killpg(run.pid, signal.SIGKILL)


def expect_well(visits: Visits, *releases: str) -> None:
    """Expect that all requests were answered, by both machines, with pages of one release each."""
    assert visits.failed == []
    assert visits.mixed == []
    assert visits.rate >= 50
    assert min(visits.new, visits.kept, visits.posted, visits.remembered) > 100
    assert set(visits.by) == {"demo-web-a", "demo-web-c"}
    assert set(visits.releases) <= set(releases), visits.releases


def expect_finished(killing: Killing) -> None:
    """Expect that the next run finishes, and that both machines serve what it has released."""
    killing.owner.play("release", *killing.words())
    assert killing.whole()
    assert killing.served() == killing.name
    until(lambda: parts(killing.owner) == {killing.name}, SEEN_SECONDS)
    assert machines_seen(killing.owner) == {"demo-web-a", "demo-web-c"}
    assert killing.listed_are_whole()


def parts(owner: Owner) -> set[str]:
    """Return of which releases the parts of some pages are."""
    return {part for _ in range(6) for part in json.loads(fetch(owner.place, URL).body)["parts"].values()}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_release_is_killed_and_the_next_finishes(killing: Killing, moment: str) -> None:
    before = killing.name
    killing.change()
    with visiting(visitor(killing.owner.place), "www.hasite.test", RATE, MEMBERS) as visits:
        kill_at(killing, MOMENTS[moment], kill_group)
        assert killing.whole()
        assert killing.listed_are_whole()
        time.sleep(SEEN_SECONDS / 2)
        expect_finished(killing)
    expect_well(visits, before, killing.name)


@pytest.mark.parametrize("files", [1, 300])
def test_the_machine_that_unpacks_loses_its_processes(killing: Killing, files: int) -> None:
    before = killing.name
    killing.change()

    def end(run: subprocess.Popen[bytes]) -> None:
        # systemd ends all that the agent has started, as when a machine runs out of memory.
        run_lab(killing.owner.place.name, "exec", WRITER, "--", *KILL_AGENT)
        run.wait(120)

    with visiting(visitor(killing.owner.place), "www.hasite.test", RATE, MEMBERS) as visits:
        kill_at(killing, filled(files), end)
        assert killing.whole()
        expect_finished(killing)
    expect_well(visits, before, killing.name)


KILL_AGENT = ("systemctl", "kill", "--kill-whom=all", "--signal=KILL", "amazon-ssm-agent")


def test_a_release_that_does_not_answer_is_taken_back_after_a_kill(killing: Killing) -> None:
    before = killing.name
    killing.change()
    (killing.folder / "index.php").write_text("<?php http_response_code(500);")
    kill_at(killing, MOMENTS["it is switched"], kill_group)
    failed = killing.owner.attempt("release", *killing.words())
    assert failed.returncode != 0
    assert "does not answer on demo-web-" in re.sub(r"\s+", " ", failed.stdout)
    assert killing.served() == before
    assert killing.whole()


def test_a_rollback_leads_to_what_was_served_before(killing: Killing) -> None:
    before = killing.served()
    killing.change()
    kill_at(killing, MOMENTS["it is switched"], kill_group)
    expect_finished(killing)
    states = killing.releases()
    killing.owner.play("rollback")
    assert killing.served() == before
    assert killing.whole()
    now = killing.releases()
    assert (now["served"], now["taken back"]) == (states["before"], states["served"])
