# SPDX-License-Identifier: GPL-3.0-or-later
"""Spares the tests without a lab what takes them long and tells them nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit import sdk

SECONDS = 120
"""What a test here may take; slow and rare ones have the limit in pyproject.toml."""

HERE = Path(__file__).parent

LIMIT = pytest.mark.timeout(SECONDS)

WARNINGS = pytest.mark.filterwarnings(
    "error",
    # What a test leaves open ends with it; when that is found depends on the others.
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore::ResourceWarning",
    # The child that a test forks executes a program, or ends, at once.
    "ignore:This process .* is multi-threaded, use of fork:DeprecationWarning",
    # moto's models do not know the codes with which AWS refuses a caller.
    "ignore:Exception.* does not match an error shape:UserWarning",
)
"""The later ones count for more."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder their own limit, and make a warning an error."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(WARNINGS, append=False)
            if not (item.get_closest_marker("slow") or item.get_closest_marker("acceptance")):
                item.add_marker(LIMIT)


def pytest_collection_finish() -> None:
    """Look for garbage more rarely: what was imported and collected stays, and is much."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def sdk_made_once() -> Iterator[None]:
    """Make once what botocore and moto make anew for each session and account."""
    with sdk.made_once():
        yield
