# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosted zone holds a name."""

from __future__ import annotations

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._names.text import NamesError, within
from ansible_collections.hasite.aws.plugins.module_utils._names.zones import Choice, Cut, Zone, choose
from hypothesis import given
from hypothesis import strategies as st

AWS = frozenset({"ns-1.awsdns-00.com", "ns-513.awsdns-00.net"})
OTHERS_AWS = frozenset({"ns-99.awsdns-12.com"})
REGISTRAR = frozenset({"ns1.registrar.example"})


def zone(name: str, zone_id: str = "Z1", servers: frozenset[str] | None = None, ours: bool = False) -> Zone:
    return Zone(zone_id, name, servers or frozenset({f"ns.{zone_id}"}), ours)


def to(one: Zone) -> Cut:
    return Cut(one.servers, served=True)


APEX = zone("hasite.test")
CHILD = zone("shop.hasite.test", "Z2")
TWIN = zone("hasite.test", "Z3")


def test_without_any_zone_one_is_made_at_the_registered_domain() -> None:
    for name in ("hasite.co.jp", "www.hasite.co.jp", "a.b.hasite.co.jp"):
        assert choose(name, [], {}).name == "hasite.co.jp"
    assert choose("hasite.test", [], {}).id is None


def test_the_longest_zone_that_the_world_is_delegated_to_is_used() -> None:
    world = {APEX.name: to(APEX), CHILD.name: to(CHILD)}
    assert choose("www.shop.hasite.test", [APEX, CHILD], world).id == CHILD.id
    assert choose("www.hasite.test", [APEX, CHILD], world).id == APEX.id
    # Nobody delegates to the longer one here.
    assert choose("www.shop.hasite.test", [APEX, CHILD], {APEX.name: to(APEX)}).id == APEX.id
    assert choose("www.shop.hasite.test", [APEX], {APEX.name: to(APEX)}) == Choice(
        APEX.name, APEX.id, tuple(APEX.servers), delegated=True, ours=False
    )


def test_one_name_server_in_common_is_a_delegation() -> None:
    world = {APEX.name: Cut(APEX.servers | {"ns.typed-wrongly.example"}, served=True)}
    assert choose("hasite.test", [APEX], world).delegated is True


def test_of_two_zones_of_one_name_the_delegated_one_is_used() -> None:
    assert choose("hasite.test", [APEX, TWIN], {APEX.name: to(TWIN)}).id == TWIN.id


@pytest.mark.parametrize(
    ("world", "sentence"),
    [
        ({}, r"2 public hosted zones hasite.test \(Z1 and Z3\), and the world is delegated to neither"),
        ({APEX.name: Cut(problem="no answer")}, r"Z1 and Z3\), and whether .* could not be asked \(no answer\)"),
        ({APEX.name: Cut(APEX.servers | TWIN.servers)}, r"several hosted zones of this account \(Z1 and Z3\)"),
    ],
)
def test_of_two_zones_of_one_name_none_is_guessed(world: dict[str, Cut], sentence: str) -> None:
    with pytest.raises(NamesError, match=sentence):
        choose("www.hasite.test", [APEX, TWIN], world)


def test_the_user_may_name_the_zone_or_its_id() -> None:
    assert choose("www.hasite.test", [APEX, TWIN], {}, wanted="Z3").id == TWIN.id
    assert choose("www.hasite.test", [APEX], {}, wanted="hasite.test").id == APEX.id
    new = choose("a.www.hasite.test", [APEX], {APEX.name: to(APEX)}, wanted="www.hasite.test")
    assert (new.name, new.id, new.parent_id) == ("www.hasite.test", None, APEX.id)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("example.com", "hasite.co.jp is not in site_zone example.com"),
        ("co.jp", "site_zone is co.jp, below which anybody registers domains; use hasite.co.jp"),
    ],
)
def test_a_zone_that_can_not_be_is_refused(wanted: str, sentence: str) -> None:
    with pytest.raises(NamesError, match=sentence):
        choose("hasite.co.jp", [], {}, wanted=wanted)


def test_a_public_suffix_is_no_sites_name() -> None:
    with pytest.raises(NamesError, match=r"co\.jp is a name below which anybody registers domains"):
        choose("co.jp", [], {})


def test_a_new_child_zone_is_delegated_by_its_parent_in_the_account() -> None:
    choice = choose("www.shop.hasite.test", [APEX, CHILD], {APEX.name: to(APEX)}, wanted=CHILD.id)
    assert (choice.id, choice.parent_id, choice.parent_name) == (CHILD.id, APEX.id, APEX.name)
    # Without the parent, its owner has to do it.
    assert choose("www.shop.hasite.test", [CHILD], {}).parent_id is None


def test_a_domain_just_bought_is_handed_over_with_a_warning() -> None:
    choice = choose("www.hasite.test", [], {"hasite.test": Cut(REGISTRAR, served=True)})
    assert (choice.name, choice.id) == ("hasite.test", None)
    assert "is served by ns1.registrar.example until its registrar" in choice.warnings[0]
    # Where nobody answers, nothing is lost.
    assert not choose("www.hasite.test", [], {"hasite.test": Cut(REGISTRAR, served=False)}).warnings


def test_another_accounts_zone_is_refused_unless_the_user_names_the_zone() -> None:
    world = {"hasite.test": Cut(OTHERS_AWS, served=True)}
    with pytest.raises(NamesError, match=r"hasite.test is served by another AWS account's hosted zone \(ns-99"):
        choose("www.hasite.test", [], world)
    assert choose("www.hasite.test", [], world, wanted="hasite.test").id is None
    # A zone that was deleted is still delegated, and may be made again.
    assert choose("www.hasite.test", [], {"hasite.test": Cut(OTHERS_AWS, served=False)}).name == "hasite.test"


def test_what_the_parent_delegates_elsewhere_is_refused() -> None:
    world = {APEX.name: to(APEX), CHILD.name: Cut(REGISTRAR, served=True)}
    with pytest.raises(NamesError, match=r"lies in shop.hasite.test, which hasite.test delegates to ns1.registrar"):
        choose("www.shop.hasite.test", [APEX], world)
    with pytest.raises(NamesError, match="where it is in use"):
        choose("www.shop.hasite.test", [APEX, CHILD], world, wanted=CHILD.id)


def test_a_delegation_that_leads_nowhere_is_mended() -> None:
    world = {APEX.name: to(APEX), CHILD.name: Cut(OTHERS_AWS, served=False)}
    choice = choose("www.shop.hasite.test", [APEX], world)
    assert (choice.name, choice.id, choice.parent_id) == (CHILD.name, None, APEX.id)


def test_what_could_not_be_asked_is_said() -> None:
    choice = choose("hasite.test", [APEX], {APEX.name: Cut(problem="no answer")})
    assert choice.id == APEX.id
    assert choice.delegated is None
    assert choice.warnings == ("Whether hasite.test is delegated to its hosted zone could not be asked: no answer.",)


LABELS = st.lists(st.sampled_from(["a", "b", "www", "hasite"]), min_size=1, max_size=4)
NAMES = LABELS.map(lambda labels: ".".join([*labels, "co.jp"]))
SERVERS = st.frozensets(st.sampled_from([*sorted(AWS), *sorted(OTHERS_AWS), *sorted(REGISTRAR)]), max_size=3)
CUTS = st.builds(Cut, SERVERS, st.booleans(), st.sampled_from([None, None, "no answer"]))
ZONES = st.lists(
    st.builds(Zone, st.sampled_from(["Z1", "Z2", "Z3", "Z4"]), NAMES, SERVERS), max_size=4, unique_by=lambda one: one.id
)


@given(NAMES, ZONES, st.dictionaries(NAMES, CUTS, max_size=5))
def test_a_choice_holds_the_name_and_is_never_a_public_suffix(
    name: str, zones: list[Zone], world: dict[str, Cut]
) -> None:
    try:
        choice = choose(name, zones, world)
    except NamesError:
        return
    assert within(name, choice.name)
    assert choice.name != "co.jp"
    if choice.id:
        (used,) = [one for one in zones if one.id == choice.id]
        assert used.name == choice.name
        better = [one for one in zones if within(name, one.name) and one.delegated(world) and one.id != used.id]
        assert not [one for one in better if len(one.name) > len(used.name)]
    if choice.parent_name:
        assert within(choice.name, choice.parent_name)
        assert choice.name != choice.parent_name
