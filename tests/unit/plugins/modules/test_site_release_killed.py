# SPDX-License-Identifier: GPL-3.0-or-later
"""The module site_release is killed before each of its steps on the share, one after the other."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._release.manifest import POINTER_KEY
from ansible_collections.hasite.aws.plugins.module_utils._release.releasing import proved
from ansible_collections.hasite.aws.plugins.module_utils._release.store import UNFINISHED, Store
from ansible_collections.hasite.aws.plugins.modules import site_releases

from tests.unit.plugins.modules.test_site_release import PREFIX, bucket, release, share, site, upload

__all__ = ["bucket", "share", "site"]

pytestmark = pytest.mark.slow

STEPS = {"open", "os.mkdir", "os.rename", "os.symlink", "os.link", "os.remove", "os.rmdir", "os.chmod", "os.scandir"}
"""Python's names of what it tells an audit hook (https://docs.python.org/3/library/audit_events.html)."""
KILLED = -signal.SIGKILL
MOST = 2000


def end_before(share: Path, number: int, run: Callable[[], Any]) -> int:
    """Run it in a process of its own that is killed before its step of this number; return the process's status."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    left = number

    def look(event: str, words: tuple[Any, ...]) -> None:
        nonlocal left
        if event in STEPS and any(isinstance(word, (str, os.PathLike)) and str(share) in str(word) for word in words):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(look)
        run()
    except BaseException as error:  # the tests' own process goes on, this one must not
        print(repr(error), file=sys.__stderr__)
        os._exit(1)
    os._exit(0)


def moments(share: Path, begin: Callable[[], None], run: Callable[[], Any]) -> Iterator[int]:
    """Yield after the process was killed before its first step, then anew before its second one, and so on."""
    for number in range(MOST):
        begin()
        status = end_before(share, number, run)
        if status == 0:
            assert number > 10
            return
        assert status == KILLED
        yield number
    raise AssertionError("it does not end")


def served(share: Path) -> dict[str, str]:
    """Return the files that visitors get, with their texts."""
    top = share / "current"
    return {str(path.relative_to(top)): path.read_text() for path in top.rglob("*") if path.is_file()}


def listed(share: Path) -> dict[str, str]:
    """Return the state of each release that is listed; each of them is whole."""
    rows = site_releases.run({"path": str(share), "bad": [], "good": []}, True)["releases"]
    store = Store(str(share))
    for row in rows:
        manifest = store.manifest(row["id"])
        assert manifest is not None
        for file in manifest.tree.files:
            assert (store.folder / row["id"] / file.path).stat().st_size == file.size
    return {row["id"]: row["state"] for row in rows}


def copied(source: Path, share: Path) -> None:
    """Put a share back as it was; hard links stay such, or a file would be another one in each release."""
    os.system(f"rm -rf '{share}' && cp -a '{source}' '{share}'")


@pytest.fixture
def three(bucket: Any, site: Path, share: Path, tmp_path: Path) -> list[str]:
    """Two releases were served; the bucket names a third."""
    ids = []
    for text in ("one", "two", "three"):
        (site / "index.php").write_text(text)
        for number in range(2):
            (site / f"part-{number}").write_text(text)
        ids.append(str(upload(site).after["release"]))
        if text != "three":
            release(share)
    copied(share, tmp_path / "before")
    return ids


def test_visitors_get_a_whole_release_and_the_next_run_finishes(three: list[str], share: Path, tmp_path: Path) -> None:
    one, two, three_ = three
    before = served(share)
    seen = set()
    for number in moments(share, lambda: copied(tmp_path / "before", share), lambda: release(share)):
        now = served(share)
        assert set(now) == set(before), number
        marks = {text for path, text in now.items() if path.startswith(("part", "index"))}
        assert marks in ({"two"}, {"three"}), number
        seen |= marks
        states = listed(share)
        assert states[one if marks == {"two"} else two] == "before", number

        release(share)
        assert served(share)["index.php"] == "three", number
        assert listed(share) == {one: "", two: "before", three_: "served"}, number
        assert release(share)["changed"] is False
        release(share, state="rolled_back")
        assert served(share)["index.php"] == "two", number
        assert listed(share) == {one: "before", two: "served", three_: "taken back"}, number
    assert seen == {"two", "three"}


def test_a_release_after_a_killed_one_leads_back_to_what_was_served(
    three: list[str], site: Path, bucket: Any, share: Path, tmp_path: Path
) -> None:
    named = bucket.Object(PREFIX + POINTER_KEY)
    texts = {"three": named.get()["Body"].read()}
    (site / "index.php").write_text("four")
    upload(site)
    texts["four"] = named.get()["Body"].read()

    def begin() -> None:
        copied(tmp_path / "before", share)
        named.put(Body=texts["three"])

    seen = set()
    for number in moments(share, begin, lambda: release(share)):
        before = served(share)["index.php"]
        seen.add(before)
        named.put(Body=texts["four"])
        release(share)
        assert served(share)["index.php"] == "four", number
        release(share, state="rolled_back")
        assert served(share)["index.php"] == before, number
    assert seen == {"two", "three"}


def test_what_follows_the_switch_is_done_by_the_next_run(three: list[str], share: Path, tmp_path: Path) -> None:
    two, three_ = three[1:]
    for number in moments(share, lambda: copied(tmp_path / "before", share), lambda: release(share, trial=True)):
        for _ in range(2):
            done = release(share, trial=True)["release"]
            assert (done["id"], done["previous_id"]) == (three_, two), number
        assert done["was_served"]
        store = Store(str(share))
        assert proved(store, True)
        assert proved(store, False)
        assert not proved(store, False)
        assert release(share, trial=True)["release"]["previous_id"] == three_, number


def test_who_fails_returns_to_the_last_release_that_was_proved(three: list[str], site: Path, share: Path) -> None:
    two = three[1]
    release(share, trial=True)
    (site / "index.php").write_text("four")
    four = upload(site).after["release"]
    for _ in range(2):
        done = release(share, trial=True)["release"]
        assert (done["id"], done["previous_id"]) == (four, two)
    release(share, state="rolled_back", release=two)
    assert served(share)["index.php"] == "two"
    assert not proved(Store(str(share)), False)
    assert release(share, trial=True)["release"]["previous_id"] == two


def test_a_release_that_is_made_first_is_on_trial_when_it_is_served(three: list[str], share: Path) -> None:
    two, three_ = three[1:]
    made = release(share, serve=False, trial=True)["release"]
    assert (made["id"], made["previous_id"], made["was_served"]) == (three_, two, False)
    release(share, state="rolled_back", release=three_, trial=True)
    again = release(share, serve=False, trial=True)["release"]
    assert (again["id"], again["previous_id"], again["was_served"]) == (three_, two, True)


@pytest.fixture
def back(three: list[str], share: Path, tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Return from the third release to the second one, on a share on which that was not done yet."""
    release(share)
    copied(share, tmp_path / "before")
    return lambda: release(share, state="rolled_back")


def test_a_killed_return_is_finished_by_the_next(
    three: list[str], back: Callable[[], dict[str, Any]], share: Path, tmp_path: Path
) -> None:
    one, two, three_ = three
    for number in moments(share, lambda: copied(tmp_path / "before", share), back):
        # Who returns once more from what was returned to gets further back.
        if served(share)["index.php"] == "three":
            assert back()["changed"], number
        assert listed(share) == {one: "before", two: "served", three_: "taken back"}, number


def test_a_release_does_not_undo_a_killed_return(
    three: list[str], back: Callable[[], dict[str, Any]], share: Path, tmp_path: Path
) -> None:
    one, two, three_ = three
    seen = []
    for number in moments(share, lambda: copied(tmp_path / "before", share), back):
        was = served(share)["index.php"]
        done = release(share)
        now = served(share)["index.php"]
        seen.append(was + " " + now)
        assert done["changed"] == (was != now), number
        returned = {one: "before", two: "served", three_: "taken back"}
        assert listed(share) == (returned if now == "two" else {one: "", two: "before", three_: "served"}), number
        assert release(share)["changed"] is False
    assert list(dict.fromkeys(seen)) == ["three three", "three two", "two two"]


def test_nothing_half_made_stays_for_long(
    three: list[str], share: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    for number in moments(share, lambda: copied(tmp_path / "before", share), lambda: release(share)):
        with monkeypatch.context() as later:
            later.setattr(time, "time", lambda: now + 100_000)
            release(share)
        names = {path.name for path in [*share.iterdir(), *(share / "releases").iterdir()]}
        assert [name for name in names if name.startswith(UNFINISHED)] == [], number
        assert names == {"current", "history.json", "releases", *three, *(f"{one}.json" for one in three)}, number
