# SPDX-License-Identifier: GPL-3.0-or-later
"""Which terminals a line is drawn on; what it looks like there is seen in the callback's own tests."""

from __future__ import annotations

import pytest

from plugins.plugin_utils._progress.screen import can_erase


@pytest.mark.parametrize(
    ("environment", "drawn"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "screen"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": ""}, False),
        ({}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "CI": "true"}, False),
    ],
)
def test_a_line_is_drawn_only_where_it_can_be_erased_and_a_person_looks(
    environment: dict[str, str], drawn: bool
) -> None:
    assert can_erase(environment) is drawn
