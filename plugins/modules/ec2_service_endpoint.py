#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manage a VPC endpoint of one of AWS's services."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_service_endpoint
version_added: 0.1.0
short_description: Manage a VPC endpoint of one of AWS's services
description:
  - Manages an endpoint by which a VPC reaches a service, with its policy, and with the route tables, subnets and
    security groups that it is for.
  - M(amazon.aws.ec2_vpc_endpoint) writes these when it creates the endpoint, and not later. It also knows a gateway
    endpoint by its route tables, so with one more or one less it tries to create a second one, which EC2 refuses.
options:
  vpc_id:
    description:
      - The ID of the VPC.
    type: str
    required: true
  service:
    description:
      - The name of the service, with its region.
    type: str
    required: true
  vpc_endpoint_type:
    description:
      - The kind of the endpoint. The private name of the service leads to one of V(Interface).
    type: str
    choices: [Gateway, Interface]
    default: Gateway
  policy:
    description:
      - Which calls pass through the endpoint, whatever the caller may do otherwise.
    type: json
    required: true
  route_table_ids:
    description:
      - The route tables that lead to an endpoint of O(vpc_endpoint_type=Gateway). Others that do so stay.
    type: list
    elements: str
  subnet_ids:
    description:
      - The subnets with an interface of an endpoint of O(vpc_endpoint_type=Interface), and no others.
    type: list
    elements: str
  security_group_ids:
    description:
      - The security groups of these interfaces, and no others.
    type: list
    elements: str
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: amazon.aws.ec2_vpc_endpoint
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Reach the account's own buckets only
  hasite.aws.ec2_service_endpoint:
    vpc_id: vpc-0123456789abcdef0
    service: com.amazonaws.ap-northeast-1.s3
    route_table_ids: [rtb-0123456789abcdef0]
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: "*"
          Action: s3:*
          Resource: "*"
          Condition: {StringEquals: {aws:ResourceAccount: "123456789012"}}
"""

RETURN = r"""
endpoint:
  description: The endpoint.
  returned: always
  type: dict
  contains:
    vpc_endpoint_id:
      description: The ID.
      returned: always
      type: str
      sample: vpce-0123456789abcdef0
    vpc_id:
      description: The ID of the VPC.
      returned: always
      type: str
      sample: vpc-0123456789abcdef0
    service_name:
      description: The service that it leads to.
      returned: always
      type: str
      sample: com.amazonaws.ap-northeast-1.s3
    vpc_endpoint_type:
      description: The kind of the endpoint.
      returned: always
      type: str
      sample: Gateway
    policy:
      description: The policy.
      returned: always
      type: dict
      sample: {Version: "2012-10-17", Statement: []}
    route_table_ids:
      description: The route tables that lead to it.
      returned: always
      type: list
      elements: str
      sample: [rtb-0123456789abcdef0]
    subnet_ids:
      description: The subnets with an interface of it.
      returned: always
      type: list
      elements: str
      sample: []
    security_group_ids:
      description: The security groups of these interfaces.
      returned: always
      type: list
      elements: str
      sample: []
    private_dns_enabled:
      description: Whether the private name of the service leads to it.
      returned: always
      type: bool
      sample: false
    tags:
      description: The tags.
      returned: always
      type: dict
      sample: {Name: shop-s3}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._service_endpoint import ensure

ARGUMENTS = {
    "vpc_id": {"type": "str", "required": True},
    "service": {"type": "str", "required": True},
    "vpc_endpoint_type": {"type": "str", "choices": ["Gateway", "Interface"], "default": "Gateway"},
    "policy": {"type": "json", "required": True},
    "route_table_ids": {"type": "list", "elements": "str"},
    "subnet_ids": {"type": "list", "elements": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(module, "endpoint", lambda: ensure(module.client("ec2"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
