#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Set attributes of a load balancer for which M(amazon.aws.elb_application_lb) has no option."""

from __future__ import annotations

DOCUMENTATION = r"""
module: elbv2_load_balancer_attributes
version_added: 0.1.0
short_description: Set attributes of a load balancer by AWS's own names
description:
  - Sets those attributes of a load balancer that are named, and leaves the others as they are.
  - M(amazon.aws.elb_application_lb) knows some of the attributes only, and neither C(client_keep_alive.seconds) nor
    C(zonal_shift.config.enabled).
options:
  name:
    description:
      - The name of the load balancer.
    type: str
    required: true
  attributes:
    description:
      - The attributes by
        L(AWS's own names,https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html).
      - A name that the load balancer does not have is refused.
    type: dict
    required: true
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: amazon.aws.elb_application_lb
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Have clients connect anew each minute, and allow zonal shifts
  hasite.aws.elbv2_load_balancer_attributes:
    name: shop
    attributes:
      client_keep_alive.seconds: 60
      zonal_shift.config.enabled: true
"""

RETURN = r"""
load_balancer:
  description: The load balancer.
  returned: always
  type: dict
  contains:
    load_balancer_arn:
      description: The ARN of the load balancer.
      returned: if it is there
      type: str
      sample: arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/shop/0123456789abcdef
    attributes:
      description: All attributes of the load balancer.
      returned: always
      type: dict
      sample: {client_keep_alive.seconds: "60"}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._load_balancer_attributes import ensure

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "attributes": {"type": "dict", "required": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(module, "load_balancer", lambda: ensure(module.client("elbv2"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
