# SPDX-License-Identifier: GPL-3.0-or-later
"""A live site's names: in which hosted zones its records are."""

from __future__ import annotations

from typing import Any

from ansible_collections.hasite.aws.plugins.module_utils._site.names import Known, Wanted, certified, find, known_of

BALANCER, EDGE = "demo-1.ap-northeast-1.elb.amazonaws.com", "d1.cloudfront.net"
KNOWN = Known(frozenset({BALANCER, EDGE}), {"www.hasite.test": "_a.www.hasite.test"})


def pair(name: str, target: str = BALANCER) -> dict[str, Any]:
    alias = {"dns_name": f"dualstack.{target}."}
    return {"name": f"{name}.", "type": "A", "failover": "PRIMARY", "alias_target": alias}


def proof(name: str) -> dict[str, Any]:
    return {"name": f"_a.{name}.", "type": "CNAME", "resource_records": [{"value": "_b.acm-validations.aws."}]}


def zone(name: str, zone_id: str, *records: dict[str, Any], ours: bool = False) -> dict[str, Any]:
    return {"id": zone_id, "name": name, "name_servers": [f"ns.{zone_id}"], "records": list(records), "ours": ours}


def zone_of(name: str, *zones: dict[str, Any], wanted: str | None = None) -> str | None:
    found: str | None = find(Wanted([name], wanted), zones, KNOWN, []).names[0]["zone_id"]
    return found


def test_the_records_tell_the_zone() -> None:
    name = "www.hasite.test"
    bare, longer = zone("hasite.test", "Z1"), zone("www.hasite.test", "Z2")
    assert zone_of(name) is None
    assert zone_of(name, bare) == "Z1"
    assert zone_of(name, bare, longer) == "Z2"
    assert zone_of(name, bare, longer, wanted="Z1") == "Z1"
    assert zone_of(name, zone("hasite.test", "Z1", proof(name)), longer, wanted="Z2") == "Z1"
    assert zone_of(name, zone("hasite.test", "Z1", proof(name)), zone("hasite.test", "Z3", pair(name))) == "Z3"
    assert zone_of(name, zone("hasite.test", "Z1"), zone("hasite.test", "Z3", ours=True)) == "Z3"


def test_a_name_that_leads_to_the_site_unasked_is_a_former_one() -> None:
    there = zone("hasite.test", "Z1", pair("www.hasite.test"), pair("old.hasite.test"), pair("x.hasite.test", "other"))
    found = find(Wanted(["www.hasite.test", "a.other.test"]), [there, zone("other.test", "Z2")], KNOWN, [])
    assert [(name["name"], name["kind"], name["zone_id"]) for name in found.names] == [
        ("www.hasite.test", "domain", "Z1"),
        ("a.other.test", "alias", "Z2"),
        ("old.hasite.test", "former", "Z1"),
    ]
    assert found.domain_zone == there
    assert [one["id"] for one in found.zones] == ["Z1", "Z2"]


def test_parents_that_delegate_and_zones_of_former_names_belong_to_it() -> None:
    child = zone("shop.hasite.test", "Z2", ours=True)
    delegation = {"name": "shop.hasite.test.", "type": "NS", "resource_records": [{"value": "NS.Z2."}]}
    parent = zone("hasite.test", "Z1", delegation)
    former = zone("former.test", "Z3", ours=True)
    proven = zone("www.hasite.test", "Z5", proof("www.hasite.test"))
    zones = [parent, child, former, zone("hasite.test", "Z4"), proven]
    found = find(Wanted(["www.shop.hasite.test"]), zones, KNOWN, [])
    assert [one["id"] for one in found.zones] == ["Z2", "Z5", "Z1", "Z3"]


def test_without_names_the_certificates_tell_them() -> None:
    certificates = [
        {"status": "PENDING_VALIDATION", "domain_name": "new.test", "subject_alternative_names": ["new.test"]},
        {"status": "ISSUED", "domain_name": "www.test", "subject_alternative_names": ["test", "www.test"]},
    ]
    assert certified(certificates) == ["www.test", "test", "new.test"]
    assert [name["name"] for name in find(Wanted(), [], known_of(certificates, None, []), certificates).names] == [
        "www.test",
        "test",
        "new.test",
    ]
    assert find(Wanted(), [], known_of([], None, []), []).names == []
