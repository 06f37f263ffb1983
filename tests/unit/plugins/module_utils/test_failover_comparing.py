# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill beside an earlier one: what is better, what is worse, and what is chance."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._failover.comparing import compare


def timeline(measured: float | None, passed: bool = True, unit: str = "s", **more: Any) -> dict[str, Any]:
    check = {"what": "the error page", "measured": measured, "limit": 100.0, "unit": unit, "passed": passed}
    stage = {"name": "all_stopped", "began": 7.0, "checks": [check], **more}
    return {"stages": [stage], "passed": passed, "tolerance": 10.0}


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        (timeline(30), timeline(39.9), "alike"),
        (timeline(30), timeline(41), "worse"),
        (timeline(41), timeline(30), "better"),
        (timeline(99), timeline(101, passed=False), "worse"),
        (timeline(101, passed=False), timeline(99), "better"),
        (timeline(30), timeline(None, passed=False), "worse"),
        (timeline(None, passed=False), timeline(30), "better"),
        (timeline(None, passed=False), timeline(None, passed=False), "alike"),
        (timeline(None, passed=False), timeline(150, passed=False), "better"),
        (timeline(150, passed=False), timeline(None, passed=False), "worse"),
        (timeline(0, unit="visits"), timeline(0, unit="visits"), "alike"),
        (timeline(1, passed=False, unit="visits"), timeline(2, passed=False, unit="visits"), "worse"),
    ],
)
def test_what_has_changed(before: dict[str, Any], now: dict[str, Any], change: str) -> None:
    found = compare(now, before)
    [row] = found["rows"]
    assert row["change"] == change
    assert (row["before"], row["now"]) == (
        before["stages"][0]["checks"][0]["measured"],
        now["stages"][0]["checks"][0]["measured"],
    )
    assert (found["began"], found["passed"], found["not_repeated"]) == (7.0, before["passed"], [])


def test_only_what_both_have_measured_is_compared() -> None:
    earlier = timeline(30)
    earlier["stages"].append({"name": "share_lost", "began": 60.0, "checks": []})
    now = timeline(30)
    now["stages"][0]["checks"].append({**now["stages"][0]["checks"][0], "what": "visitors of shop.example"})
    found = compare(now, earlier)
    assert [row["what"] for row in found["rows"]] == ["the error page"]
    assert found["not_repeated"] == ["share_lost"]
