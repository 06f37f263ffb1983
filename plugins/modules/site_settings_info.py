#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a site's settings against the account before anything is created."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_settings_info
version_added: 0.1.0
short_description: Check a site's settings against the account before anything is created
description:
  - Checks the settings of a site and fills in what follows from them, such as the four subnets' blocks.
  - Fails with one sentence that names the variable, what was found and what to do.
  - Names that a service reserves or finds too long, a region that is not enabled, an instance type that one of the
    zones lacks or that can't start the image, load balancers, target groups and roles of others that have the site's
    names, and service quotas into which the site does not fit are refused.
  - Nothing is changed.
options:
  name:
    description: The site's name, which is the prefix of every resource's name.
    type: str
    required: true
  domain:
    description: The name that visitors type, as they type it.
    type: str
    required: true
  aliases:
    description: Further names, which redirect to O(domain).
    type: list
    elements: str
    default: []
  availability_zones:
    description:
      - The two availability zones; by default the region's first two usable ones.
      - Those of a site that is built stay, in their order. Others are refused, and so are another region and another
        O(vpc_cidr).
    type: list
    elements: str
  vpc_cidr:
    description: The VPC's block, which is cut into four subnets.
    type: str
    default: 10.0.0.0/16
  instance_type:
    description: The machines' instance type.
    type: str
    required: true
  ami_parameter:
    description: The public SSM parameter that names the machines' image.
    type: str
    required: true
  nat:
    description:
      - How the machines reach the internet.
      - This decides how many NAT gateways and Elastic IP addresses the site takes.
    type: str
    choices: [per_az, single, none]
    default: per_az
  check_quotas:
    description:
      - Whether the module fails when the site does not fit into the account's service quotas.
      - Quotas that the credentials may not read (C(servicequotas:GetServiceQuota)) are never a reason to fail.
    type: bool
    default: true
  expected_endpoint_url:
    description:
      - The API endpoint that the inventory asks for, or nothing for AWS itself.
      - If the environment sets E(AWS_ENDPOINT_URL) all the same, the module fails.
    type: str
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes.info
  - hasite.aws._attributes.action_group
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Check the settings
  hasite.aws.site_settings_info:
    name: demo
    domain: www.example.com
    instance_type: t3.small
    ami_parameter: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64
    region: ap-northeast-1
  register: checked

- name: Show the subnets to be
  ansible.builtin.debug:
    var: checked.settings.subnets
"""

RETURN = r"""
settings:
  description: The settings, complete.
  returned: success
  type: dict
  contains:
    account_id:
      description: The account that the credentials belong to.
      type: str
      sample: "123456789012"
    availability_zones:
      description: The two availability zones.
      type: list
      elements: str
      sample: [ap-northeast-1a, ap-northeast-1c]
    image_id:
      description: The image that the SSM parameter names now.
      type: str
      sample: ami-0123456789abcdef0
    quotas:
      description:
        - How much of each service quota is in use, for the region or for a zone, and how much the site still takes.
        - The key C(limit) is null where the credentials may not read the quota.
      type: list
      elements: dict
      sample: [{"name": "vpcs", "place": "ap-northeast-1", "limit": 5.0, "used": 1, "missing": 1, "fits": true}]
    resolver:
      description: The address of the VPC's resolver, the block's base plus two.
      type: str
      sample: 10.0.0.2
    root_device_name:
      description: The name of the image's root device.
      type: str
      sample: /dev/xvda
    subnets:
      description: The four subnets.
      type: list
      elements: dict
      sample: [{"name": "public-a", "kind": "public", "zone": "ap-northeast-1a", "cidr": "10.0.0.0/20"}]
    domain:
      description: The domain in small letters and punycode.
      type: str
      sample: www.example.com
"""

import functools
import os
from dataclasses import asdict
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import fail
from ansible_collections.hasite.aws.plugins.module_utils._names.text import NamesError, parse_all
from ansible_collections.hasite.aws.plugins.module_utils._settings import (
    endpoint,
    machines,
    names,
    network,
    owners,
    quotas,
    reading,
    regions,
)
from ansible_collections.hasite.aws.plugins.module_utils._settings.error import SettingsError

MACHINES = 2
"""One in each zone."""


def check_region(module: Any) -> None:
    """Refuse a region that does not exist, that the account has not enabled, or where no site can be."""
    regions.check_partition(module.region, reading.partition_of(module.region))
    # Only a region that is enabled answers, so another one is asked about it.
    regions.check_region(module.region, reading.region_statuses(module.client("ec2", region=reading.HOME_REGION)))


def check_home(s3: Any, site: str, account: str, region: str) -> None:
    """Refuse another region than the one in which the site is built."""
    bucket = f"{site}-content-{account}"
    regions.check_home(site, region, bucket, reading.region_of_bucket(s3, bucket))


def check_machines(given: dict[str, Any], region: str, zones: list[str], ec2: Any, ssm: Any) -> dict[str, Any]:
    """Return the image; refuse an instance type that one of the zones lacks or that can't start it."""
    name = given["instance_type"]
    machines.check_offered(name, region, zones, reading.zones_offering(ec2, name))
    image: dict[str, Any] = reading.image_of(ssm, ec2, given["ami_parameter"])
    machines.check_image(given["ami_parameter"], image, name, reading.instance_types(ec2, [name])[name])
    return image


def complete(module: Any) -> dict[str, Any]:
    """Return the complete settings; everything that needs no API is checked first."""
    given = module.params
    endpoint.check_endpoint(given["expected_endpoint_url"], os.environ.get("AWS_ENDPOINT_URL"))
    names.check_name(given["name"])
    domain = parse_all(given["domain"], given["aliases"])[0]
    network.subnets_of(given["vpc_cidr"], ("-a", "-b"))
    account = reading.account_of(module.client("sts", region=reading.HOME_REGION))
    check_region(module)
    clients = functools.cache(module.client)
    ec2 = clients("ec2")
    check_home(clients("s3"), given["name"], account, module.region)
    built = reading.built_zones(ec2, given["name"])
    usable = reading.usable_zones(ec2)
    zones = network.zones_of(module.region, usable, given["availability_zones"], built, given["name"])
    network.check_block(given["vpc_cidr"], given["name"], reading.site_blocks(reading.vpcs(ec2)))
    owners.check_names(clients, given["name"])
    image = check_machines(given, module.region, zones, ec2, clients("ssm"))
    wanted = reading.Wanted(given["name"], module.region, zones, given["nat"], given["instance_type"], MACHINES)
    uses = reading.uses_of(clients, wanted)
    if given["check_quotas"]:
        quotas.check_quotas(uses)
    return {
        "account_id": account,
        "availability_zones": zones,
        "image_id": image["ImageId"],
        "quotas": quotas.as_data(uses),
        "resolver": network.resolver_of(given["vpc_cidr"]),
        "root_device_name": image["RootDeviceName"],
        "subnets": [asdict(subnet) for subnet in network.subnets_of(given["vpc_cidr"], zones)],
        "domain": domain.ascii,
    }


ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "domain": {"type": "str", "required": True},
    "aliases": {"type": "list", "elements": "str", "default": []},
    "availability_zones": {"type": "list", "elements": "str"},
    "vpc_cidr": {"type": "str", "default": "10.0.0.0/16"},
    "instance_type": {"type": "str", "required": True},
    "ami_parameter": {"type": "str", "required": True},
    "nat": {"type": "str", "choices": ["per_az", "single", "none"], "default": "per_az"},
    "check_quotas": {"type": "bool", "default": True},
    "expected_endpoint_url": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        settings = complete(module)
    except (SettingsError, NamesError) as error:
        module.fail_json(msg=str(error))
    except AnsibleAWSError as error:
        fail(module, error)
    module.exit_json(changed=False, settings=settings)


if __name__ == "__main__":
    main()
