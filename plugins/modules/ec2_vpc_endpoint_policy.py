#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the policy of a VPC endpoint."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_vpc_endpoint_policy
version_added: 0.1.0
short_description: Keep the policy of a VPC endpoint
description:
  - An endpoint's policy says which calls pass through it, whatever the caller may do otherwise.
  - M(amazon.aws.ec2_vpc_endpoint) writes it when it creates the endpoint, and not later.
options:
  vpc_endpoint_id:
    description:
      - The ID of the endpoint.
    type: str
    required: true
  policy:
    description:
      - The policy.
    type: json
    required: true
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: amazon.aws.ec2_vpc_endpoint
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Allow access to the account's own buckets only
  hasite.aws.ec2_vpc_endpoint_policy:
    vpc_endpoint_id: vpce-0123456789abcdef0
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
    service_name:
      description: The service that it leads to.
      returned: always
      type: str
      sample: com.amazonaws.ap-northeast-1.s3
    policy:
      description: The policy.
      returned: always
      type: dict
      sample: {Version: "2012-10-17", Statement: []}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._endpoint_policy import ensure

ARGUMENTS = {
    "vpc_endpoint_id": {"type": "str", "required": True},
    "policy": {"type": "json", "required": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(module, "endpoint", lambda: ensure(module.client("ec2"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
