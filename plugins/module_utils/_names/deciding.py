# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Everything that is decided about a site's names before anything is created."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from .._distribution import list_tags
from . import given, reading, records, registration
from .text import Name, NamesError, parse, parse_all, shown, within
from .zones import Choice, Cut, World, choose

Client = Callable[[str, str], t.Any]
"""Gives the client of a service in a region."""


def world_from(delegations: Mapping[str, t.Any] | None) -> World:
    """Return the world as dns_delegation_info has found it."""
    return {
        zone: Cut(frozenset(found["name_servers"]), found["served"], found["problem"])
        for zone, found in (delegations or {}).items()
    }


def zone_wanted(typed: str | None) -> str | None:
    """Return the name of the zone that the user asks for, or its id as it was typed."""
    if not typed:
        return None
    return parse("site_zone", typed).ascii if "." in typed else typed


def decide(client: Client, region: str, params: Mapping[str, t.Any]) -> tuple[dict[str, t.Any], list[str]]:
    """Return what is decided, and what the owner has to know.

    Raises NamesError with one sentence about what can't be.
    """
    names = parse_all(params["domain"], params["aliases"])
    all_names = [name.ascii for name in names]
    arns = given.by_region(params["certificate_arns"], region)
    regions = sorted({region, given.CLOUDFRONT_REGION}, key=lambda place: place != given.CLOUDFRONT_REGION)
    given.check_requestable(all_names, arns, regions)
    for place, arn in arns.items():
        described = reading.describe_certificate(client("acm", place), arn)
        given.check(arn, described, all_names, datetime.now(UTC))
    route53 = client("route53", given.CLOUDFRONT_REGION)
    zones = reading.public_zones(route53, all_names, params["name"])
    world, wanted = world_from(params["delegations"]), zone_wanted(params["zone"])
    first = choose(all_names[0], zones, world, wanted)
    choices = {name: _beside(first, name, choose(name, zones, world)) for name in all_names[1:]}
    choices[all_names[0]] = first
    hosts = [_host(route53, name, choices[name.ascii], params) for name in names]
    _check_distributions(client("cloudfront", given.CLOUDFRONT_REGION), all_names, params["name"])
    distinct = list({(choice.name, choice.id): choice for choice in choices.values()}.values())
    taken = registration.taken_over(client("route53domains", registration.REGION), distinct, params["take_over"])
    decided = {
        "domain": all_names[0],
        "aliases": all_names[1:],
        "all": all_names,
        "hosts": hosts,
        "zones": [{**_zone(choice), "replaces_name_servers": taken.get(choice.name, [])} for choice in distinct],
        "certificates": arns,
        "certificate_regions": [place for place in regions if place not in arns],
    }
    return decided, [warning for choice in distinct for warning in choice.warnings]


def _beside(first: Choice, alias: str, choice: Choice) -> Choice:
    """Return the zone of an alias: the domain's own, also if it is yet to be created, where that holds the alias."""
    return first if within(alias, first.name) and len(first.name) > len(choice.name) else choice


def _zone(choice: Choice) -> dict[str, t.Any]:
    found = {key: value for key, value in asdict(choice).items() if key not in ("servers", "warnings")}
    return {**found, "typed": shown(choice.name), "name_servers": list(choice.servers)}


def _host(route53: t.Any, name: Name, choice: Choice, params: Mapping[str, t.Any]) -> dict[str, t.Any]:
    there = reading.records_at(route53, choice.id, name.ascii) if choice.id else []
    others = records.foreign(name.ascii, there, params["name"])
    if others and not params["take_over"]:
        raise NamesError(records.in_the_way(name.typed, others))
    if others:
        records.kept_record(name.ascii, others)
    return {
        "name": name.ascii,
        "typed": name.typed,
        "zone_name": choice.name,
        "zone_id": choice.id,
        "replaces": [records.describe(other) for other in others],
    }


def _check_distributions(cloudfront: t.Any, names: Sequence[str], site: str) -> None:
    """Refuse names that another distribution of the account has: CloudFront would answer CNAMEAlreadyExists."""
    for distribution in reading.distributions_with(cloudfront, names):
        if list_tags(cloudfront, distribution["ARN"]).get(reading.SITE_TAG) != site:
            taken = ", ".join(alias for alias in distribution["Aliases"]["Items"] if alias.lower() in names)
            raise NamesError(
                f"The CloudFront distribution {distribution['Id']} has the name {taken} already, and a name belongs to "
                "one distribution only; remove it there first."
            )
