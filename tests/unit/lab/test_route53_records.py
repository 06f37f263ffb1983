# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change batch makes of a zone's records, and why it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.api.services.route53.records import Fields, RefusalError, Rules, change, page, well_formed

ZONE = "hasite.test."
TOP: list[Fields] = [
    {"Name": ZONE, "Type": "NS", "TTL": 172800, "ResourceRecords": [{"Value": "ns-1.awsdns-00.com."}]},
    {"Name": ZONE, "Type": "SOA", "TTL": 900, "ResourceRecords": [{"Value": "ns. host. 1 7200 900 1209600 86400"}]},
]


def record(name: str = "www.hasite.test", kind: str = "A", value: str = "192.0.2.1", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}], **more}


def batch(*records: dict[str, Any], action: str = "CREATE") -> list[dict[str, Any]]:
    return [{"Action": action, "ResourceRecordSet": each} for each in records]


def apply(records: list[Fields], *batches: list[dict[str, Any]]) -> list[Fields]:
    for each in batches:
        records = change(records, each, Rules(ZONE, frozenset({"hc"})))
    return records


def test_pair_is_created_and_deleted() -> None:
    pair = [record(SetIdentifier=role, Failover=role) for role in ("PRIMARY", "SECONDARY")]
    made = apply(TOP, batch(*pair))
    assert [each["Name"] for each in made[2:]] == ["www.hasite.test."] * 2
    assert apply(made, batch(*pair, action="DELETE")) == TOP


def test_upsert_changes_one_of_a_pair() -> None:
    pair = [record(SetIdentifier=role, Failover=role) for role in ("PRIMARY", "SECONDARY")]
    made = apply(TOP, batch(*pair), batch({**pair[1], "TTL": 5}, action="UPSERT"))
    assert [each["TTL"] for each in made[2:]] == [60, 5]


@pytest.mark.parametrize(
    ("before", "wanted", "code", "text"),
    [
        ([record()], [record()], "InvalidChangeBatch", "already exists"),
        ([record()], [record(SetIdentifier="a", Failover="PRIMARY")], "InvalidChangeBatch", "other RRSets exist"),
        ([record(SetIdentifier="a", Failover="PRIMARY")], [record()], "InvalidChangeBatch", "other RRSets exist"),
        (
            [record(SetIdentifier="a", Failover="PRIMARY")],
            [record(SetIdentifier="b", Failover="PRIMARY")],
            "InvalidChangeBatch",
            "already exists",
        ),
        ([], [record(Failover="PRIMARY")], "InvalidInput", "Missing field 'SetIdentifier'"),
        ([], [record(SetIdentifier="a")], "InvalidInput", "found none"),
        ([], [record(SetIdentifier="a", Failover="PRIMARY", Weight=1)], "InvalidInput", "found more than one"),
        ([], [{"Name": "a.hasite.test", "Type": "A"}], "InvalidInput", "found none"),
        ([], [record("www.other.test")], "InvalidChangeBatch", "not permitted in zone"),
        ([], [record("nothasite.test")], "InvalidChangeBatch", "not permitted in zone"),
        ([], [record(ZONE, "CNAME", "a.test")], "InvalidChangeBatch", "at apex"),
        ([record()], [record(kind="CNAME", value="a.test")], "InvalidChangeBatch", "conflicts"),
        ([], [record(HealthCheckId="gone")], "InvalidChangeBatch", "NoSuchHealthCheck"),
        ([], [record(value="1.2.3")], "InvalidChangeBatch", "IPv4"),
        ([], [record(kind="TXT", value="'unquoted")], "InvalidChangeBatch", "FATAL problem"),
        ([], [record(SetIdentifier="a", Region="us-east-1")], "NotImplemented", "Region"),
    ],
)
def test_refused(before: list[dict[str, Any]], wanted: list[dict[str, Any]], code: str, text: str) -> None:
    start = apply(TOP, batch(*before))
    with pytest.raises(RefusalError) as caught:
        apply(start, batch(*wanted))
    assert caught.value.code == code
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (record(), "not found"),
        (record(ZONE, "NS", "ns-1.awsdns-00.com."), "do not match"),
        ({**TOP[0]}, "at least one NS"),
        ({**TOP[1]}, "exactly one SOA"),
    ],
)
def test_refused_deletions(wanted: dict[str, Any], text: str) -> None:
    with pytest.raises(RefusalError, match=text):
        apply(TOP, batch(wanted, action="DELETE"))


def test_one_bad_change_refuses_all() -> None:
    with pytest.raises(RefusalError) as caught:
        apply(TOP, batch(record(), record("a.other.test"), record("b.other.test")))
    assert len(caught.value.messages) == 2


def test_names_are_kept_in_route_53s_way() -> None:
    assert well_formed(record("*.WWW.hasite.test"))["Name"] == "\\052.www.hasite.test."


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["A", "TXT"]), st.sampled_from("xyz")), unique=True),
    st.integers(1, 4),
)
def test_pages_show_every_record_once(keys: list[tuple[str, str, str]], size: int) -> None:
    records = [well_formed(record(f"{name}.hasite.test", kind, SetIdentifier=each)) for name, kind, each in keys]
    seen: list[Fields] = []
    start = ("", "", "")
    while True:
        found, following = page(records, start, size)
        seen += found
        if following is None:
            break
        start = (following["Name"], following["Type"], following["SetIdentifier"])
    assert len(seen) == len(records)
    assert all(each in seen for each in records)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("日本語.hasite.test", "UnsupportedCharacter"),
        ("a b.hasite.test", "UnsupportedCharacter"),
        ("a..hasite.test", "DomainLabelEmpty"),
        (f"{'a' * 64}.hasite.test", "DomainLabelTooLong"),
        ("a." * 124 + "hasite.test", "DomainNameTooLong"),
    ],
)
def test_names_are_refused_as_they_are_not_written_on_aws(name: str, text: str) -> None:
    with pytest.raises(RefusalError, match=rf"FATAL problem: {text} .* encountered with"):
        apply(TOP, batch(record(name)))


def test_octal_codes_and_punycode_are_names() -> None:
    assert (
        len(apply(TOP, batch(record("*.hasite.test"), record(r"\344.hasite.test"), record("xn--4ca.hasite.test")))) == 5
    )
