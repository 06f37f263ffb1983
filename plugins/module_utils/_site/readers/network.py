# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A site's network and machines."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ... import _flow_log, _ssm
from ..._asking import asked, listed
from ..._resource import Resource
from ..scope import ReadScope


def ec2(operation: str, key: str, parameter: str = "Filters") -> Callable[[ReadScope], list[Resource]]:
    """Return a reader of tagged things of EC2."""
    return lambda scope: scope.owned(listed(scope.here("ec2"), operation, key, **{parameter: scope.tagged}))


def read_nat_gateways(scope: ReadScope) -> list[Resource]:
    """Return the NAT gateways; a deleted one is still listed for an hour."""
    found = ec2("describe_nat_gateways", "NatGateways", "Filter")(scope)
    return [gateway for gateway in found if gateway["State"] != "deleted"]


def read_addresses(scope: ReadScope) -> list[Resource]:
    """Return the elastic addresses."""
    return scope.owned(asked(scope.here("ec2").describe_addresses, Filters=scope.tagged)["Addresses"])


def read_endpoints(scope: ReadScope) -> list[Resource]:
    """Return the VPC endpoints that are not deleted."""
    found = ec2("describe_vpc_endpoints", "VpcEndpoints")(scope)
    return [endpoint for endpoint in found if endpoint["State"].lower() != "deleted"]


def read_flow_logs(scope: ReadScope) -> list[Resource]:
    """Return the flow logs."""
    return scope.owned(_flow_log.list_flow_logs(scope.here("ec2"), scope.tagged))


def read_interfaces(scope: ReadScope) -> list[Resource]:
    """Return all interfaces in the VPC: AWS's own there have no tags of the site."""
    client = scope.here("ec2")
    vpcs = [vpc["VpcId"] for vpc in ec2("describe_vpcs", "Vpcs")(scope)]
    if not vpcs:
        return []
    inside = [{"Name": "vpc-id", "Values": vpcs}]
    return t.cast("list[Resource]", listed(client, "describe_network_interfaces", "NetworkInterfaces", Filters=inside))


def read_instances(scope: ReadScope) -> list[Resource]:
    """Return the machines; a terminated one is still listed for an hour."""
    reservations = listed(scope.here("ec2"), "describe_instances", "Reservations", Filters=scope.tagged)
    found = scope.owned(instance for reservation in reservations for instance in reservation["Instances"])
    return [instance for instance in found if instance["State"]["Name"] != "terminated"]


def read_pings(scope: ReadScope) -> list[Resource]:
    """Return the machines that Systems Manager knows."""
    return _ssm.list_instances(scope.here("ssm"))
