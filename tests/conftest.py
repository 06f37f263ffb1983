# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests share a process when two run at once (`make test`)."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a lab's tests together, and the unit tests in their order: what extends moto does so for its process."""
    for item in items:
        folder, *rest = item.path.relative_to(ROOT).parts
        item.add_marker(pytest.mark.xdist_group(folder if folder == "unit" else rest[-1]))
