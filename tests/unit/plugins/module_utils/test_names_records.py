# SPDX-License-Identifier: GPL-3.0-or-later
"""The record sets of a site's names: what stands in the way, and how it is replaced and put back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._names import records as rules
from ansible_collections.hasite.aws.plugins.module_utils._names.text import NamesError
from hypothesis import given
from hypothesis import strategies as st

from lab.api.services.route53.records import Rules, change, well_formed

NAME = "www.hasite.test"
SITE = "demo"
TARGETS = rules.Targets(
    "demo-1234567890.ap-northeast-1.elb.amazonaws.com", "Z14GRHDCWA56QT", "d111111abcdef8.cloudfront.net", "check-1"
)
PAIR = rules.pair(NAME, TARGETS)
APEX = [
    {"Name": "hasite.test.", "Type": "NS", "TTL": 60, "ResourceRecords": [{"Value": "ns.example."}]},
    {
        "Name": "hasite.test.",
        "Type": "SOA",
        "TTL": 60,
        "ResourceRecords": [{"Value": "ns.example. root.example. 1 2 3 4 5"}],
    },
]
CHECKED = Rules("hasite.test.", frozenset({"check-1"}))


def simple(kind: str, *values: str, name: str = NAME, **more: Any) -> dict[str, Any]:
    return {
        "Name": f"{name}.",
        "Type": kind,
        "TTL": 300,
        "ResourceRecords": [{"Value": value} for value in values],
        **more,
    }


def applied(present: list[dict[str, Any]], changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records after a batch that Route 53 accepts."""
    return [dict(one) for one in change([well_formed(one) for one in (*APEX, *present)], changes, CHECKED)][2:]


def test_a_name_without_records_gets_its_pair() -> None:
    made = applied([], rules.changes_for(NAME, [], PAIR, SITE, replace=False))
    assert [one["Failover"] for one in made] == ["PRIMARY", "SECONDARY"]
    assert rules.changes_for(NAME, made, PAIR, SITE, replace=False) == []
    assert applied(made, rules.changes_back(NAME, made, SITE)) == []


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ([simple("A", "192.0.2.1")], "A to 192.0.2.1"),
        ([simple("CNAME", "shop.example.net")], "CNAME to shop.example.net"),
        ([simple("AAAA", "2001:db8::1"), simple("A", "192.0.2.1", "192.0.2.2")], "A to 192.0.2.1, 192.0.2.2"),
        ([simple("A", "192.0.2.1", SetIdentifier="old", Weight=1)], r"A to 192.0.2.1 \(old\)"),
        (
            rules.pair(
                NAME, rules.Targets("other-1.ap-northeast-1.elb.amazonaws.com", "Z1", "d2.cloudfront.net", None)
            ),
            "A to other-1.ap-northeast-1.elb.amazonaws.com",
        ),
    ],
)
def test_a_record_in_the_way_is_named(there: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(NamesError, match=f"{NAME} has a record that is not the site's: .*{words}.*site_take_over"):
        rules.changes_for(NAME, there, PAIR, SITE, replace=False)


def test_what_does_not_lead_visitors_elsewhere_is_left_alone() -> None:
    there = [simple("TXT", '"v=spf1 -all"'), simple("MX", "10 mail.example."), simple("A", "192.0.2.1", name="x.test")]
    assert rules.foreign(NAME, there, SITE) == []


def test_the_sites_own_pair_is_known_also_when_it_was_changed_by_hand() -> None:
    elsewhere = {**PAIR[0], "AliasTarget": {**PAIR[0]["AliasTarget"], "DNSName": "d2.cloudfront.net."}}
    (changed,) = rules.changes_for(NAME, [elsewhere, PAIR[1]], PAIR, SITE, replace=False)
    assert changed == {"Action": "UPSERT", "ResourceRecordSet": PAIR[0]}


def test_the_consoles_way_to_write_a_load_balancers_name_is_no_change() -> None:
    written = {**PAIR[0], "AliasTarget": {**PAIR[0]["AliasTarget"], "DNSName": f"dualstack.{TARGETS.load_balancer}."}}
    assert rules.changes_for(NAME, [written, PAIR[1]], PAIR, SITE, replace=False) == []


VALUES = {
    "A": st.lists(st.ip_addresses(v=4).map(str), min_size=1, max_size=3, unique=True),
    "AAAA": st.lists(st.ip_addresses(v=6).map(str), min_size=1, max_size=2, unique=True),
    "CNAME": st.just(['weird\\"name.example.']),
}


@st.composite
def present(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return what may be at a name: addresses, or a CNAME alone."""
    if draw(st.booleans()):
        return [simple("CNAME", *draw(VALUES["CNAME"]))]
    kinds = draw(st.sets(st.sampled_from(["A", "AAAA"]), min_size=1))
    return [simple(kind, *draw(VALUES[kind]), **draw(st.sampled_from([{}, {}]))) for kind in sorted(kinds)]


@given(present())
def test_what_was_replaced_comes_back_as_it_was(there: list[dict[str, Any]]) -> None:
    taken = applied(there, rules.changes_for(NAME, there, PAIR, SITE, replace=True))
    assert sorted(one["Type"] for one in taken) == ["A", "A", "TXT"]
    assert rules.changes_for(NAME, taken, PAIR, SITE, replace=True) == []
    back = applied(taken, rules.changes_back(NAME, taken, SITE))
    assert sorted(back, key=lambda one: str(one["Type"])) == [well_formed(one) for one in there]


def test_records_too_long_to_be_kept_are_not_replaced() -> None:
    there = [simple("A", *(f"192.0.2.{number}" for number in range(200)))]
    with pytest.raises(NamesError, match="too many to be kept"):
        rules.changes_for(NAME, there, PAIR, SITE, replace=True)


def test_what_somebody_put_there_meanwhile_stays() -> None:
    kept = rules.kept_record(NAME, [simple("A", "192.0.2.1")])
    there = [simple("A", "192.0.2.9"), kept]
    assert applied(there, rules.changes_back(NAME, there, SITE)) == [well_formed(there[0])]


def test_a_text_that_is_none_of_ours_is_nothing_to_restore() -> None:
    assert rules.restorable(NAME, [simple("TXT", '"not json"', name=f"{rules.KEPT}.{NAME}")]) == []
