# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes a fault back: functions that a journal can name, with arguments that JSON can keep.

Each leaves alone what is already as it should be: the site's owner may have repaired it, or the fault never happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from lab.base.errors import LabError
from lab.faults.site import Site

Function = Callable[..., None]
STEPS: dict[str, Function] = {}
_SO_ALREADY = frozenset(
    {
        *("InvalidPermission.Duplicate", "InvalidPermission.NotFound", "RouteAlreadyExists", "InvalidRoute.NotFound"),
        *("IncorrectState", "InvalidNetworkAclID.NotFound", "MountTargetConflict", "ResourceNotFoundException"),
        *("InvalidNetworkAclEntry.NotFound", "ListenerNotFound", "RuleNotFound", "EntityAlreadyExists"),
        *("LimitExceeded", "NoSuchEntity", "InvalidAssociationID.NotFound"),
        *("ResourceAlreadyExistsException", "DocumentAlreadyExists"),
    }
)
"""The errors by which AWS says that nothing is left to do."""


def step(function: Function) -> Function:
    """Register the function that follows under a name that journals use."""
    STEPS[function.__name__] = function
    return function


@step
def call(site: Site, service: str, operation: str, /, **arguments: Any) -> None:
    """Call an operation of a service in the site's region."""
    try:
        getattr(site.client(service), operation)(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _SO_ALREADY:
            raise


@step
def run(site: Site, machine: str, *command: str) -> None:
    """Run a command on a machine."""
    site.run(machine, *command)


def default_route(site: Site, table: str, **target: str) -> None:
    """Point a table's default route to this target."""
    tables = site.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    there = any(route.get("DestinationCidrBlock") == "0.0.0.0/0" for route in tables[0]["Routes"])
    change = site.ec2.replace_route if there else site.ec2.create_route
    change(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)


@step
def nat_route(site: Site, table: str, subnet: str) -> None:
    """Point a table's default route to the NAT gateway in a subnet, unless another fault has taken that away."""
    if gateway := _living(site, subnet):
        default_route(site, table, NatGatewayId=gateway["NatGatewayId"])


@step
def nat_gateway(site: Site, table: str, subnet: str, allocation: str, tags: list[dict[str, str]]) -> None:
    """Have a NAT gateway in a subnet, and a table's default route lead to it."""
    gateway = (
        _living(site, subnet)
        or site.ec2.create_nat_gateway(
            SubnetId=subnet,
            AllocationId=allocation,
            TagSpecifications=[{"ResourceType": "natgateway", "Tags": tags}],
        )["NatGateway"]
    )
    identity = gateway["NatGatewayId"]
    site.wait(f"The NAT gateway {identity}", lambda: (_living(site, subnet) or {}).get("State") == "available")
    nat_route(site, table, subnet)
    kept = [{"Name": "allocation-id", "Values": [allocation]}]
    for address in site.ec2.describe_addresses(Filters=kept)["Addresses"]:
        if not address.get("AssociationId"):  # whoever repaired it has taken a new address
            site.ec2.release_address(AllocationId=allocation)


def _living(site: Site, subnet: str) -> dict[str, Any] | None:
    wanted = [{"Name": "subnet-id", "Values": [subnet]}, {"Name": "state", "Values": ["pending", "available"]}]
    found: list[dict[str, Any]] = site.ec2.describe_nat_gateways(Filter=wanted)["NatGateways"]
    return found[0] if found else None


@step
def no_nat_gateway(site: Site, gateway: str) -> None:
    """Have a NAT gateway no more."""
    wanted = [{"Name": "nat-gateway-id", "Values": [gateway]}]

    def living() -> bool:
        """Tell whether it is not gone yet; a deleted one is described for an hour only."""
        found = site.ec2.describe_nat_gateways(Filter=wanted)["NatGateways"]
        return any(gateway["State"] not in ("deleted", "failed") for gateway in found)

    if living():
        site.ec2.delete_nat_gateway(NatGatewayId=gateway)
    site.wait(f"The end of the NAT gateway {gateway}", lambda: not living())


@step
def network_acl(site: Site, subnet: str, acl: str) -> None:
    """Associate a network ACL with a subnet."""
    now = network_acl_of(site, subnet)
    [association] = [association for association in now["Associations"] if association["SubnetId"] == subnet]
    site.ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl)


def network_acl_of(site: Site, subnet: str) -> dict[str, Any]:
    """Return the network ACL that counts for a subnet."""
    wanted = [{"Name": "association.subnet-id", "Values": [subnet]}]
    [found] = site.ec2.describe_network_acls(Filters=wanted)["NetworkAcls"]
    return dict(found)


@step
def no_subnet(site: Site, vpc: str, block: str) -> None:
    """Have no subnet with this block in a VPC, once nothing is left in it."""
    wanted = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "cidr-block", "Values": [block]}]
    for subnet in site.ec2.describe_subnets(Filters=wanted)["Subnets"]:
        inside = [{"Name": "subnet-id", "Values": [subnet["SubnetId"]]}]

        def is_empty(inside: list[dict[str, Any]] = inside) -> bool:
            return not site.ec2.describe_network_interfaces(Filters=inside)["NetworkInterfaces"]

        site.wait(f"The end of what is in {subnet['SubnetId']}", is_empty)
        site.ec2.delete_subnet(SubnetId=subnet["SubnetId"])


def write(site: Site, machine: str, path: str, content: str, *then: str) -> None:
    """Write a file on a machine, and run a command that makes it count."""
    site.run(machine, "tee", path, given=content)
    if then:
        site.run(machine, *then)


@step
def unchanged(site: Site, machine: str, path: str, before: str, after: str, *then: str) -> None:
    """Have a file on a machine as it was before a change; what came after that change is not thrown away."""
    now = site.run(machine, "cat", path)
    if now == after:
        write(site, machine, path, before, *then)
    elif now != before:
        raise LabError(
            f"{path} on {machine} has been changed since; mend first what was broken later (`lab faults`), "
            "or run playbooks/site.yml."
        )


@step
def instance_profile(site: Site, machine: str, profile: str) -> None:
    """Have this instance profile at a machine, in the place of any other."""
    wanted = [{"Name": "instance-id", "Values": [machine]}]
    found = site.ec2.describe_iam_instance_profile_associations(Filters=wanted)["IamInstanceProfileAssociations"]
    there = [association for association in found if association["State"] in ("associating", "associated")]
    if not there:
        site.ec2.associate_iam_instance_profile(InstanceId=machine, IamInstanceProfile={"Name": profile})
    elif not there[0]["IamInstanceProfile"]["Arn"].endswith(f"/{profile}"):
        which = there[0]["AssociationId"]
        site.ec2.replace_iam_instance_profile_association(AssociationId=which, IamInstanceProfile={"Name": profile})


@step
def target_group(site: Site, arn: str, **settings: Any) -> None:
    """Have these settings in a target group."""
    site.client("elbv2").modify_target_group(TargetGroupArn=arn, **settings)


@step
def listener(site: Site, arn: str, **settings: Any) -> None:
    """Have these settings in a listener."""
    site.client("elbv2").modify_listener(ListenerArn=arn, **settings)


@step
def running(site: Site, machine: str) -> None:
    """Have a machine running."""

    def state() -> str:
        found = site.ec2.describe_instances(InstanceIds=[machine])["Reservations"]
        return str(found[0]["Instances"][0]["State"]["Name"])

    site.wait(f"The end of {machine}'s stopping", lambda: state() != "stopping")
    site.ec2.start_instances(InstanceIds=[machine])
    site.wait(f"The start of {machine}", lambda: state() == "running")


@step
def mount_target(site: Site, share: str, subnet: str, address: str, groups: list[str]) -> None:
    """Have a mount target of a share in a subnet."""
    efs = site.client("efs")

    def states() -> list[str]:
        targets = efs.describe_mount_targets(FileSystemId=share)["MountTargets"]
        return [target["LifeCycleState"] for target in targets if target["SubnetId"] == subnet]

    site.wait(f"The end of the former mount target in {subnet}", lambda: "deleting" not in states())
    if not states():
        efs.create_mount_target(FileSystemId=share, SubnetId=subnet, IpAddress=address, SecurityGroups=groups)
    site.wait(f"The mount target in {subnet}", lambda: states() == ["available"])


@step
def undeleted(site: Site, bucket: str) -> None:
    """Have the objects of a versioned bucket that were deleted last: their delete markers are taken away."""
    s3 = site.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for marker in page.get("DeleteMarkers", []):
            if marker["IsLatest"]:
                s3.delete_object(Bucket=bucket, Key=marker["Key"], VersionId=marker["VersionId"])


@step
def no_rule(site: Site, listener: str, path: str) -> None:
    """Have no rule for just this path in a listener."""
    elbv2 = site.client("elbv2")
    for rule in elbv2.describe_rules(ListenerArn=listener)["Rules"]:
        values = [condition.get("PathPatternConfig", {}).get("Values") for condition in rule["Conditions"]]
        if values == [[path]]:
            elbv2.delete_rule(RuleArn=rule["RuleArn"])
