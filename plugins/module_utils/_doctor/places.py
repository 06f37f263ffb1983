# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Naming the things that findings are about, and asking how machines reach what they need."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping

from .._resource import Resource
from .evidence import Evidence
from .finding import PROVISION, Where

Raw = Mapping[str, t.Any]


def place(kind: str, raw: Raw | None, key: str) -> Where:
    """Return where a resource is, by the key of its id."""
    found = raw or {}
    return Where(kind, str(found.get(key) or "?"), str(found.get("name") or ""))


def machine(raw: Raw) -> Where:
    """Return where a machine is."""
    return place("instance", raw, "instance_id")


def display_name(raw: Raw) -> str:
    """Return how to call a machine in a sentence."""
    return str(raw.get("name") or raw.get("instance_id") or "a machine")


def only(raw: Raw) -> frozenset[str]:
    """Return a machine alone, as the machines that an occurrence affects."""
    return frozenset({str(raw.get("instance_id"))})


def ids(machines: Iterable[Raw]) -> frozenset[str]:
    """Return machines as the machines that an occurrence affects."""
    return frozenset(str(one.get("instance_id")) for one in machines)


def machines_in(evidence: Evidence, subnets: Iterable[object]) -> list[Resource]:
    """Return the machines of some subnets."""
    wanted = set(subnets)
    return [resource for resource in evidence.resources("instances") if resource.get("subnet_id") in wanted]


def blocked(evidence: Evidence, purpose: str) -> Iterator[tuple[Resource, Resource]]:
    """Return the paths of a purpose that are known to lead nowhere, with what stops them."""
    for path in evidence.inspected("paths"):
        stop = path.get("blocked_by")
        if path.get("purpose") == purpose and path.get("reachable") is False and isinstance(stop, dict):
            yield path, stop


def stopped_by(stop: Raw, kind: str, direction: str = "") -> bool:
    """Tell whether a path is stopped by this kind of thing, in this direction."""
    return stop.get("kind") == kind and direction in ("", stop.get("direction"))


def where_of(stop: Raw) -> Where:
    """Return where the thing is that stops a path."""
    return Where(
        str(stop.get("kind") or "?").replace("_", " "), str(stop.get("id") or "?"), str(stop.get("name") or "")
    )


def acl_remedy(stop: Raw) -> str | None:
    """Return what to do about a network ACL; None if something else stops the path.

    The playbooks keep the entries of the VPC's default one, and leave another one and its subnets alone.
    """
    if not stopped_by(stop, "network_acl"):
        return None
    return (
        f"give the subnet back to the VPC's default network ACL (aws ec2 replace-network-acl-association), or let the "
        f"port and the ephemeral ports 1024-65535 of the answers pass in {stop.get('id')}. The playbooks keep the "
        f"default one only: if {stop.get('id')} is that one, {PROVISION}"
    )


def by_stop(paths: Iterable[tuple[Resource, Resource]]) -> list[tuple[Resource, Resource, frozenset[str]]]:
    """Join paths that the same thing stops: the first of them, what stops it, and all machines concerned."""
    joined: dict[tuple[str, str], tuple[Resource, Resource, frozenset[str]]] = {}
    for path, stop in paths:
        # A missing endpoint bears the service's name: the three of Systems Manager are one thing to mend.
        key = (str(stop.get("kind")), "" if stop.get("kind") == "endpoint" else str(stop.get("id")))
        first, dummy, touched = joined.get(key, (path, stop, frozenset()))
        mine = frozenset({str(path["machine"])}) if path.get("machine") else frozenset()
        joined[key] = (first, stop, touched | mine)
    return list(joined.values())
