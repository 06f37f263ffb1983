# SPDX-License-Identifier: GPL-3.0-or-later
"""The usual time in a task's name."""

from __future__ import annotations

import pytest

from plugins.plugin_utils._progress.usual import Titled, titled


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Start the machines", Titled("Start the machines", None, None)),
        ("Wait (usually 2 to 5 min)", Titled("Wait", "usually 2 to 5 min", 300)),
        ("Wait (usually 2 to 5 minutes)", Titled("Wait", "usually 2 to 5 minutes", 300)),
        ("Wait (usually at once, at most 3 minutes)", Titled("Wait", "usually at once, at most 3 minutes", 180)),
        ("Wait (usually 30 s)", Titled("Wait", "usually 30 s", 30)),
        ("Wait (usually 30 seconds to 1.5 hours)", Titled("Wait", "usually 30 seconds to 1.5 hours", 5400)),
        ("Wait (Usually quick) ", Titled("Wait", "Usually quick", None)),
        ("Wait (usually 1 minute) for it", Titled("Wait (usually 1 minute) for it", None, None)),
        ("Wait (unusually long)", Titled("Wait (unusually long)", None, None)),
        ("(usually 1 minute)", Titled("(usually 1 minute)", None, None)),
        ("", Titled("", None, None)),
    ],
)
def test_a_name_is_taken_apart(name: str, expected: Titled) -> None:
    assert titled(name) == expected
