# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.world.edge.events import Generated, ViewerRequest, event, outcome, pairs_of, valued
from lab.world.edge.policies import MANAGED, cache_key_of, forwarded_of, headers_of, ttl_of
from lab.world.edge.requests import NOTHING, Choice, Selection, key, path_matches
from lab.world.edge.responses import Header, HeadersPolicy, apply


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "/", True),
        ("/images/*.jpg", "/images/a/b.jpg", True),
        ("images/*.jpg", "/images/b.jpg", True),
        ("/images/*.jpg", "/Images/b.jpg", False),
        ("/a?.html", "/ab.html", True),
        ("/a?.html", "/a.html", False),
        ("/a.html", "/aXhtml", False),
    ],
)
def test_path_patterns(pattern: str, path: str, matches: bool) -> None:
    assert path_matches(pattern, path) is matches


_names = st.frozensets(st.sampled_from("abcd"))
_selections = st.builds(Selection, st.sampled_from(["none", "whitelist", "allExcept", "all"]), _names)


@given(_selections, _selections, st.sampled_from("abcde"))
def test_a_union_has_what_either_has(one: Selection, other: Selection, name: str) -> None:
    assert (one | other).has(name) == (one.has(name) or other.has(name))


def test_a_key_has_only_what_is_chosen() -> None:
    choice = Choice(headers=Selection("whitelist", frozenset({"origin"})), query=Selection("all"))
    headers, query = [("Origin", "x"), ("User-Agent", "curl")], [("b", "1"), ("a", "2")]
    assert key(choice, "E1", "/", headers, [("c", "3")], query) == ("E1", "/", (("origin", "x"),), (), tuple(query))
    assert key(NOTHING, "E1", "/", headers, [], query) == ("E1", "/", (), (), ())


def test_deprecated_forwarded_values_make_the_key() -> None:
    behavior = {
        "ForwardedValues": {
            "QueryString": True,
            "QueryStringCacheKeys": {"Quantity": 1, "Items": ["v"]},
            "Cookies": {"Forward": "all"},
            "Headers": {"Quantity": 1, "Items": ["Origin"]},
        }
    }
    found = cache_key_of(behavior, None)
    assert (found.query.has("v"), found.query.has("w")) == (True, False)
    assert found.cookies.has("any")
    assert found.headers.has("origin")


def test_every_managed_policy_can_be_read() -> None:
    for config in MANAGED["cache-policy"].values():
        bounds = ttl_of({}, config)
        assert bounds.minimum <= bounds.default <= bounds.maximum
        assert cache_key_of({}, config) | NOTHING == cache_key_of({}, config)
    for config in MANAGED["origin-request-policy"].values():
        assert forwarded_of(NOTHING, config) != NOTHING
    for config in MANAGED["response-headers-policy"].values():
        assert headers_of(config) != HeadersPolicy()


def test_security_headers() -> None:
    policy = headers_of(MANAGED["response-headers-policy"]["67f7725c-6f97-4210-82d7-5512b31e9d03"])
    assert apply(policy, {"x-frame-options": "DENY", "X-Content-Type-Options": "other"}) == {
        "x-frame-options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "X-XSS-Protection": "1; mode=block",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Strict-Transport-Security": "max-age=31536000",
    }


def test_a_policy_removes_and_overrides() -> None:
    policy = HeadersPolicy((Header("Retry-After", "60", override=True),), frozenset({"server"}))
    assert apply(policy, {"retry-after": "1", "Server": "x", "A": "b"}) == {"A": "b", "Retry-After": "60"}


def test_cors_is_for_those_who_ask() -> None:
    policy = headers_of(MANAGED["response-headers-policy"]["60669652-455b-4ae9-85a4-c4c02393f86c"])
    assert apply(policy, {}) == {}
    assert apply(policy, {}, "https://a.test") == {"Access-Control-Allow-Origin": "*"}


VIEWER = ViewerRequest("GET", "/a", (("host", "x.test"),), (("c", "1"),), (("q", "1"), ("q", "2")))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text())))
def test_an_event_keeps_every_value(pairs: list[tuple[str, str]]) -> None:
    assert sorted(pairs_of(valued(pairs))) == sorted(pairs)


def test_a_function_that_changes_nothing_changes_nothing() -> None:
    made = event("viewer-request", VIEWER, "198.18.0.100", ("d1.cloudfront.net", "E1"))
    assert outcome(VIEWER, made["request"]) == VIEWER


def test_a_function_may_answer_itself() -> None:
    made = outcome(VIEWER, {"statusCode": 503, "headers": {"retry-after": {"value": "60"}}, "body": "sorry"})
    assert made == Generated(503, (("retry-after", "60"),), b"sorry")
