# SPDX-License-Identifier: GPL-3.0-or-later
"""Internet gateways and NAT gateways: states that the data plane makes true, and what AWS refuses."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.ec2.models.nat_gateways import NatGateway, NatGatewayBackend
from moto.ec2.models.route_tables import Route, RouteBackend
from moto.ec2.utils import random_nat_gateway_id

from lab.api.moto.extension import replaces
from lab.api.services.account import service_quotas
from lab.api.services.ec2.addresses import service_interface
from lab.context import Context

_SHOWN_AFTER_DELETION = 3600
"""Seconds that a deleted or failed NAT gateway is still described.
https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html"""


def attached_to(ec2_backend: Any, vpc_id: str) -> Any:
    """Return the VPC's internet gateway, or None."""
    gateways = ec2_backend.internet_gateways.values()
    return next((gateway for gateway in gateways if gateway.vpc and gateway.vpc.id == vpc_id), None)


def extend(context: Context) -> None:
    """Make gateways behave."""
    _extend_internet_gateways()
    _extend_nat_gateway(context)
    _extend_nat_creation(context)
    _extend_nat_deletion(context)
    _extend_nat_description(context)
    _extend_routes()


def _extend_internet_gateways() -> None:
    @replaces(InternetGatewayBackend, "attach_internet_gateway")
    def attach(original: Callable[..., Any], self: Any, internet_gateway_id: str, vpc_id: str) -> Any:
        if attached_to(self, vpc_id):
            raise EC2ClientError("InvalidParameterValue", f"Network {vpc_id} already has an internet gateway attached")
        return original(self, internet_gateway_id, vpc_id)

    @replaces(InternetGatewayBackend, "detach_internet_gateway")
    def detach(original: Callable[..., Any], self: Any, internet_gateway_id: str, vpc_id: str) -> None:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html."""
        if any(eni.public_ip for eni in self.enis.values() if eni.vpc_id == vpc_id):
            raise EC2ClientError(
                "DependencyViolation",
                f"Network {vpc_id} has some mapped public address(es). "
                "Please unmap those public address(es) before detaching the gateway.",
            )
        original(self, internet_gateway_id, vpc_id)


def _failure(backend: Any, subnet: Any, allocation_id: str | None) -> tuple[str, str] | None:
    """Return why a public NAT gateway can't become available.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html (failureCode)
    """
    if not attached_to(backend, subnet.vpc_id):
        return "Gateway.NotAttached", f"Network {subnet.vpc_id} has no Internet gateway attached"
    address = backend.address_by_allocation([allocation_id])[0]
    if address.association_id:
        return "Resource.AlreadyAssociated", f"Elastic IP address {allocation_id} is already associated"
    return None


def _extend_nat_gateway(context: Context) -> None:
    @replaces(NatGateway, "__init__")
    def make(
        _original: Callable[..., Any],
        self: Any,
        backend: Any,
        subnet_id: str,
        _allocation_id: str | None,
        tags: dict[str, str] | None = None,
        connectivity_type: str | None = None,
    ) -> None:
        self.id, self.ec2_backend = random_nat_gateway_id(), backend
        self.connectivity_type = connectivity_type or "public"
        self.subnet_id, self.vpc_id = subnet_id, backend.get_subnet(subnet_id).vpc_id
        self._state, self.address_set, self._eni, self._created_at = "pending", [], None, utcnow()
        self.failure_code, self.failure_message, self.delete_time, self._ended = None, None, None, 0.0
        self.add_tags(tags or {})

    NatGateway.state = property(lambda gateway: _state(context, gateway))


def _extend_nat_creation(context: Context) -> None:
    @replaces(NatGatewayBackend, "create_nat_gateway")
    def create_nat_gateway(
        _original: Callable[..., Any],
        self: Any,
        subnet_id: str,
        allocation_id: str | None,
        tags: dict[str, str] | None = None,
        connectivity_type: str | None = None,
    ) -> Any:
        subnet = self.get_subnet(subnet_id)
        service_quotas.check_nat_gateways(self, subnet)
        public = connectivity_type != "private"
        if public and not allocation_id:
            raise EC2ClientError("MissingParameter", "The request must contain the parameter AllocationId")
        failure = _failure(self, subnet, allocation_id) if public else None
        gateway = NatGateway(self, subnet_id, allocation_id, tags, connectivity_type)
        self.nat_gateways[gateway.id] = gateway
        if failure:
            gateway.failure_code, gateway.failure_message = failure
            gateway._state, gateway._ended = "failed", context.clock.monotonic()
            return gateway
        _connect(self, gateway, subnet, allocation_id if public else None)
        context.waits.begin("NAT gateway", gateway.id, label=(tags or {}).get("Name", ""), withholds=[gateway._eni.id])
        return gateway


def _connect(backend: Any, gateway: Any, subnet: Any, allocation_id: str | None) -> None:
    """Give a NAT gateway its interface in the subnet, and a public one its Elastic address."""
    eni = service_interface(backend, subnet, [], f"Interface for NAT Gateway {gateway.id}", kind="nat_gateway")
    eni._group_set, eni.source_dest_check = [], False
    gateway._eni = eni
    address = {"networkInterfaceId": eni.id, "privateIp": eni.private_ip_address}
    if allocation_id:
        elastic = backend.associate_address(eni=eni, allocation_id=allocation_id)
        address |= {
            "allocationId": allocation_id,
            "publicIp": elastic.public_ip,
            "associationId": elastic.association_id,
        }
    gateway.address_set = [{**address, "isPrimary": True, "status": "succeeded"}]


def _extend_nat_deletion(context: Context) -> None:
    @replaces(NatGatewayBackend, "delete_nat_gateway")
    def delete_nat_gateway(_original: Callable[..., Any], self: Any, nat_gateway_id: str) -> Any:
        gateway = self.nat_gateways.get(nat_gateway_id)
        if not gateway:
            raise _not_found(nat_gateway_id)
        if gateway.state in ("pending", "available"):
            gateway._state, gateway.delete_time = "deleting", utcnow()
            end = functools.partial(self.delete_network_interface, gateway._eni.id)
            context.waits.begin("NAT gateway, deletion", gateway.id, then=end)
        return gateway


def _extend_nat_description(context: Context) -> None:
    @replaces(NatGatewayBackend, "describe_nat_gateways")
    def describe_nat_gateways(
        original: Callable[..., Any], self: Any, filters: Any, nat_gateway_ids: list[str] | None
    ) -> Any:
        for gateway in list(self.nat_gateways.values()):
            # The look at the state is what may end the gateway.
            gone = gateway.state in ("deleted", "failed")
            if gone and context.clock.monotonic() - gateway._ended > _SHOWN_AFTER_DELETION:
                del self.nat_gateways[gateway.id]
        for wanted in nat_gateway_ids or []:
            if wanted not in self.nat_gateways:
                raise _not_found(wanted)
        found = original(self, filters, nat_gateway_ids)
        tags = {name: values for name, values in (filters or {}).items() if name.startswith("tag")}
        return [gateway for gateway in found if all(_has(gateway, name, values) for name, values in tags.items())]


def _has(gateway: Any, name: str, values: list[str]) -> bool:
    found = gateway.get_filter_value(name)
    return any(value in values for value in (found if isinstance(found, list) else [found]))


def _state(context: Context, gateway: Any) -> str:
    """Return the state: available once the gateway's interface is there, deleted once it is gone."""
    if not gateway._eni:
        return str(gateway._state)
    there = gateway._eni.id in context.observed.interfaces
    if gateway._state == "pending" and there:
        gateway._state = "available"
    if gateway._state == "deleting" and not there and gateway._eni.id not in gateway.ec2_backend.enis:
        gateway._state, gateway._ended = "deleted", context.clock.monotonic()
    return str(gateway._state)


def _not_found(nat_gateway_id: str) -> EC2ClientError:
    return EC2ClientError("NatGatewayNotFound", f"NAT gateway {nat_gateway_id} was not found")


def _extend_routes() -> None:
    Route.state = property(_route_state)

    @replaces(RouteBackend, "create_route")
    def create_route(original: Callable[..., Any], self: Any, route_table_id: str, *args: Any, **kwargs: Any) -> Any:
        _check_route(self, route_table_id, kwargs)
        return original(self, route_table_id, *args, **kwargs)

    @replaces(RouteBackend, "replace_route")
    def replace_route(original: Callable[..., Any], self: Any, route_table_id: str, *args: Any, **kwargs: Any) -> Any:
        positional = {"nat_gateway_id": args[3]} if len(args) > 3 else {}
        _check_route(self, route_table_id, {**positional, **kwargs})
        return original(self, route_table_id, *args, **kwargs)


def _check_route(backend: Any, route_table_id: str, target: dict[str, Any]) -> None:
    nat, gateway_id = target.get("nat_gateway_id"), target.get("gateway_id") or ""
    if nat and (nat not in backend.nat_gateways or backend.nat_gateways[nat].state in ("deleted", "failed")):
        raise EC2ClientError("InvalidNatGatewayID.NotFound", f"The natGateway ID '{nat}' does not exist")
    if gateway_id.startswith("igw-"):
        vpc_id = backend.get_route_table(route_table_id).vpc_id
        gateway = backend.get_internet_gateway(gateway_id)
        if not gateway.vpc or gateway.vpc.id != vpc_id:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"route table {route_table_id} and network gateway {gateway_id} belong to different networks",
            )


def _route_state(route: Any) -> str:
    """Return `blackhole` when what the route leads to is gone.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
    """
    backend = route.route_table.ec2_backend
    gateway = route.gateway
    gone = (
        (route.nat_gateway and route.nat_gateway.state not in ("pending", "available"))
        or (route.interface and route.interface.id not in backend.enis)
        or (route.instance and route.instance._state.name != "running")
        or (
            gateway
            and gateway.id.startswith("igw-")
            and (not gateway.vpc or gateway.vpc.id != route.route_table.vpc_id)
        )
    )
    return "blackhole" if gone else "active"
