# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Asking EC2 for its networks: everything at once, and what may not be read is left out with the reason."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from ._asking import AWS_ERRORS, asked, explain, listed
from ._reachability.assembly import Raw, assemble
from ._reachability.model import Model

_THREADS = 12
_Read = Callable[[], list[Raw]]


def read(client: t.Any, vpc_ids: Collection[str] | None = None) -> Model:
    """Return the model of these VPCs, or of all of the client's region. Only EC2 is asked, and only to describe."""
    answers: dict[str, list[Raw]] = {}
    errors: dict[str, str] = {}

    def ask(readers: Mapping[str, _Read]) -> None:
        with ThreadPoolExecutor(_THREADS) as pool:
            running = {kind: pool.submit(reader) for kind, reader in readers.items()}
        for kind, future in running.items():
            try:
                answers[kind] = [*answers.get(kind, []), *future.result()]
            except AWS_ERRORS as error:
                errors[kind] = explain(error)

    ask(_first(client, vpc_ids))
    ask(_second(client, answers))
    return assemble(answers, errors)


def _first(client: t.Any, vpc_ids: Collection[str] | None) -> dict[str, _Read]:
    """Return what reads each kind of thing."""

    def of_vpcs(operation: str, key: str, parameter: str = "Filters", name: str = "vpc-id") -> _Read:
        chosen = {} if vpc_ids is None else {parameter: [{"Name": name, "Values": list(vpc_ids)}]}
        return lambda: listed(client, operation, key, **chosen)

    def instances() -> list[Raw]:
        return [
            instance
            for reservation in of_vpcs("describe_instances", "Reservations")()
            for instance in reservation["Instances"]
        ]

    return {
        "vpcs": of_vpcs("describe_vpcs", "Vpcs"),
        "subnets": of_vpcs("describe_subnets", "Subnets"),
        "interfaces": of_vpcs("describe_network_interfaces", "NetworkInterfaces"),
        "instances": instances,
        "route_tables": of_vpcs("describe_route_tables", "RouteTables"),
        "security_groups": of_vpcs("describe_security_groups", "SecurityGroups"),
        "network_acls": of_vpcs("describe_network_acls", "NetworkAcls"),
        "internet_gateways": of_vpcs("describe_internet_gateways", "InternetGateways", name="attachment.vpc-id"),
        "nat_gateways": of_vpcs("describe_nat_gateways", "NatGateways", "Filter"),
        "endpoints": of_vpcs("describe_vpc_endpoints", "VpcEndpoints"),
        "peerings": lambda: listed(client, "describe_vpc_peering_connections", "VpcPeeringConnections"),
        "prefix_lists": lambda: listed(client, "describe_prefix_lists", "PrefixLists"),
    }


def _second(client: t.Any, answers: Mapping[str, list[Raw]]) -> dict[str, _Read]:
    """Return what reads what only the first answers name: VPCs' attributes, and prefix lists of other kinds."""
    vpcs = [vpc["VpcId"] for vpc in answers.get("vpcs", [])]
    known = {prefix_list["PrefixListId"] for prefix_list in answers.get("prefix_lists", []) if prefix_list.get("Cidrs")}
    lists = sorted(set(_prefix_lists(answers)) - known)
    return {
        "dns_support": lambda: [
            asked(client.describe_vpc_attribute, VpcId=vpc, Attribute="enableDnsSupport") for vpc in vpcs
        ],
        **({"prefix_lists": lambda: [_entries(client, prefix_list) for prefix_list in lists]} if lists else {}),
    }


def _prefix_lists(answers: Mapping[str, list[Raw]]) -> Iterable[str]:
    for table in answers.get("route_tables", []):
        yield from (
            route["DestinationPrefixListId"] for route in table["Routes"] if route.get("DestinationPrefixListId")
        )
    for group in answers.get("security_groups", []):
        for permission in (*group.get("IpPermissions", []), *group.get("IpPermissionsEgress", [])):
            yield from (id_["PrefixListId"] for id_ in permission.get("PrefixListIds", []))


def _entries(client: t.Any, prefix_list: str) -> Raw:
    entries = listed(client, "get_managed_prefix_list_entries", "Entries", PrefixListId=prefix_list)
    return {"PrefixListId": prefix_list, "PrefixListName": "", "Cidrs": [entry["Cidr"] for entry in entries]}
