# SPDX-License-Identifier: GPL-3.0-or-later
"""A container is removed although podman still cleans up after it."""

from __future__ import annotations

import pytest

from lab.base import container_runtime
from lab.base.errors import LabError


@pytest.mark.parametrize(("failures", "succeeds"), [(0, True), (1, True), (2, False)])
def test_what_podman_holds_for_a_moment_is_removed_after_it(
    monkeypatch: pytest.MonkeyPatch, failures: int, succeeds: bool
) -> None:
    calls: list[tuple[str, ...]] = []

    def podman(*words: str) -> str:
        calls.append(words)
        if len(calls) <= failures:
            raise LabError("podman rm failed: userdata/shm: device or resource busy.")
        return ""

    monkeypatch.setattr(container_runtime, "podman", podman)
    if succeeds:
        container_runtime.remove("one", "two")
    else:
        with pytest.raises(LabError, match="busy"):
            container_runtime.remove("one", "two")
    assert len(calls) == min(failures + 1, 2)
    assert all(call[-2:] == ("one", "two") for call in calls)
