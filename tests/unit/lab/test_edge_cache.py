# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.world.edge.cache import Ttl, directives, error_ttl, object_ttl

NOW = 1_700_000_000.0
"""Tue, 14 Nov 2023 22:13:20 GMT."""
IN_A_MINUTE = "Tue, 14 Nov 2023 22:14:20 GMT"
OPTIMIZED, DISABLED, ORIGINS = Ttl(1, 86400, 31536000), Ttl(0, 0, 0), Ttl(0, 86400, 31536000)


@pytest.mark.parametrize(
    ("bounds", "headers", "seconds"),
    [
        (ORIGINS, {}, 86400),
        (OPTIMIZED, {}, 86400),
        (DISABLED, {}, 0),
        (DISABLED, {"Cache-Control": "max-age=60"}, 0),
        (ORIGINS, {"Cache-Control": "max-age=60"}, 60),
        (ORIGINS, {"Cache-Control": "max-age=60, s-maxage=5"}, 5),
        (Ttl(100, 200, 300), {"Cache-Control": "max-age=60"}, 100),
        (Ttl(100, 200, 300), {"Cache-Control": "max-age=600"}, 300),
        (ORIGINS, {"Cache-Control": "no-store"}, 0),
        (ORIGINS, {"Cache-Control": "No-Cache, max-age=60"}, 0),
        (ORIGINS, {"Cache-Control": "private"}, 0),
        (OPTIMIZED, {"Cache-Control": "no-store"}, 1),
        (ORIGINS, {"Expires": IN_A_MINUTE}, 60),
        (ORIGINS, {"Expires": "0"}, 0),
        (ORIGINS, {"Cache-Control": "max-age=5", "Expires": IN_A_MINUTE}, 5),
    ],
)
def test_object_ttl(bounds: Ttl, headers: dict[str, str], seconds: int) -> None:
    assert object_ttl(bounds, headers, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "headers", "configured", "seconds"),
    [
        (404, {}, None, 10),
        (503, {}, None, 10),
        (404, {"Cache-Control": "max-age=60"}, None, 60),
        (404, {"Cache-Control": "max-age=1"}, None, 10),
        (403, {}, None, 0),
        (403, {"Cache-Control": "max-age=60"}, None, 60),
        (403, {}, 0, 0),
        (403, {}, 300, 300),
        (403, {"Cache-Control": "max-age=600"}, 300, 600),
        (418, {"Cache-Control": "max-age=600"}, None, 0),
    ],
)
def test_error_ttl(status: int, headers: dict[str, str], configured: int | None, seconds: int) -> None:
    assert error_ttl(status, headers, NOW, configured) == seconds


@given(st.lists(st.integers(0, 10**6), min_size=3, max_size=3), st.integers(0, 10**7))
def test_a_good_answer_is_kept_within_the_bounds(bounds: list[int], asked: int) -> None:
    minimum, default, maximum = sorted(bounds)
    found = object_ttl(Ttl(minimum, default, maximum), {"Cache-Control": f"max-age={asked}"}, NOW)
    assert minimum <= found <= maximum


@given(st.text())
def test_any_cache_control_can_be_read(text: str) -> None:
    assert all(name == name.lower() for name in directives(text))
