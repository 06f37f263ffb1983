# SPDX-License-Identifier: GPL-3.0-or-later
"""Names as people type them, where they are registered, and certificates that are given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._names import given, suffix, text
from hypothesis import given as holds
from hypothesis import strategies as st

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "ascii_name"),
    [
        ("www.example.com", "www.example.com"),
        ("WWW.Example.COM.", "www.example.com"),
        (" example.com ", "example.com"),
        ("日本語.jp", "xn--wgv71a119e.jp"),
        ("WWW.日本語.JP", "www.xn--wgv71a119e.jp"),
        ("日本語。jp", "xn--wgv71a119e.jp"),
        ("straße.de", "xn--strae-oqa.de"),
        ("xn--wgv71a119e.jp", "xn--wgv71a119e.jp"),
    ],
)
def test_a_name_is_read_as_it_was_typed(typed: str, ascii_name: str) -> None:
    assert text.to_ascii(typed) == ascii_name
    assert text.to_ascii(text.shown(ascii_name)) == ascii_name
    assert text.parse("site_domain", typed) == text.Name(ascii_name, typed.strip().removesuffix("."))


@pytest.mark.parametrize(
    "typed",
    [
        *("", "localhost", "https://www.example.com", "www.example.com/path", "*.example.com", "-a.example.com"),
        *("a..example.com", "192.0.2.1", "a_b.日本語.jp", "a b.example.com", f"{'a' * 64}.com", f"{'a.' * 130}com"),
        *("日本語", "www.example.com:443", "\x00.com", "..", "é" * 64 + ".com"),
    ],
)
def test_what_is_no_name_is_refused_and_named(typed: str) -> None:
    with pytest.raises(text.NamesError, match=r"site_domain is .* which is not a domain name"):
        text.parse("site_domain", typed)
    assert text.lenient(typed) == typed


def test_what_can_not_be_read_is_shown_as_it_is() -> None:
    assert text.shown("www.xn--wgv71a119e.jp") == "www.日本語.jp"
    assert text.shown("xn--a.example.com") == "xn--a.example.com"


@holds(st.text(max_size=80))
def test_any_text_is_a_name_or_refused(typed: str) -> None:
    name = text.to_ascii(typed)
    if name is not None:
        assert name.isascii()
        assert name == name.lower()
        assert text.to_ascii(name) == name
        assert all(0 < len(label) < 64 for label in name.split("."))


def test_names_given_twice_are_refused() -> None:
    with pytest.raises(text.NamesError, match=r"site_aliases names EXAMPLE.com, which is site_domain itself"):
        text.parse_all("example.com", ["www.example.com", "EXAMPLE.com"])
    with pytest.raises(text.NamesError, match=r"which is there already"):
        text.parse_all("example.com", ["日本語.jp", "xn--wgv71a119e.jp"])


@pytest.mark.parametrize(
    ("name", "zones"),
    [
        ("www.hasite.co.jp", ["www.hasite.co.jp", "hasite.co.jp"]),
        ("hasite.co.jp", ["hasite.co.jp"]),
        ("hasite.test", ["hasite.test"]),
        ("www.shop.hasite.test", ["www.shop.hasite.test", "shop.hasite.test", "hasite.test"]),
        ("www.xn--wgv71a119e.jp", ["www.xn--wgv71a119e.jp", "xn--wgv71a119e.jp"]),
        ("co.jp", []),
        ("www.city.kawasaki.jp", ["www.city.kawasaki.jp", "city.kawasaki.jp"]),
        ("shop.github.io", ["shop.github.io"]),
    ],
)
def test_zones_end_at_the_registered_domain(name: str, zones: list[str]) -> None:
    assert suffix.possible_zones(name) == zones


# ---- certificates that exist already

TOKYO = "arn:aws:acm:ap-northeast-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
VIRGINIA = TOKYO.replace("ap-northeast-1", "us-east-1")


def certificate(**changed: Any) -> dict[str, Any]:
    return {
        "Status": "ISSUED",
        "DomainName": "example.com",
        "SubjectAlternativeNames": ["example.com", "*.example.com"],
        "NotAfter": NOW + timedelta(days=30),
        **changed,
    }


def test_certificates_are_sorted_by_their_region() -> None:
    assert given.by_region([VIRGINIA, TOKYO], "ap-northeast-1") == {"us-east-1": VIRGINIA, "ap-northeast-1": TOKYO}
    assert given.by_region([VIRGINIA], "us-east-1") == {"us-east-1": VIRGINIA}


@pytest.mark.parametrize(
    ("arns", "sentence"),
    [
        (["demo"], "'demo', which is not the ARN"),
        ([TOKYO.replace("ap-northeast-1", "eu-west-1")], "which is in eu-west-1; the load balancer takes one of ap-"),
        ([TOKYO, TOKYO], "two certificates of ap-northeast-1"),
    ],
)
def test_certificates_of_the_wrong_place_are_refused(arns: list[str], sentence: str) -> None:
    with pytest.raises(text.NamesError, match=sentence):
        given.by_region(arns, "ap-northeast-1")


@pytest.mark.parametrize(
    ("described", "names", "sentence"),
    [
        (None, ["example.com"], "does not know"),
        (certificate(Status="PENDING_VALIDATION"), ["example.com"], "is PENDING_VALIDATION, not ISSUED"),
        (certificate(NotAfter=NOW - timedelta(days=1)), ["example.com"], "has expired on 2026-11-27"),
        (certificate(), ["example.com", "a.b.example.com", "other.com"], "does not cover a.b.example.com, other.com"),
    ],
)
def test_certificates_that_can_not_serve_are_refused(described: Any, names: list[str], sentence: str) -> None:
    with pytest.raises(text.NamesError, match=sentence):
        given.check(TOKYO, described, names, NOW)


def test_a_certificate_that_covers_every_name_is_taken() -> None:
    given.check(TOKYO, certificate(), ["example.com", "www.example.com"], NOW)


def test_more_names_than_a_certificate_has_need_certificates_of_ones_own() -> None:
    names = [f"a{number}.example.com" for number in range(11)]
    regions = ["ap-northeast-1", "us-east-1"]
    with pytest.raises(text.NamesError, match="are 11 names"):
        given.check_requestable(names, {"us-east-1": VIRGINIA}, regions)
    given.check_requestable(names, {"us-east-1": VIRGINIA, "ap-northeast-1": TOKYO}, regions)
    given.check_requestable(names[:10], {}, regions)


def test_a_name_too_long_for_a_certificate_is_refused() -> None:
    name = f"{'a' * 60}.example.com"
    with pytest.raises(text.NamesError, match="which has 72 characters"):
        given.check_requestable([name], {}, ["us-east-1"])
    given.check_requestable(["www.example.com", name], {}, ["us-east-1"])
