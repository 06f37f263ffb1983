# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What the checks ask AWS. Each function gets boto3's clients and returns plain data."""

from __future__ import annotations

import contextlib
import typing as t
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .. import _aws
from .._resource import Resource
from . import quotas
from .error import SettingsError

with contextlib.suppress(ImportError):  # AnsibleAWSModule tells the user
    import botocore.exceptions
    import botocore.session

Client = t.Any
Clients = Callable[[str], Client]
"""Gives the region's client of a service."""

HOME_REGION = "us-east-1"
"""The region that every account of the standard partition has."""
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_LIVE_GATEWAYS = ("pending", "available", "deleting")
"""States in which a NAT gateway counts: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"""
_LIVE_INSTANCES = ("pending", "running")


def account_of(sts: Client) -> str:
    """Return the account's number, or say what is wrong with the credentials."""
    try:
        return str(sts.get_caller_identity()["Account"])
    except botocore.exceptions.NoCredentialsError as error:
        raise SettingsError(
            "No AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from error
    except botocore.exceptions.ClientError as error:
        raise SettingsError(
            f"AWS refused the credentials ({_aws.error_code(error)}); check the profile or log in again."
        ) from error
    except botocore.exceptions.BotoCoreError as error:
        raise SettingsError(f"AWS could not be asked who the credentials belong to: {error}.") from error


def partition_of(region: str) -> str | None:
    """Return the partition of a region by its name, or None if no partition's regions have such names."""
    try:
        return str(botocore.session.get_session().get_partition_for_region(region))
    except (botocore.exceptions.UnknownRegionError, botocore.exceptions.InvalidRegionError):
        return None


@_aws.aws_call("list the account's regions")
def region_statuses(ec2: Client) -> dict[str, str]:
    """Return each region's opt-in status by its name, those included that the account has not enabled."""
    found = ec2.describe_regions(AllRegions=True)["Regions"]
    return {region["RegionName"]: region.get("OptInStatus", "opt-in-not-required") for region in found}


@_aws.aws_call("list the availability zones")
def usable_zones(ec2: Client) -> list[str]:
    """Return the names of the region's ordinary availability zones that are available."""
    filters = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    return [zone["ZoneName"] for zone in ec2.describe_availability_zones(Filters=filters)["AvailabilityZones"]]


@_aws.aws_call("list the VPCs")
def vpcs(ec2: Client) -> list[Resource]:
    """Return every VPC of the region."""
    return t.cast("list[Resource]", _aws.pages(ec2, "describe_vpcs")["Vpcs"])


def site_blocks(found: Sequence[Resource]) -> list[tuple[str, str]]:
    """Return (site tag, block) of every VPC that belongs to a site."""
    return [(site, vpc["CidrBlock"]) for vpc in found if (site := _site_of(vpc))]


def _site_of(resource: Resource) -> str:
    return str(_aws.tag_dict(resource.get("Tags")).get("hasite:site", ""))


def built_zones(ec2: Client, site: str) -> list[str]:
    """Return the zones in which the site has subnets, in the order of the subnets' addresses."""
    mine = sorted((subnet for subnet in _subnets(ec2) if _site_of(subnet) == site), key=_first_address)
    return list(dict.fromkeys(str(subnet["AvailabilityZone"]) for subnet in mine))


def _first_address(subnet: Resource) -> IPv4Address:
    return IPv4Network(subnet["CidrBlock"]).network_address


@_aws.aws_lookup("ask in which region the bucket {name} is", "NoSuchBucket")
def region_of_bucket(s3: Client, name: str) -> str:
    """Return the region of a bucket of the account, or None if there is none."""
    return str(s3.get_bucket_location(Bucket=name).get("LocationConstraint") or HOME_REGION)


def image_of(ssm: Client, ec2: Client, parameter: str) -> Resource:
    """Return the image that the parameter names, as DescribeImages shows it."""
    image_id = _parameter(ssm, parameter)
    if image_id is None:
        raise SettingsError(
            f"site_ami_parameter is {parameter!r}, which SSM does not know in this region; "
            "name a public parameter such as /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64."
        )
    images = _images(ec2, image_id)
    if not images:
        raise SettingsError(
            f"site_ami_parameter is {parameter!r}, whose value {image_id!r} is no image that this account may start; "
            "name another parameter."
        )
    return images[0]


@_aws.aws_lookup("read the SSM parameter {name}", "ParameterNotFound")
def _parameter(ssm: Client, name: str) -> str:
    return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])


@_aws.aws_lookup("describe the image {image_id}", "InvalidAMIID.NotFound", "InvalidAMIID.Malformed")
def _images(ec2: Client, image_id: str) -> list[Resource]:
    return t.cast("list[Resource]", ec2.describe_images(ImageIds=[image_id])["Images"])


@_aws.aws_call("list the zones that offer {instance_type}")
def zones_offering(ec2: Client, instance_type: str) -> set[str]:
    """Return the names of the region's zones that offer an instance type."""
    found = _aws.pages(
        ec2,
        "describe_instance_type_offerings",
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": [instance_type]}],
    )
    return {offer["Location"] for offer in found["InstanceTypeOfferings"]}


@_aws.aws_call("describe the instance types {names}")
def instance_types(ec2: Client, names: Collection[str]) -> dict[str, Resource]:
    """Return the types by their names, as DescribeInstanceTypes shows them."""
    if not names:
        return {}
    found = _aws.pages(ec2, "describe_instance_types", Filters=[{"Name": "instance-type", "Values": sorted(names)}])
    return {offer["InstanceType"]: offer for offer in found["InstanceTypes"]}


@_aws.aws_call("list the instances")
def _instances(ec2: Client) -> list[Resource]:
    filters = [{"Name": "instance-state-name", "Values": list(_LIVE_INSTANCES)}]
    found = _aws.pages(ec2, "describe_instances", Filters=filters)["Reservations"]
    return [instance for reservation in found for instance in reservation["Instances"]]


@_aws.aws_call("list the subnets")
def _subnets(ec2: Client) -> list[Resource]:
    return t.cast("list[Resource]", _aws.pages(ec2, "describe_subnets")["Subnets"])


@_aws.aws_call("list the NAT gateways")
def _nat_gateways(ec2: Client) -> list[Resource]:
    filters = [{"Name": "state", "Values": list(_LIVE_GATEWAYS)}]
    return t.cast("list[Resource]", _aws.pages(ec2, "describe_nat_gateways", Filters=filters)["NatGateways"])


@_aws.aws_call("list the internet gateways")
def _internet_gateways(ec2: Client) -> list[Resource]:
    return t.cast("list[Resource]", _aws.pages(ec2, "describe_internet_gateways")["InternetGateways"])


@_aws.aws_call("list the Elastic IP addresses")
def _addresses(ec2: Client) -> list[Resource]:
    return t.cast("list[Resource]", ec2.describe_addresses()["Addresses"])


@_aws.aws_call("list the load balancers")
def _load_balancers(elbv2: Client) -> list[Resource]:
    found = _aws.pages(elbv2, "describe_load_balancers")["LoadBalancers"]
    return [balancer for balancer in found if balancer["Type"] == "application"]


def limit_of(service_quotas: Client, quota: quotas.Quota) -> float | None:
    """Return the account's quota in the region, or None where the credentials may not ask or nobody knows it."""
    try:
        applied = _applied(service_quotas, quota.service, quota.code)
        return applied if applied is not None else _default(service_quotas, quota.service, quota.code)
    except AnsibleAWSError as error:
        if _aws.error_code(error.exception) in _DENIED:
            return None
        raise


@_aws.aws_lookup("read the quota {service}/{code}", "NoSuchResourceException")
def _applied(service_quotas: Client, service: str, code: str) -> float:
    return float(service_quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])


@_aws.aws_lookup("read AWS's default of the quota {service}/{code}", "NoSuchResourceException")
def _default(service_quotas: Client, service: str, code: str) -> float:
    return float(service_quotas.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"])


class Wanted(t.NamedTuple):
    """What a whole site takes of what has quotas."""

    site: str
    region: str
    zones: Sequence[str]
    nat: str
    instance_type: str
    machines: int


def uses_of(clients: Clients, wanted: Wanted) -> list[quotas.Use]:
    """Return how much of each quota is used, and how much more the site takes."""
    ec2, quota_client = clients("ec2"), clients("service-quotas")
    networks = vpcs(ec2)
    own = {vpc["VpcId"] for vpc in networks if _site_of(vpc) == wanted.site}
    gateways = _nat_gateways(ec2)
    used = {
        quotas.VPCS: (len(networks), len(own), 1),
        quotas.INTERNET_GATEWAYS: _internet_gateway_use(_internet_gateways(ec2), own),
        quotas.ADDRESSES: _address_use(_addresses(ec2), gateways, own, _nat_count(wanted)),
        quotas.LOAD_BALANCERS: _balancer_use(_load_balancers(clients("elbv2")), wanted.site),
    }
    if quotas.is_standard(wanted.instance_type):
        used[quotas.VCPUS] = _vcpu_use(ec2, wanted)
    uses = [
        quotas.Use(quota, limit_of(quota_client, quota), total, mine, needed, wanted.region)
        for quota, (total, mine, needed) in used.items()
    ]
    return [*uses, *_nat_uses(ec2, quota_client, gateways, own, wanted)]


def _nat_count(wanted: Wanted) -> int:
    return {"per_az": len(wanted.zones), "single": 1, "none": 0}[wanted.nat]


def _internet_gateway_use(found: Sequence[Resource], own: Collection[str]) -> tuple[int, int, int]:
    mine = [
        gateway for gateway in found if {attached["VpcId"] for attached in gateway.get("Attachments", [])} & set(own)
    ]
    return len(found), len(mine), 1


def _address_use(
    found: Sequence[Resource], gateways: Sequence[Resource], own: Collection[str], needed: int
) -> tuple[int, int, int]:
    mine = {
        address.get("AllocationId")
        for gateway in gateways
        if gateway["VpcId"] in own and gateway["State"] != "deleting"
        for address in gateway.get("NatGatewayAddresses", [])
    }
    return len(found), len([address for address in found if address.get("AllocationId") in mine]), needed


def _balancer_use(found: Sequence[Resource], site: str) -> tuple[int, int, int]:
    return len(found), len([balancer for balancer in found if balancer["LoadBalancerName"] == site]), 1


def _vcpu_use(ec2: Client, wanted: Wanted) -> tuple[int, int, int]:
    instances = [instance for instance in _instances(ec2) if instance.get("InstanceLifecycle") != "spot"]
    types = instance_types(ec2, {wanted.instance_type, *(instance["InstanceType"] for instance in instances)})
    cores: Mapping[str, int] = {name: int(offer["VCpuInfo"]["DefaultVCpus"]) for name, offer in types.items()}
    standard = [instance for instance in instances if quotas.is_standard(instance["InstanceType"])]
    total = sum(cores.get(instance["InstanceType"], 0) for instance in standard)
    mine = sum(cores.get(instance["InstanceType"], 0) for instance in standard if _site_of(instance) == wanted.site)
    return total, mine, wanted.machines * cores.get(wanted.instance_type, 0)


def _nat_uses(
    ec2: Client, quota_client: Client, gateways: Sequence[Resource], own: Collection[str], wanted: Wanted
) -> list[quotas.Use]:
    zone_of = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in _subnets(ec2)}
    total = Counter(zone_of.get(gateway.get("SubnetId", "")) for gateway in gateways)
    mine = Counter(
        zone_of.get(gateway.get("SubnetId", ""))
        for gateway in gateways
        if gateway["VpcId"] in own and gateway["State"] != "deleting"
    )
    zones = wanted.zones[: _nat_count(wanted)]
    limit = limit_of(quota_client, quotas.NAT_GATEWAYS) if zones else None
    return [quotas.Use(quotas.NAT_GATEWAYS, limit, total[zone], mine[zone], 1, zone) for zone in zones]
