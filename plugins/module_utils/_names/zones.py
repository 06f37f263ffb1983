# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Which hosted zone holds a name: the longest of the account that the world is delegated to, or a new one.

All names here are in punycode and small letters, without a final dot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .suffix import is_public_suffix, possible_zones, registrable
from .text import NamesError, within

_ROUTE53 = re.compile(r"ns-\d+\.awsdns-\d+\.(com|net|org|co\.uk)\Z")


@dataclass(frozen=True)
class Cut:
    """What the world says of a name as a zone of its own."""

    servers: frozenset[str] = frozenset()
    """The name servers that the servers of the zone above name for it; empty if there is no such zone."""
    served: bool | None = None
    """Whether one of these answers for the zone. A deleted hosted zone is still delegated, and not served."""
    problem: str | None = None
    """Why nobody could be asked; then the rest means nothing."""


World = Mapping[str, Cut]
"""Cuts by the name of the zone. A name that is missing was not asked for."""


@dataclass(frozen=True)
class Zone:
    """A public hosted zone of the account."""

    id: str
    name: str
    servers: frozenset[str]
    ours: bool = False
    """Whether it bears the site's tag, so that the site has created it."""

    def delegated(self, world: World) -> bool | None:
        """Tell whether the world is delegated to this zone; None if that could not be asked.

        One name server is enough: zones of the same name never share one
        (https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html).
        """
        cut = world.get(self.name, Cut(problem="it was not asked for"))
        return None if cut.problem else bool(cut.servers & self.servers)


@dataclass(frozen=True)
class Choice:
    """The hosted zone for a name: an existing one, or one to create, which has neither an id nor servers yet."""

    name: str
    id: str | None = None
    servers: tuple[str, ...] = ()
    delegated: bool | None = False
    ours: bool = True
    parent_id: str | None = None
    """The zone of the account that gets the NS record; None if a registrar has to name the servers."""
    parent_name: str | None = None
    warnings: tuple[str, ...] = field(default=(), compare=False)


def choose(name: str, zones: Sequence[Zone], world: World, wanted: str | None = None) -> Choice:
    """Return the zone for a name; `wanted` is the name or the id of the zone that the user asks for.

    Raises NamesError if there is none that could be used.
    """
    found = _wanted(name, zones, world, wanted) if wanted else _best(name, zones, world)
    return _with_parent(found, zones, world)


def _existing(zone: Zone, world: World) -> Choice:
    return Choice(zone.name, zone.id, tuple(sorted(zone.servers)), zone.delegated(world), zone.ours)


def _wanted(name: str, zones: Sequence[Zone], world: World, wanted: str) -> Choice:
    found = [zone for zone in zones if wanted in (zone.name, zone.id)]
    zone_name = found[0].name if found else wanted
    if not within(name, zone_name):
        raise NamesError(f"site_domain {name} is not in site_zone {wanted}; set site_zone to a zone that holds it.")
    if found:
        return _existing(_only(found, world), world)
    if is_public_suffix(wanted):
        raise NamesError(f"site_zone is {wanted}, below which anybody registers domains; use {registrable(name)}.")
    return Choice(wanted)


def _best(name: str, zones: Sequence[Zone], world: World) -> Choice:
    holding = [zone for zone in zones if within(name, zone.name)]
    delegated = _longest([zone for zone in holding if zone.delegated(world)])
    cut = next((zone for zone in possible_zones(name) if world.get(zone, Cut()).servers), None)
    if delegated and (cut is None or len(cut) <= len(delegated[0].name)):
        return _existing(_only(delegated, world), world)
    if delegated and cut and world[cut].served:
        raise NamesError(
            f"{name} lies in {cut}, which {delegated[0].name} delegates to {_list(world[cut].servers)}, and this "
            "account has no hosted zone there; use the account that has it, or remove that NS record."
        )
    if cut and _is_another_accounts(world[cut]):
        raise NamesError(
            f"{cut} is served by another AWS account's hosted zone ({_list(world[cut].servers)}); use that account "
            f"(site_profile), or set site_zone to {cut} to create a new zone here and move the domain to it."
        )
    # A zone above the cut is never asked for this name.
    usable = _longest([zone for zone in holding if cut is None or len(zone.name) >= len(cut)])
    if usable:
        return _existing(_only(usable, world), world)
    new = cut or registrable(name)
    if new is None:
        raise NamesError(f"{name} is a name below which anybody registers domains; a site needs a domain of its own.")
    return Choice(new)


def _longest(zones: Iterable[Zone]) -> list[Zone]:
    found = list(zones)
    most = max((len(zone.name) for zone in found), default=0)
    return [zone for zone in found if len(zone.name) == most]


def _only(zones: Sequence[Zone], world: World) -> Zone:
    """Return the one zone of several with the same name that the world is delegated to."""
    delegated = [zone for zone in zones if zone.delegated(world)]
    if len(zones) == 1 or len(delegated) == 1:
        return (delegated or zones)[0]
    name, ids = zones[0].name, " and ".join(sorted(zone.id for zone in zones))
    if delegated:
        raise NamesError(
            f"{name} is delegated to name servers of several hosted zones of this account ({ids}); name those of one "
            "zone only at the registrar."
        )
    problem = world.get(name, Cut()).problem
    why = (
        f"whether the world is delegated to one could not be asked ({problem})"
        if problem
        else ("the world is delegated to neither of them")
    )
    raise NamesError(
        f"This account has {len(zones)} public hosted zones {name} ({ids}), and {why}; delete the one that is not "
        "used, or set site_zone to the id of the one to use."
    )


def _is_another_accounts(cut: Cut) -> bool:
    """Tell whether a zone is served by Route 53; who asks knows that it is not by this account."""
    return bool(cut.served) and all(_ROUTE53.match(server) for server in cut.servers)


def _with_parent(choice: Choice, zones: Sequence[Zone], world: World) -> Choice:
    """Add the parent zone of the account, and what the owner has to know before the zone is handed over."""
    if choice.delegated:
        return choice
    cut = world.get(choice.name, Cut())
    above = [zone for zone in zones if zone.name != choice.name and within(choice.name, zone.name)]
    parent = next(iter(_longest([zone for zone in above if zone.delegated(world)])), None)
    if parent and cut.served:
        raise NamesError(
            f"{parent.name} ({parent.id}) delegates {choice.name} to {_list(cut.servers)}, where it is in use; remove "
            "that NS record first, or use the zone there."
        )
    if parent:
        return replace(choice, parent_id=parent.id, parent_name=parent.name)
    warning = _warning(choice, cut)
    return replace(choice, warnings=(warning,)) if warning else choice


def _warning(choice: Choice, cut: Cut) -> str | None:
    if cut.problem or choice.delegated is None:
        problem = cut.problem or "it was not asked for"
        return f"Whether {choice.name} is delegated to its hosted zone could not be asked: {problem}."
    if cut.served:
        return (
            f"{choice.name} is served by {_list(cut.servers)} until its registrar names the hosted zone's servers; "
            "copy the records that are still needed (such as MX) into the hosted zone before that."
        )
    return None


def _list(servers: Iterable[str]) -> str:
    return ", ".join(sorted(servers))
