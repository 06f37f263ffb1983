# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a network can't be deleted because something else depends on it, and what can't be created beside others.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (DependencyViolation)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from typing import Any

from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.subnets import SubnetBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.route_tables import RouteTables
from moto.ec2.responses.security_groups import SecurityGroups

from lab.api.moto.extension import replaces
from lab.api.services.account import service_quotas
from lab.api.services.ec2.gateways import attached_to

_LONGEST_GROUP_NAME = 255
_GROUP_NAME = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+\Z")


def extend() -> None:
    """Refuse what AWS refuses."""
    _extend_subnets()
    _extend_vpcs()
    _extend_groups()
    _extend_route_tables()


def _canonical(cidr: str) -> str:
    """Return the block with its host bits cleared, as AWS stores it; a malformed one is left for moto to refuse.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html (CidrBlock)
    """
    try:
        return str(IPv4Network(cidr, strict=False))
    except ValueError:
        return cidr


def _extend_subnets() -> None:
    @replaces(SubnetBackend, "create_subnet")
    def create_subnet(
        original: Callable[..., Any], self: Any, vpc_id: str, cidr_block: str, *args: Any, **kw: Any
    ) -> Any:
        cidr = _canonical(cidr_block)
        if cidr and not cidr.rpartition("/")[2].isdecimal():
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ({cidr_block}) for parameter cidrBlock is invalid. This is not a valid CIDR block.",
            )
        if cidr and "/" in cidr and not 16 <= int(cidr.rpartition("/")[2]) <= 28:
            raise EC2ClientError("InvalidSubnet.Range", f"The CIDR '{cidr_block}' is invalid.")
        zone = kw.get("availability_zone") or (args[1] if len(args) > 1 else None)
        zones = [zone.name for zone in RegionsAndZonesBackend.zones.get(self.region_name, [])]
        if zone and zone not in zones:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ({zone}) for parameter availabilityZone is invalid. "
                f"Subnets can currently only be created in the following availability zones: {', '.join(zones)}.",
            )
        subnet = original(self, vpc_id, cidr, *args, **kw)
        if not self.vpcs[vpc_id].is_default:
            # Only a default VPC's subnets give public addresses unasked.
            subnet.default_for_az = subnet.map_public_ip_on_launch = False
        return subnet

    @replaces(SubnetBackend, "delete_subnet")
    def delete_subnet(original: Callable[..., Any], self: Any, subnet_id: str) -> Any:
        self.get_subnet(subnet_id)
        if any(eni.subnet.id == subnet_id for eni in self.enis.values()):
            raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        for table in self.route_tables.values():
            table._associations = {key: value for key, value in table._associations.items() if value != subnet_id}
        for acl in self.network_acls.values():
            acl._associations = {
                key: association for key, association in acl._associations.items() if association.subnet_id != subnet_id
            }
        return original(self, subnet_id)


def _dependants(backend: Any, vpc_id: str) -> Iterator[Any]:
    """Yield what keeps a VPC from being deleted; moto itself looks at subnets, VPN gateways and route tables."""
    if gateway := attached_to(backend, vpc_id):
        yield gateway
    yield from (group for group in backend.groups.get(vpc_id, {}).values() if group.name != "default")
    yield from (acl for acl in backend.network_acls.values() if acl.vpc_id == vpc_id and not acl.default)
    yield from (eni for eni in backend.enis.values() if eni.vpc_id == vpc_id)
    yield from (endpoint for endpoint in backend.vpc_end_points.values() if endpoint.vpc_id == vpc_id)


def _extend_vpcs() -> None:
    @replaces(VPCBackend, "create_vpc")
    def create_vpc(original: Callable[..., Any], self: Any, cidr_block: str, *args: Any, **kwargs: Any) -> Any:
        if not kwargs.get("is_default"):
            service_quotas.check_vpcs(self)
        vpc = original(self, _canonical(cidr_block), *args, **kwargs)
        # https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html: its members may talk.
        group = self.get_default_security_group(vpc.id)
        own = [{"GroupId": group.id, "UserId": self.account_id}]
        self.authorize_security_group_ingress(group.id, "-1", None, None, [], source_groups=own, vpc_id=vpc.id)
        return vpc

    @replaces(VPCBackend, "delete_vpc")
    def delete_vpc(original: Callable[..., Any], self: Any, vpc_id: str) -> Any:
        self.get_vpc(vpc_id)
        if next(_dependants(self, vpc_id), None):
            raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        deleted = original(self, vpc_id)
        for acl_id in [acl.id for acl in self.network_acls.values() if acl.vpc_id == vpc_id]:
            del self.network_acls[acl_id]
        return deleted


def _group_name_fault(name: str) -> str:
    if name.startswith("sg-"):
        return "Group names may not be in the format sg-*."
    if len(name) > _LONGEST_GROUP_NAME:
        return f"Must be less than {_LONGEST_GROUP_NAME + 1} characters."
    return "Character sets beyond ASCII are not supported."


def _refers(group: Any, group_id: str) -> bool:
    rules = [*group.ingress_rules, *group.egress_rules]
    return group.id != group_id and any(rule.source_group.get("GroupId") == group_id for rule in rules)


def _extend_groups() -> None:
    @replaces(SecurityGroups, "create_security_group")
    def create_security_group(original: Callable[..., Any], self: Any) -> Any:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html (GroupName)."""
        name = str(self._get_param("GroupName") or "")
        if len(name) > _LONGEST_GROUP_NAME or name.startswith("sg-") or not _GROUP_NAME.match(name):
            raise EC2ClientError(
                "InvalidParameterValue", f"Invalid value '{name}' for groupName. {_group_name_fault(name)}"
            )
        return original(self)

    @replaces(SecurityGroups, "delete_security_group")
    def delete_security_group(original: Callable[..., Any], self: Any) -> Any:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html."""
        backend, wanted = self.ec2_backend, self._get_param("GroupId") or self._get_param("GroupName")
        group = backend.get_security_group_by_name_or_id(wanted)
        if group:
            if group.is_default:
                raise EC2ClientError(
                    "CannotDelete",
                    f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user',
                )
            users = (eni for eni in backend.enis.values() if any(member.id == group.id for member in eni.group_set))
            others = (known for groups in backend.groups.values() for known in groups.values())
            if next(users, None) or any(_refers(other, group.id) for other in others):
                raise DependencyViolationError(f"resource {group.id} has a dependent object")
        return original(self)


def _extend_route_tables() -> None:
    @replaces(RouteTables, "delete_route_table")
    def delete_route_table(original: Callable[..., Any], self: Any) -> Any:
        """Refuse to delete the main route table: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html."""
        table = self.ec2_backend.get_route_table(self._get_param("RouteTableId"))
        if table.main_association_id:
            raise DependencyViolationError(f"The routeTable '{table.id}' has dependencies and cannot be deleted.")
        return original(self)
