# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC endpoints and AWS's own prefix lists.

https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html and
https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.managed_prefixes import ManagedPrefixList, ManagedPrefixListBackend
from moto.ec2.models.vpcs import VPCBackend, VPCEndPoint
from moto.ec2.responses.vpcs import VPCs

from lab.api.moto.extension import replaces
from lab.api.services.ec2.addresses import service_interface
from lab.base import addresses
from lab.context import Context
from lab.waiting.table import Step
from lab.world.network.network import prefixes, truth


def _blocks(found: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"Cidr": f"{address}/32", "Description": "default"} for address in found]


def extend(context: Context) -> None:
    """Make endpoints behave."""
    _extend_prefix_lists()
    _extend_creation(context)
    _extend_change()
    _extend_life(context)


def _extend_prefix_lists() -> None:
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_PrefixList.html
    ManagedPrefixList.cidrs = property(prefixes)

    @replaces(ManagedPrefixListBackend, "create_default_pls")
    def create_default_pls(original: Callable[..., Any], self: Any) -> None:
        """Put the addresses that the lab's services have into AWS's lists.

        https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
        """
        original(self)
        services = {
            f"com.amazonaws.{self.region_name}.s3": (addresses.S3,),
            "com.amazonaws.global.cloudfront.origin-facing": addresses.EDGE,
            f"com.amazonaws.{self.region_name}.route53-healthchecks": addresses.CHECKERS,
        }
        known = {prefix_list.prefix_list_name: prefix_list for prefix_list in self.managed_prefix_lists.values()}
        for name, found in services.items():
            if name in known:
                known[name].entries = {1: _blocks(found)}
            else:
                self._create_aws_managed_prefix_list(name, "IPv4", _blocks(found))


def _check_service(backend: Any, service_name: str) -> None:
    region = backend.region_name
    offered = backend._collect_default_endpoint_services(backend.account_id, region)
    configured = {configuration.service_name for configuration in backend.configurations.values()}
    if service_name not in {service["ServiceName"] for service in offered} | configured:
        raise EC2ClientError("InvalidServiceName", f"The Vpc Endpoint Service '{service_name}' does not exist")


def _check_private_dns(backend: Any, vpc_id: str, service_name: str) -> None:
    vpc = backend.get_vpc(vpc_id)
    if not (truth(vpc.enable_dns_support) and truth(vpc.enable_dns_hostnames)):
        raise EC2ClientError(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
            f"for {vpc_id}",
        )
    for other in backend.vpc_end_points.values():
        if (other.vpc_id, other.service_name) == (vpc_id, service_name) and truth(other.private_dns_enabled):
            raise EC2ClientError(
                "InvalidParameter",
                f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{service_name} in the VPC {vpc_id}",
            )


def _check_subnets(backend: Any, vpc_id: str, subnet_ids: list[str]) -> list[Any]:
    subnets = [backend.get_subnet(subnet_id) for subnet_id in subnet_ids]
    zones = [subnet.availability_zone for subnet in subnets]
    if len(set(zones)) < len(zones):
        raise EC2ClientError("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone")
    for subnet in subnets:
        if subnet.vpc_id != vpc_id:
            raise EC2ClientError(
                "InvalidParameter", f"The subnet {subnet.id} does not belong to the same VPC as the endpoint."
            )
    return subnets


def _add_interface(backend: Any, endpoint: Any, subnet: Any) -> None:
    description = f"VPC Endpoint Interface {endpoint.id}"
    eni = service_interface(backend, subnet, endpoint.security_group_ids, description, kind="vpc_endpoint")
    endpoint.network_interface_ids.append(eni.id)


def _extend_creation(context: Context) -> None:
    @replaces(VPCBackend, "create_vpc_endpoint")
    def create_vpc_endpoint(
        original: Callable[..., Any], self: Any, vpc_id: str, service_name: str, endpoint_type: str | None, **more: Any
    ) -> Any:
        kind = endpoint_type or "Gateway"
        self.get_vpc(vpc_id)
        _check_service(self, service_name)
        if kind != "Interface":
            if kind == "Gateway":
                _check_gateway(self, vpc_id, service_name, more.get("route_table_ids") or [])
            more |= {"private_dns_enabled": False}
            endpoint = original(self, vpc_id=vpc_id, service_name=service_name, endpoint_type=kind, **more)
            return _issue(context, endpoint, "gateway endpoint")
        subnet_ids = list(more.get("subnet_ids") or [])
        subnets = _check_subnets(self, vpc_id, subnet_ids)
        if truth(more.get("private_dns_enabled")):
            _check_private_dns(self, vpc_id, service_name)
        groups = list(more.get("security_group_ids") or [self.get_default_security_group(vpc_id).id])
        more |= {"subnet_ids": [], "security_group_ids": groups}
        endpoint = original(self, vpc_id=vpc_id, service_name=service_name, endpoint_type=kind, **more)
        endpoint.subnet_ids, endpoint.state = subnet_ids, "pending"
        for subnet in subnets:
            _add_interface(self, endpoint, subnet)
        return _issue(context, endpoint, "interface endpoint")


def _issue(context: Context, endpoint: Any, step: Step) -> Any:
    withholds = [endpoint.id, *endpoint.network_interface_ids]
    context.waits.begin(step, endpoint.id, label=endpoint.service_name, withholds=withholds)
    if context.waits.pending(endpoint.id):
        endpoint.state = "pending"
    return endpoint


def _check_gateway(backend: Any, vpc_id: str, service_name: str, table_ids: list[str]) -> None:
    if not any(prefix_list.prefix_list_name == service_name for prefix_list in backend.managed_prefix_lists.values()):
        raise EC2ClientError(
            "InvalidParameter",
            f"Endpoint type (Gateway) does not match available service types ([Interface]) for {service_name}.",
        )
    for table_id in table_ids:
        table = backend.get_route_table(table_id)
        if table.vpc_id != vpc_id:
            raise EC2ClientError(
                "InvalidParameter", f"The route table {table_id} does not belong to the network {vpc_id}"
            )
        _check_no_route(table, service_name)


def _check_no_route(table: Any, service_name: str) -> None:
    for route in table.routes:
        prefix_list = route.destination_prefix_list
        if prefix_list and prefix_list.prefix_list_name == service_name:
            raise EC2ClientError(
                "RouteAlreadyExists", f"route table {table.id} already has a route with destination-prefix-list-id "
                f"{prefix_list.id}"
            )  # fmt: skip


def _extend_change() -> None:
    @replaces(VPCBackend, "modify_vpc_endpoint")
    def modify_vpc_endpoint(original: Callable[..., Any], self: Any, **change: Any) -> None:
        """Carry a change to the interfaces and the routes: moto changes the endpoint's own record only."""
        endpoint = self.describe_vpc_endpoints([change["vpc_id"]])[0]
        added, removed = change.get("add_subnets") or [], set(change.get("remove_subnets") or [])
        kept = [id_ for id_ in endpoint.subnet_ids or [] if id_ not in removed]
        new = [table for table in added if table not in kept]
        _check_subnets(self, endpoint.vpc_id, [*kept, *new])
        original(self, **change)
        for eni in [self.enis[id_] for id_ in endpoint.network_interface_ids]:
            if eni.subnet.id in removed:
                self.delete_network_interface(eni.id)
                endpoint.network_interface_ids.remove(eni.id)
            else:
                eni._group_set = [self.get_security_group_from_id(id_) for id_ in endpoint.security_group_ids]
        for subnet_id in new:
            _add_interface(self, endpoint, self.get_subnet(subnet_id))
        if endpoint.destination_prefix_list_id:
            _follow_tables(self, endpoint)


def _follow_tables(backend: Any, endpoint: Any) -> None:
    for table in backend.route_tables.values():
        routed = any(route.vpc_endpoint_id == endpoint.id or route.gateway_id == endpoint.id for route in table.routes)
        if table.id in endpoint.route_table_ids and not routed:
            backend.create_route(
                table.id, None, gateway_id=endpoint.id, destination_prefix_list_id=endpoint.destination_prefix_list_id
            )
        if table.id not in endpoint.route_table_ids and routed:
            backend.delete_route(table.id, None, None, endpoint.destination_prefix_list_id)


def _extend_life(context: Context) -> None:
    def state(endpoint: Any) -> str:
        """Return the state: available once the endpoint's interfaces are there."""
        there = context.observed.interfaces.issuperset(endpoint.network_interface_ids)
        if endpoint._state == "pending" and there and not context.waits.pending(endpoint.id):
            return "available"
        return str(endpoint._state)

    VPCEndPoint.state = property(state, lambda endpoint, said: setattr(endpoint, "_state", said))

    @replaces(VPCs, "delete_vpc_endpoints")
    def delete_vpc_endpoints(_original: Callable[..., Any], self: Any) -> Any:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpcEndpoints.html."""
        backend, refused = self.ec2_backend, []
        for endpoint_id in self._get_param("VpcEndpointIds", []):
            endpoint = backend.vpc_end_points.get(endpoint_id)
            if not endpoint:
                message = f"The Vpc Endpoint Id '{endpoint_id}' does not exist"
                error = {"Code": "InvalidVpcEndpoint.NotFound", "Message": message}
                refused.append({"ResourceId": endpoint_id, "Error": error})
                continue
            endpoint.route_table_ids = []
            if endpoint.destination_prefix_list_id:
                _follow_tables(backend, endpoint)
                del backend.vpc_end_points[endpoint_id]
            elif endpoint.state != "deleting":
                endpoint.state = "deleting"
                end = functools.partial(_remove, backend, endpoint)
                context.waits.begin("interface endpoint, deletion", endpoint_id, label=endpoint.service_name, then=end)
        return ActionResult({"Unsuccessful": refused})


def _remove(backend: Any, endpoint: Any) -> None:
    for eni_id in endpoint.network_interface_ids:
        backend.delete_network_interface(eni_id)
    del backend.vpc_end_points[endpoint.id]
