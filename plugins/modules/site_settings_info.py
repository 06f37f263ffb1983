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
    description: The two availability zones; by default the region's first two usable ones.
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
  expected_endpoint_url:
    description:
      - The API endpoint that the inventory asks for, or nothing for AWS itself.
      - If the environment sets E(AWS_ENDPOINT_URL) all the same, the module fails.
    type: str
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes.info
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

import os
from dataclasses import asdict
from typing import Any

import botocore.exceptions
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.hasite.aws.plugins.module_utils import _settings
from ansible_collections.hasite.aws.plugins.module_utils._names.text import NamesError, parse_all


def usable_zones(ec2: Any) -> list[str]:
    """Return the names of the region's ordinary availability zones that are available."""
    filters = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    found = ec2.describe_availability_zones(Filters=filters, aws_retry=True)
    return [zone["ZoneName"] for zone in found["AvailabilityZones"]]


def site_blocks(ec2: Any) -> list[tuple[str, str]]:
    """Return (site tag, block) of every VPC that belongs to a site."""
    found = ec2.describe_vpcs(Filters=[{"Name": "tag-key", "Values": ["hasite:site"]}], aws_retry=True)
    return [
        (tag["Value"], vpc["CidrBlock"]) for vpc in found["Vpcs"] for tag in vpc["Tags"] if tag["Key"] == "hasite:site"
    ]


def image_of(ssm: Any, ec2: Any, parameter: str) -> tuple[str, str]:
    """Return the image that the parameter names and the name of its root device."""
    try:
        image_id = ssm.get_parameter(Name=parameter, aws_retry=True)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound as error:
        raise _settings.SettingsError(
            f"site_ami_parameter is {parameter!r}, which SSM does not know in this region; "
            "name a public parameter such as /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64."
        ) from error
    images = ec2.describe_images(ImageIds=[image_id], aws_retry=True)["Images"]
    return image_id, images[0]["RootDeviceName"]


def check_instance_type(ec2: Any, instance_type: str) -> None:
    """Refuse an instance type that the region does not offer."""
    offered = ec2.describe_instance_type_offerings(
        Filters=[{"Name": "instance-type", "Values": [instance_type]}], aws_retry=True
    )
    if not offered["InstanceTypeOfferings"]:
        raise _settings.SettingsError(
            f"site_instance_type is {instance_type!r}, which this region does not offer; choose one such as t3.small."
        )


def account_of(sts: Any) -> str:
    """Return the account's number, or say what is wrong with the credentials."""
    try:
        return str(sts.get_caller_identity(aws_retry=True)["Account"])
    except botocore.exceptions.NoCredentialsError as error:
        raise _settings.SettingsError(
            "No AWS credentials were found; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from error
    except botocore.exceptions.ClientError as error:
        raise _settings.SettingsError(
            f"AWS refused the credentials ({error.response['Error']['Code']}); check the profile or log in again."
        ) from error


def complete(module: Any) -> dict[str, Any]:
    """Return the complete settings; everything that needs no API is checked first."""
    given = module.params
    _settings.check_endpoint(given["expected_endpoint_url"], os.environ.get("AWS_ENDPOINT_URL"))
    _settings.check_name(given["name"])
    names = parse_all(given["domain"], given["aliases"])
    _settings.subnets_of(given["vpc_cidr"], ("-a", "-b"))
    retry = AWSRetry.jittered_backoff()
    account = account_of(module.client("sts", retry_decorator=retry))
    ec2 = module.client("ec2", retry_decorator=retry)
    zones = _settings.zones_of(module.region, usable_zones(ec2), given["availability_zones"])
    _settings.check_overlap(given["vpc_cidr"], given["name"], site_blocks(ec2))
    check_instance_type(ec2, given["instance_type"])
    image_id, root_device_name = image_of(module.client("ssm", retry_decorator=retry), ec2, given["ami_parameter"])
    return {
        "account_id": account,
        "availability_zones": zones,
        "image_id": image_id,
        "resolver": _settings.resolver_of(given["vpc_cidr"]),
        "root_device_name": root_device_name,
        "subnets": [asdict(subnet) for subnet in _settings.subnets_of(given["vpc_cidr"], zones)],
        "domain": names[0].ascii,
    }


ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "domain": {"type": "str", "required": True},
    "aliases": {"type": "list", "elements": "str", "default": []},
    "availability_zones": {"type": "list", "elements": "str"},
    "vpc_cidr": {"type": "str", "default": "10.0.0.0/16"},
    "instance_type": {"type": "str", "required": True},
    "ami_parameter": {"type": "str", "required": True},
    "expected_endpoint_url": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        settings = complete(module)
    except (_settings.SettingsError, NamesError) as error:
        module.fail_json(msg=str(error))
    except botocore.exceptions.ClientError as error:
        module.fail_json_aws(error, msg="AWS refused to describe what the site's settings name")
    module.exit_json(changed=False, settings=settings)


if __name__ == "__main__":
    main()
