# SPDX-License-Identifier: GPL-3.0-or-later
"""Spares the tests without a lab what takes them long and tells them nothing."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader


@pytest.fixture(scope="session", autouse=True)
def models_parsed_once() -> Iterator[None]:
    """Parse each service's model once: botocore does so for each session, and moto begins one for each account."""
    load_file = JSONFileLoader.load_file
    parsed: dict[str, bytes] = {}

    def load_file_once(self: JSONFileLoader, path: str) -> Any:
        if path not in parsed:
            parsed[path] = pickle.dumps(load_file(self, path))
        # A copy each time: clients of S3 take parts out of theirs.
        return pickle.loads(parsed[path])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", load_file_once)
        yield
