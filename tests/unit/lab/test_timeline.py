# SPDX-License-Identifier: GPL-3.0-or-later
"""The critical path through the waits, and what it is made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.base.errors import LabError
from lab.waiting import timeline as shown
from lab.waiting.critical_path import timeline
from lab.waiting.table import Step
from lab.waiting.waits import ImposedWait


def entry(
    resource: str, began: float, seconds: float, *needs: str, step: Step = "instance", provides: str = ""
) -> ImposedWait:
    return ImposedWait(step, resource, "", began, seconds, needs, (provides,) if provides else ())


def test_nothing_has_no_path() -> None:
    found = timeline([])
    assert (found.seconds, found.took, found.critical) == (0, 0, ())
    assert shown.table(found) == "Nothing has waited yet."


SITE = [
    entry("zone", 10, 40),
    entry("proof", 20, 35, provides="record _x"),
    entry("certificate", 60, 90, "zone", "record _x"),
    entry("nat", 70, 105),
    entry("distribution", 200, 180, "certificate"),
    entry("machine", 180, 17),
    entry("agent", 200, 60, "machine", "nat"),
]


def test_the_path_is_the_longest_chain_of_needs() -> None:
    found = timeline(SITE)
    assert [each.resource for each in found.critical] == ["zone", "certificate", "distribution"]
    assert found.seconds == 40 + 90 + 180
    assert found.took == 380 - 10
    assert {each.resource: found.earliest[each] for each in SITE} == {
        "zone": 0, "proof": 0, "certificate": 40, "nat": 0, "distribution": 130, "machine": 0, "agent": 105
    }  # fmt: skip


def test_what_is_needed_by_what_another_gives() -> None:
    found = timeline(
        [entry("change", 0, 50, provides="record _x"), entry("certificate", 60, 10, "record _x", "unknown")]
    )
    assert found.seconds == 60


def test_what_began_later_was_not_needed() -> None:
    again = entry("zone", 100, 500)
    assert timeline([*SITE, again]).earliest[SITE[2]] == 40


def test_a_later_part_alone() -> None:
    found = timeline(SITE, since=180)
    assert [each.resource for each in found.critical] == ["distribution"]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 100), st.sets(st.integers(0, 9))), max_size=10))
def test_no_tool_is_faster_than_the_path(drawn: list[tuple[float, float, set[int]]]) -> None:
    """A tool that begins each step when its needs have ended takes at least as long as the path."""
    entries: list[ImposedWait] = []
    for number, (pause, seconds, wanted) in enumerate(drawn):
        needs = [each for each in entries if int(each.resource) in wanted]
        start = max((need.ended for need in needs), default=0.0) + pause
        entries.append(entry(str(number), start, seconds, *(need.resource for need in needs)))
    found = timeline(entries)
    assert found.seconds <= max((each.ended for each in entries), default=0.0) + 1e-6
    for before, after in zip(found.critical, found.critical[1:], strict=False):
        assert before.resource in after.needs


def test_shown_as_table_data_and_picture(tmp_path: Path) -> None:
    found = timeline(SITE)
    table = shown.table(found)
    assert "* instance: zone" in table
    assert "  instance: nat" in table
    assert table.endswith("All of it took 370.0 s; the critical path (*) is 310.0 s.")
    data = found.data()
    assert data["critical_path_seconds"] == 310
    assert [wait["resource"] for wait in data["waits"] if wait["critical"]] == ["zone", "certificate", "distribution"]
    shown.picture(found, tmp_path / "timeline.svg")
    assert "</svg>" in (tmp_path / "timeline.svg").read_text()
    with pytest.raises(LabError, match="nothing to draw"):
        shown.picture(timeline([]), tmp_path / "none.svg")
