# SPDX-License-Identifier: GPL-3.0-or-later
"""What probes record: bounded, readable while it is written; and what an answer means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._failover import recording, visiting


class Clock:
    """A clock that only sleeping, and what is asked of it, moves."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def test_ticks_come_at_the_interval_until_time_is_up(tmp_path: Path) -> None:
    clock = Clock()
    limits = recording.Limits(1, 5, tmp_path / "stop")
    assert list(limits.ticks(clock.now, clock.sleep)) == [0, 1, 2, 3, 4]


def test_missed_ticks_are_not_made_up_for(tmp_path: Path) -> None:
    clock, seen = Clock(), []
    for at in recording.Limits(1, 8, tmp_path / "stop").ticks(clock.now, clock.sleep):
        seen.append(at)
        clock.time += 2.5 if at == 1 else 0
    assert seen == [0, 1, 4, 5, 6, 7]


def test_stop_file_ends_it(tmp_path: Path) -> None:
    clock, stop = Clock(), tmp_path / "stop"
    ticks = recording.Limits(1, 100, stop).ticks(clock.now, clock.sleep)
    assert next(ticks) == 0
    stop.touch()
    assert list(ticks) == []


def test_limits_are_kept_within_reason() -> None:
    limits = recording.limits_of({"interval": 0.001, "duration": 1e9, "stop_path": "/x"})
    assert (limits.interval, limits.duration) == (0.2, 7200)


def test_record_is_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "record"
    assert recording.read_record(str(path)) == []
    record = recording.Record(str(path))
    for at in (3, 1, 2):
        record.add({"at": at})
    with path.open("a") as file:
        file.write(json.dumps({"at": 4})[:4])
    assert [one["at"] for one in recording.read_record(str(path))] == [1, 2, 3]
    assert [one["at"] for one in recording.read_record(str(path), since=2)] == [2, 3]


def test_a_record_that_was_removed_is_not_wanted_and_does_not_disturb_the_next(tmp_path: Path) -> None:
    path = tmp_path / "record"
    left = recording.Record(str(path))
    assert left.is_wanted
    path.unlink()
    assert not left.is_wanted
    fresh = recording.Record(str(path))
    left.add({"at": 1})
    fresh.add({"at": 2})
    assert (left.is_wanted, fresh.is_wanted) == (False, True)
    assert [one["at"] for one in recording.read_record(str(path))] == [2]


@pytest.mark.parametrize(
    ("status", "via", "outcome"),
    [
        (200, "", "site"),
        (503, "1.1 abc.cloudfront.net (CloudFront)", "error_page"),
        (200, "1.1 abc.cloudfront.net (CloudFront)", "error_page"),
        (503, "", "failure"),
        (502, "", "failure"),
        (302, "", "site"),
        (401, "", "site"),
        (404, "", "failure"),
    ],
)
def test_who_answered(status: int, via: str, outcome: str) -> None:
    assert visiting.judge(status, via) == outcome


def test_visitor_keeps_an_answer_for_its_ttl(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = Clock(), []

    def ask(name: str, _timeout: float) -> visiting.Found:
        asked.append(name)
        return visiting.Found(("192.0.2.1",), 60)

    monkeypatch.setattr(visiting, "ask_resolver", ask)
    monkeypatch.setattr("time.monotonic", clock.now)
    cache = visiting.Cache(speed=4)
    for at, questions in ((0, 1), (14.9, 1), (15, 2), (29, 2), (31, 3)):
        clock.time = at
        cache.lookup("www.example.com", 1)
        assert len(asked) == questions


def test_name_without_address_is_a_failure_of_the_visit() -> None:
    def nothing() -> visiting.Found:
        raise visiting.NoAddressError("no name server answered")

    found = visiting.visit("new", nothing, lambda _: {})
    assert (found["outcome"], found["error"]) == ("failure", "no name server answered")


def test_where_nobody_answers_the_next_address_is_tried() -> None:
    def found() -> visiting.Found:
        return visiting.Found(("192.0.2.1", "192.0.2.2"), 60)

    def get(address: str) -> visiting.Visit:
        if address == "192.0.2.1":
            raise visiting.SilentError("TimeoutError: timed out")
        return {"outcome": "site"}

    def nobody(_address: str) -> visiting.Visit:
        raise visiting.SilentError("TimeoutError: timed out")

    seen = [visiting.visit("new", found, get) for _ in range(40)]
    assert {(one["outcome"], one["address"]) for one in seen} == {("site", "192.0.2.2")}
    assert {tuple(one.get("silent", ())) for one in seen} == {(), ("192.0.2.1",)}
    lost = visiting.visit("new", found, nobody)
    assert (lost["outcome"], lost["error"], sorted(lost["silent"])) == (
        "failure",
        "TimeoutError: timed out",
        ["192.0.2.1", "192.0.2.2"],
    )


def test_an_address_at_which_nobody_is_tells_so() -> None:
    with pytest.raises(visiting.SilentError, match="ConnectionRefusedError"):
        visiting.fetch("127.0.0.1", "localhost", "/", 1)


def at_edge(seen: visiting.Visit) -> visiting.Visit:
    found: visiting.Visit = visiting.visit_edge(lambda: visiting.Found(("192.0.2.7",), 60), lambda _: seen)
    return found


def test_who_asks_the_edge_wants_its_error_page() -> None:
    page = at_edge({"outcome": "error_page", "status": 503})
    assert (page["visitor"], page["outcome"], page["address"]) == ("edge", "error_page", "192.0.2.7")
    bare = at_edge({"outcome": "error_page", "status": 403})
    assert (bare["outcome"], bare["error"]) == ("failure", "403 in place of the error page")
    gone = at_edge({"outcome": "failure", "error": "SSLCertVerificationError: x"})
    assert (gone["outcome"], gone["error"]) == ("failure", "SSLCertVerificationError: x")
