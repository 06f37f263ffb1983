# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.world.machines.metadata import look_up
from lab.world.machines.metadata_tokens import LONGEST, Tokens, lifetime

DOCUMENTS = {"meta-data/ami-id": "ami-1", "meta-data/placement/region": "eu-west-1", "user-data": "#!"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "meta-data/\nuser-data"),
        ("meta-data", "ami-id\nplacement/"),
        ("meta-data/", "ami-id\nplacement/"),
        ("meta-data/placement/region", "eu-west-1"),
        ("meta-data/place", None),
        ("nothing", None),
    ],
)
def test_look_up(path: str, expected: str | None) -> None:
    assert look_up(DOCUMENTS, path) == expected


def test_token_is_good_on_its_own_instance_until_it_expires() -> None:
    tokens = Tokens()
    token = tokens.issue("i-1", 60, now=100)
    assert tokens.valid(token, "i-1", 159)
    assert not tokens.valid(token, "i-2", 100)
    assert not tokens.valid(token, "i-1", 160)
    assert not tokens.valid("made up", "i-1", 100)


def test_expired_tokens_are_forgotten() -> None:
    tokens = Tokens()
    tokens.issue("i-1", 1, now=0)
    tokens.issue("i-1", 1, now=10)
    assert len(tokens._known) == 1


@given(st.integers())
def test_lifetime_is_within_six_hours(seconds: int) -> None:
    assert lifetime(str(seconds)) == (seconds if 1 <= seconds <= LONGEST else None)


@pytest.mark.parametrize("header", [None, "", "-1", "1.5", "x", "\u0661"])
def test_lifetime_is_a_plain_number(header: str | None) -> None:
    assert lifetime(header) is None
