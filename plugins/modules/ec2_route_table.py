#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manage a route table and the subnets that it is for."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_route_table
version_added: 0.1.0
short_description: Manage a route table and the subnets that it is for
description:
  - Unlike M(amazon.aws.ec2_vpc_route_table), this module moves a subnet from another route table in one step, so that
    it is never without its routes. It has a diff, and finds a table again that has lost one of its tags.
  - What others have written into the table by an endpoint or by propagation stays. Routes that somebody has made and
    that are not named are deleted, and subnets that are not named leave the table.
options:
  name:
    description:
      - The tag C(Name) of the route table, by which it is found in its VPC.
    type: str
    required: true
  vpc_id:
    description:
      - The ID of the VPC.
    type: str
    required: true
  subnet_ids:
    description:
      - The IDs of the subnets that the table is for.
    type: list
    elements: str
    default: []
  routes:
    description:
      - The routes, without that inside the VPC.
    type: list
    elements: dict
    default: []
    suboptions:
      destination:
        description:
          - The block of addresses, IPv4 or IPv6.
        type: str
        required: true
      target:
        description:
          - The ID of the gateway, interface or connection that leads there.
        type: str
        required: true
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: amazon.aws.ec2_vpc_route_table
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Route a private subnet to a NAT gateway
  hasite.aws.ec2_route_table:
    name: shop-private-a
    vpc_id: vpc-0123456789abcdef0
    subnet_ids: [subnet-0123456789abcdef0]
    routes:
      - destination: 0.0.0.0/0
        target: nat-0123456789abcdef0
"""

RETURN = r"""
route_table:
  description: The route table.
  returned: always
  type: dict
  contains:
    route_table_id:
      description: The ID.
      returned: always
      type: str
      sample: rtb-0123456789abcdef0
    vpc_id:
      description: The ID of the VPC.
      returned: always
      type: str
      sample: vpc-0123456789abcdef0
    routes:
      description: The routes that somebody has made.
      returned: always
      type: list
      elements: dict
      sample: [{destination: 0.0.0.0/0, target: nat-0123456789abcdef0}]
    subnet_ids:
      description: The subnets that the table is for.
      returned: always
      type: list
      elements: str
      sample: [subnet-0123456789abcdef0]
    tags:
      description: The tags.
      returned: always
      type: dict
      sample: {Name: shop-private-a}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._route_table import ensure

ROUTE = {"destination": {"type": "str", "required": True}, "target": {"type": "str", "required": True}}
ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "vpc_id": {"type": "str", "required": True},
    "subnet_ids": {"type": "list", "elements": "str", "default": []},
    "routes": {"type": "list", "elements": "dict", "default": [], "options": ROUTE},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(module, "route_table", lambda: ensure(module.client("ec2"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
