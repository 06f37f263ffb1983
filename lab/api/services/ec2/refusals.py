# SPDX-License-Identifier: GPL-3.0-or-later
"""What EC2 refuses and moto accepts.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html lists the errors.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import botocore.session
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, FilterNotImplementedError, InvalidVPCIdError
from moto.ec2.models.customer_gateways import CustomerGatewayBackend
from moto.ec2.models.route_tables import RouteBackend
from moto.ec2.models.vpc_peering_connections import VPCPeeringConnectionBackend
from moto.ec2.responses.tags import TagResponse

from lab.api.moto.extension import replaces

Original = Callable[..., Any]


class DryRunError(ServiceException):
    """What AWS says to whoever only asks whether a call is permitted."""

    code = "DryRunOperation"

    def __init__(self) -> None:
        super().__init__("Request would have succeeded, but DryRun flag is set.")


def dry_run(call: Any) -> Any:
    """Return the answer to a call that only asks whether it is permitted, as moto's answers are; None for another one.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
    """
    if call.service_name != "ec2" or str(call.querystring.get("DryRun", [""])[0]).lower() != "true":
        return None
    _status, headers, body = call.serialized(ActionResult(DryRunError()))
    return 412, headers, body


_IDS = {
    "VpcId": ("vpc", "InvalidVpcID.Malformed"),
    "SubnetId": ("subnet", "InvalidSubnetID.Malformed"),
    "GroupId": ("sg", "InvalidGroupId.Malformed"),
    "InstanceId": ("i", "InvalidInstanceID.Malformed"),
    "RouteTableId": ("rtb", "InvalidRouteTableID.Malformed"),
}


def malformed(call: Any) -> Any:
    """Return the refusal of a call with an id that can be none, as moto's answers are; None if there is none such."""
    for key, values in call.querystring.items() if call.service_name == "ec2" else ():
        kind, code = _IDS.get(key.partition(".")[0], ("", ""))
        if kind and not re.fullmatch(rf"{kind}-([0-9a-f]{{8}}|[0-9a-f]{{17}})", str(values[0])):
            said = f'Invalid id: "{values[0]}" (expecting "{kind}-...")'
            _status, headers, body = call.serialized(ActionResult(EC2ClientError(code, said)))
            return 400, headers, body
    return None


_FILTER = re.compile(r"The filter '(.*)' for ")
_DOCUMENTED = re.compile(r"<code>([^<]+)</code>")


def invalid_filter(error: Exception, action: str) -> ServiceException | None:
    """Return the refusal of a filter that AWS has not either; None of one that only moto lacks.

    Which an operation has, its description in botocore tells, as
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html does.
    """
    told = _FILTER.match(str(error)) if isinstance(error, FilterNotImplementedError) else None
    if told is None or told[1] in _filters(action):
        return None
    return EC2ClientError("InvalidParameterValue", f"The filter '{told[1]}' is invalid")


@cache
def _filters(action: str) -> frozenset[str]:
    members = botocore.session.get_session().get_service_model("ec2").operation_model(action).input_shape.members
    texts = [shape.documentation for name, shape in members.items() if name in ("Filter", "Filters")]
    return frozenset(name for text in texts for name in _DOCUMENTED.findall(text))


def extend() -> None:
    """Refuse what AWS refuses."""
    _words()
    _routes()
    _tags()
    _lists()


def _words() -> None:
    @replaces(InvalidVPCIdError, "__init__")
    def init(_original: Original, self: Any, vpc_id: Any) -> None:
        """Name the networks that are not there, where moto shows a set of Python's."""
        names = [vpc_id] if isinstance(vpc_id, str) else sorted(vpc_id)
        EC2ClientError.__init__(self, "InvalidVpcID.NotFound", f"The vpc ID '{', '.join(names)}' does not exist")


def _routes() -> None:
    @replaces(RouteBackend, "associate_route_table")
    def associate_route_table(original: Original, self: Any, *args: Any, **more: Any) -> Any:
        told = inspect.signature(original).bind(self, *args, **more).arguments
        table, subnet = told["route_table_id"], told.get("subnet_id")
        for other in self.route_tables.values():
            if subnet and other.id != table and subnet in other._associations.values():
                raise EC2ClientError(
                    "Resource.AlreadyAssociated",
                    f"the specified association for route table {table} conflicts with an existing association",
                )
        return original(**told)

    @replaces(RouteBackend, "delete_route")
    def delete_route(
        original: Original, self: Any, route_table_id: str, destination_cidr_block: str, *args: Any, **more: Any
    ) -> Any:
        for route in self.get_route_table(route_table_id).routes:
            if route.local and destination_cidr_block and route.destination_cidr_block == destination_cidr_block:
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"cannot remove local route {destination_cidr_block} in route table {route_table_id}",
                )
        return original(self, route_table_id, destination_cidr_block, *args, **more)


def _tags() -> None:
    @replaces(TagResponse, "create_tags")
    def create_tags(original: Original, self: Any) -> Any:
        """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions; services may."""
        for tag in self._get_param("Tags", []):
            if str(tag.get("Key")).lower().startswith("aws:"):
                raise EC2ClientError(
                    "InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use"
                )
        return original(self)


def _lists() -> None:
    @replaces(VPCPeeringConnectionBackend, "describe_vpc_peering_connections")
    def describe_vpc_peering_connections(original: Original, self: Any, vpc_peering_ids: Any = None) -> Any:
        for id_ in vpc_peering_ids or ():
            self.get_vpc_peering_connection(id_)
        return original(self, vpc_peering_ids)

    @replaces(CustomerGatewayBackend, "describe_customer_gateways")
    def describe_customer_gateways(
        original: Original, self: Any, filters: Any = None, customer_gateway_ids: Any = None
    ) -> Any:
        for id_ in customer_gateway_ids or ():
            self.get_customer_gateway(id_)
        return original(self, filters, customer_gateway_ids)
