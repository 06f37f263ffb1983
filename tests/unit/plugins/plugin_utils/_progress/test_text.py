# SPDX-License-Identifier: GPL-3.0-or-later
"""Widths of text, and durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils._progress.text import clip, duration, one_line, width


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("web", 3), ("証明書", 6), ("ﾃｽﾄ", 3), ("e\u0301", 1), ("zero\u200dwidth", 9), ("ｗｅｂ", 6)],
)
def test_width_counts_the_columns_of_a_terminal(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "clipped"),
    [
        ("certificate", 11, "certificate"),
        ("certificate", 10, "certifica…"),
        ("the zone", 5, "the…"),
        ("証明書を待つ", 12, "証明書を待つ"),
        ("証明書を待つ", 11, "証明書を待…"),
        ("証明書を待つ", 10, "証明書を…"),
        ("証明書", 1, "…"),
        ("web", 0, ""),
    ],
)
def test_what_is_too_wide_is_cut(text: str, columns: int, clipped: str) -> None:
    assert clip(text, columns) == clipped


@given(st.text(), st.integers(0, 40))
def test_a_clipped_text_is_never_wider_than_allowed(text: str, columns: int) -> None:
    assert width(clip(text, columns)) <= columns


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.9, "0:59"), (72, "1:12"), (3599, "59:59"), (3600, "1:00:00"), (90061, "25:01:01")],
)
def test_durations_are_minutes_and_seconds(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_text_becomes_one_line_without_control_characters() -> None:
    assert one_line("a\n  b\t\x1b[31mc\r") == "a b [31mc"
