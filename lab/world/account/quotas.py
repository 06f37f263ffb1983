# SPDX-License-Identifier: GPL-3.0-or-later
"""The service quotas of a region that the lab heeds, with AWS's defaults. Pure.

https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.base.errors import LabError


@dataclass(frozen=True)
class Quota:
    """A quota as Service Quotas shows it."""

    service: str
    code: str
    name: str
    default: float
    """What AWS gives a new account."""
    applied: float
    """What the lab's account has until it asks for more."""


# https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
VPCS = Quota("vpc", "L-F678F1CE", "VPCs per Region", 5, 5)
INTERNET_GATEWAYS = Quota("vpc", "L-A4707A72", "Internet gateways per Region", 5, 5)
NAT_GATEWAYS = Quota("vpc", "L-FE5A380F", "NAT gateways per Availability Zone", 5, 5)
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/elastic-ip-addresses-eip.html#using-instance-addressing-limit
ADDRESSES = Quota("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5, 5)
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html#ec2-on-demand-instances-limits
# AWS raises it by itself as an account is used; the lab's account has been used for long.
VCPUS = Quota("ec2", "L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5, 256)
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
LOAD_BALANCERS = Quota("elasticloadbalancing", "L-53DA6B97", "Application Load Balancers per Region", 50, 50)
QUOTAS = (VPCS, INTERNET_GATEWAYS, NAT_GATEWAYS, ADDRESSES, VCPUS, LOAD_BALANCERS)

_OTHER_FAMILIES = ("dl", "hpc", "inf", "mac", "trn")


NAMES = {
    "vpcs": VPCS,
    "internet-gateways": INTERNET_GATEWAYS,
    "nat-gateways": NAT_GATEWAYS,
    "addresses": ADDRESSES,
    "vcpus": VCPUS,
    "load-balancers": LOAD_BALANCERS,
}
"""The words of `lab up --quotas`."""


def read(option: str) -> dict[str, float]:
    """Return the quotas of `vpcs=2,addresses=10` by their codes; raise the sentence for the user."""
    found = {}
    for word in filter(None, option.split(",")):
        name, _, number = word.partition("=")
        if name not in NAMES or not number.isdecimal():
            raise LabError(f"--quotas has {word!r}; use a number for one of {', '.join(NAMES)}, such as vpcs=2.")
        found[NAMES[name].code] = float(number)
    return found


def is_standard(instance_type: str) -> bool:
    """Return whether an instance type counts to the quota of Standard instances."""
    return instance_type[:1] in "acdhimrtz" and not instance_type.startswith(_OTHER_FAMILIES)


def find(service: str, code: str) -> Quota | None:
    """Return the quota with these codes, or None if the lab knows none."""
    return next((quota for quota in QUOTAS if (quota.service, quota.code) == (service, code)), None)
