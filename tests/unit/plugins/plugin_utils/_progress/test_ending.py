# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of a run."""

from __future__ import annotations

import pytest

from plugins.plugin_utils._progress.ending import Failure, failure_lines, slowest_lines, summary_of
from plugins.plugin_utils._progress.running import Took


@pytest.mark.parametrize(
    ("message", "lines"),
    [("one\ntwo", ["one", "two"]), (["one", "", "two\nthree"], ["one", "", "two", "three"]), ([], []), (3, ["3"])],
)
def test_a_summary_is_its_lines(message: object, lines: list[str]) -> None:
    assert summary_of(message) == lines


def test_times_stand_in_one_column() -> None:
    slowest = [Took(754, "domain : Wait (usually 2 to 5 min)"), Took(61, "Install")]
    assert slowest_lines(slowest) == ["Slowest tasks:", "  12:34  domain : Wait", "   1:01  Install"]
    assert slowest_lines([]) == []


def test_a_failure_names_host_task_and_reason() -> None:
    failures = [Failure("web-a", "Install (usually 1 min)", "no such package"), Failure("web-b", "Ask", "")]
    assert failure_lines(failures) == ["[web-a] Install: no such package", "[web-b] Ask"]
