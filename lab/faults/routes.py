# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes after which a private machine has no way out (the second stumbling block)."""

from __future__ import annotations

from lab.faults import steps
from lab.faults.fault import fault
from lab.faults.site import Site


@fault(2, one_machine=True)
def nat_missing(site: Site) -> None:
    """Delete the NAT gateway of one zone, so that its route leads into a black hole."""
    gateway = site.nat_gateway
    [address] = gateway["NatGatewayAddresses"]
    site.to_mend(
        steps.nat_gateway,
        table=site.route_table["RouteTableId"],
        subnet=gateway["SubnetId"],
        allocation=address["AllocationId"],
        tags=gateway["Tags"],
    )
    site.ec2.delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])


@fault(2, one_machine=True)
def default_route_missing(site: Site) -> None:
    """Delete the default route of one private subnet."""
    table = _route_to_be_mended(site)
    site.ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")


@fault(2, one_machine=True)
def private_route_to_internet_gateway(site: Site) -> None:
    """Point the default route of one private subnet at the internet gateway."""
    attached = [{"Name": "attachment.vpc-id", "Values": [site.vpc["VpcId"]]}]
    [gateway] = site.ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]
    steps.default_route(site, _route_to_be_mended(site), GatewayId=gateway["InternetGatewayId"])


@fault(2, one_machine=True)
def nat_in_private_subnet(site: Site) -> None:
    """Make a NAT gateway in a private subnet and point the subnet's default route at it."""
    address = site.ec2.allocate_address(Domain="vpc")["AllocationId"]
    site.to_mend(steps.call, "ec2", "release_address", AllocationId=address)
    gateway = site.ec2.create_nat_gateway(SubnetId=site.machine["SubnetId"], AllocationId=address)
    identity = gateway["NatGateway"]["NatGatewayId"]
    site.to_mend(steps.no_nat_gateway, identity)
    steps.default_route(site, _route_to_be_mended(site), NatGatewayId=identity)


def _route_to_be_mended(site: Site) -> str:
    table = str(site.route_table["RouteTableId"])
    site.to_mend(steps.nat_route, table, site.nat_gateway["SubnetId"])
    return table


@fault(None, one_machine=True)
def s3_endpoint_missing(site: Site) -> None:
    """Take one private route table out of the S3 endpoint: all works on, by the NAT gateway."""
    [endpoint] = [
        endpoint
        for endpoint in site.ec2.describe_vpc_endpoints()["VpcEndpoints"]
        if endpoint["ServiceName"].endswith(".s3")
    ]
    which = {"VpcEndpointId": endpoint["VpcEndpointId"]}
    tables = [site.route_table["RouteTableId"]]
    site.to_mend(steps.call, "ec2", "modify_vpc_endpoint", **which, AddRouteTableIds=tables)
    site.ec2.modify_vpc_endpoint(**which, RemoveRouteTableIds=tables)
