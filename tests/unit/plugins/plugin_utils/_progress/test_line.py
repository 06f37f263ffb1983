# SPDX-License-Identifier: GPL-3.0-or-later
"""The line for what runs."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plugins.plugin_utils._progress.line import live_line, plain_line
from plugins.plugin_utils._progress.running import Step
from plugins.plugin_utils._progress.text import width

LOCAL = ("localhost",)
ISSUED = Step("Wait until the certificate is issued (usually 2 to 5 min)", 100, LOCAL, None)
HEALTHY = Step("Wait until it is healthy", 100, ("web-a", "web-b"), 7)
UPDATE = Step("Update the packages", 130, ("web-b",), None)
JAPANESE = Step("証明書が発行されるまで待つ (usually 2 to 5 min)", 100, LOCAL, None)


@pytest.mark.parametrize(
    ("steps", "columns", "line"),
    [
        ([ISSUED], 79, "Wait until the certificate is issued … 1:12  (usually 2 to 5 min)"),
        ([ISSUED], 60, "Wait until the certificate is is… 1:12  (usually 2 to 5 min)"),
        ([ISSUED], 30, "Wait until the certifica… 1:12"),
        ([ISSUED], 10, "Wait… 1:12"),
        ([ISSUED], 5, "1:12"),
        ([ISSUED], 3, "1:…"),
        ([HEALTHY], 79, "Wait until it is healthy … 1:12  [2 hosts]  7 retries left"),
        ([HEALTHY, UPDATE], 79, "Wait until it is healthy … 1:12  [2 hosts]  7 retries left  +1 more"),
        ([UPDATE], 79, "Update the packages … 0:42  [web-b]"),
        ([JAPANESE], 79, "証明書が発行されるまで待つ … 1:12  (usually 2 to 5 min)"),
        ([JAPANESE], 24, "証明書が発行される… 1:12"),
    ],
)
def test_the_line_tells_what_fits(steps: list[Step], columns: int, line: str) -> None:
    assert live_line(steps, 172, columns) == line


def test_what_takes_longer_than_the_usual_time_says_so() -> None:
    assert "longer" not in live_line([ISSUED], 400, 100)
    assert live_line([ISSUED], 401, 100).endswith("5:01  (usually 2 to 5 min; longer than usual)")


@example(name="", hosts=["\n"], columns=13, now=0.0)
@given(st.text(), st.lists(st.text(min_size=1), min_size=1, max_size=3), st.integers(1, 120), st.floats(0, 1e6))
def test_no_line_is_wider_than_the_terminal(name: str, hosts: list[str], columns: int, now: float) -> None:
    line = live_line([Step(name, 0, tuple(hosts), 3)], now, columns)
    assert width(line) <= columns
    assert "\n" not in line


def test_without_a_live_line_a_task_is_named_in_full() -> None:
    assert plain_line(ISSUED, 160) == "waiting: Wait until the certificate is issued … 1:00  (usually 2 to 5 min)"
    assert plain_line(HEALTHY, 160) == "waiting: Wait until it is healthy … 1:00  [2 hosts]  7 retries left"
