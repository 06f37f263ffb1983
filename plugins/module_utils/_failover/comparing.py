# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What a drill measured beside what an earlier one did. Pure; both are timelines as `judging` makes them."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

Raw = Mapping[str, t.Any]


def compare(now: Raw, earlier: Raw) -> dict[str, t.Any]:
    """Return a row for each check that both drills made, and the stages that only the earlier one had."""
    before = {(stage["name"], check["what"]): check for stage, check in _checks(earlier)}
    rows = [
        {
            "stage": stage["name"],
            "what": check["what"],
            "unit": check["unit"],
            "before": before[stage["name"], check["what"]]["measured"],
            "now": check["measured"],
            "limit": check["limit"],
            "change": _change(before[stage["name"], check["what"]], check, float(now["tolerance"])),
        }
        for stage, check in _checks(now)
        if (stage["name"], check["what"]) in before
    ]
    gone = [stage["name"] for stage in earlier["stages"] if stage["name"] not in {one["name"] for one in now["stages"]}]
    return {
        "began": min((float(stage["began"]) for stage in earlier["stages"]), default=0.0),
        "passed": bool(earlier["passed"]),
        "rows": rows,
        "not_repeated": gone,
    }


def _checks(timeline: Raw) -> Iterator[tuple[Raw, Raw]]:
    for stage in timeline["stages"]:
        for check in stage["checks"]:
            yield stage, check


def _change(before: Raw, now: Raw, tolerance: float) -> str:
    """Return `better`, `worse` or `alike`: within the tolerance, two drills of the same site differ by chance."""
    if before["passed"] != now["passed"]:
        return "better" if now["passed"] else "worse"
    then, measured = before["measured"], now["measured"]
    if then is None or measured is None:
        return "alike" if then == measured else "worse" if measured is None else "better"
    noise = tolerance if now["unit"] == "s" else 0.0
    if abs(measured - then) <= noise:
        return "alike"
    return "worse" if measured > then else "better"
