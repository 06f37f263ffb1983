# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to AWS that a small process leaves to another one."""

from __future__ import annotations

import os

import pytest

from plugins.plugin_utils._ssm.session.api import in_child_process
from plugins.plugin_utils._ssm.wire.errors import StartError


def test_the_answer_comes_from_another_process() -> None:
    process, value = in_child_process(lambda: (os.getpid(), b"key" * 100_000))
    assert process != os.getpid()
    assert value == b"key" * 100_000


@pytest.mark.parametrize("permanent", [True, False])
def test_trouble_is_told_as_it_was(permanent: bool) -> None:
    def fail() -> None:
        raise StartError("no permission", permanent=permanent)

    with pytest.raises(StartError, match="no permission") as caught:
        in_child_process(fail)
    assert caught.value.permanent is permanent


def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(StartError, match="without an answer"):
        in_child_process(lambda: os._exit(1))
