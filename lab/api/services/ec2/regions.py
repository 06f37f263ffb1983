# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions, zones and the names of resource types as AWS has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2 import utils
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone
from moto.ec2.responses.availability_zones_and_regions import AvailabilityZonesAndRegions

from lab.api.moto.extension import replaces

_ENABLED = (
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    *("ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
)
"""The regions that every account has from the start.
https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html"""
_OTHER_PARTITIONS = ("us-gov-", "cn-")
_TYPES = {"nat": "natgateway", "eipalloc": "elastic-ip", "pl": "prefix-list", "fl": "vpc-flow-log"}
"""Resource types by the prefix of their ids, where moto's name is not AWS's.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagSpecification.html"""
_MISSING_TYPES = {"pg": "placement-group"}
"""Those of resources that moto has not."""


def extend() -> None:
    """Name things as AWS does."""
    utils.EC2_RESOURCE_TO_PREFIX.update({kind: prefix for prefix, kind in _MISSING_TYPES.items()})
    utils.EC2_PREFIX_TO_RESOURCE.update(_TYPES | _MISSING_TYPES)
    Zone.opt_in_status = "opt-in-not-required"
    Zone.group_name = Zone.network_border_group = property(lambda zone: zone.region_name)

    @replaces(RegionsAndZonesBackend, "describe_regions")
    def describe_regions(_original: Callable[..., Any], self: Any, region_names: list[str] | None = None) -> list[Any]:
        regions = [region for region in self.regions if not region.name.startswith(_OTHER_PARTITIONS)]
        for region in regions:
            region.opt_in_status = "opt-in-not-required" if region.name in _ENABLED else "not-opted-in"
        for name in region_names or ():
            if name not in {region.name for region in regions}:
                raise EC2ClientError("InvalidParameterValue", f"Invalid region: [{name}]")
        return [region for region in regions if not region_names or region.name in region_names]

    @replaces(AvailabilityZonesAndRegions, "describe_regions")
    def describe(_original: Callable[..., Any], self: Any) -> Any:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html (AllRegions, Filter)."""
        self.error_on_dryrun()
        names, filters = self._get_param("RegionNames", []), self._filters_from_querystring()
        found = self.ec2_backend.describe_regions(names)
        if not (names or self._get_bool_param("AllRegions", False)):
            found = [region for region in found if region.name in _ENABLED]
        for key, attribute in (("opt-in-status", "opt_in_status"), ("region-name", "name"), ("endpoint", "endpoint")):
            if key in filters:
                found = [region for region in found if getattr(region, attribute) in filters[key]]
        return ActionResult({"Regions": found})

    @replaces(RegionsAndZonesBackend, "describe_availability_zones")
    def describe_availability_zones(original: Callable[..., Any], self: Any, filters: Any = None, **kwargs: Any) -> Any:
        filters = dict(filters or {})
        statuses = filters.pop("opt-in-status", None)
        found = original(self, filters or None, **kwargs)
        return [region for region in found if not statuses or region.opt_in_status in statuses]
