#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what AWS charges a month for resources that are merely there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: price_info
version_added: 0.1.0
short_description: Read what AWS charges a month for resources that are merely there
description:
  - Asks AWS's price list for the public On-Demand prices of a region, and multiplies. A month has 730 hours, as in
    AWS's calculator.
  - What is charged by use (traffic, requests, stored files, logs), taxes, free tiers and the account's own discounts
    are left out.
  - A price that the price list does not tell, or that the credentials may not read (C(pricing:GetProducts)), is null,
    and so is every sum that needs it.
  - Nothing is changed.
options:
  instance_type:
    description: The type of the Linux instances.
    type: str
  instances:
    description: The number of instances of O(instance_type).
    type: int
    default: 0
  volume_gib:
    description: The size of all gp3 volumes together, in GiB.
    type: int
    default: 0
  nat_gateways:
    description: The number of NAT gateways.
    type: int
    default: 0
  load_balancers:
    description: The number of Application Load Balancers.
    type: int
    default: 0
  public_addresses:
    description: The number of public IPv4 addresses in use, those of load balancers and NAT gateways included.
    type: int
    default: 0
  interface_endpoints:
    description: The number of interface endpoints of the VPC, each counted once for every zone that it is in.
    type: int
    default: 0
  hosted_zones:
    description: The number of hosted zones; the price is that of the account's first 25.
    type: int
    default: 0
  health_check_options:
    description:
      - The number of optional features of health checks, such as HTTPS and an interval of 10 seconds.
      - The checks themselves are free for the account's first 50 of AWS's own endpoints.
    type: int
    default: 0
  keys:
    description: The number of KMS keys.
    type: int
    default: 0
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
- name: Ask for the price of two instances behind a load balancer
  hasite.aws.price_info:
    region: ap-northeast-1
    instance_type: t3.micro
    instances: 2
    volume_gib: 32
    load_balancers: 1
    public_addresses: 2
  register: asked

- name: Show it
  ansible.builtin.debug:
    msg: "{{ asked.price.monthly }} USD a month"
"""

RETURN = r"""
price:
  description: What everything costs.
  returned: success
  type: dict
  contains:
    monthly:
      description: USD for everything a month. Null if one of the prices is not known.
      type: float
      sample: 42.48
    costs:
      description: The kinds of which there is at least one, in the order of the options.
      type: list
      elements: dict
      contains:
        what:
          description: The kind, as the option is called.
          type: str
          sample: instances
        count:
          description: How many.
          type: int
          sample: 2
        monthly:
          description: USD for all of them a month. Null if the price is not known.
          type: float
          sample: 19.86
    denied:
      description: Whether the credentials may not read the price list.
      type: bool
      sample: false
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude_info, error_code
from ansible_collections.hasite.aws.plugins.module_utils._prices.rates import Cost, total
from ansible_collections.hasite.aws.plugins.module_utils._prices.reading import COUNTS, HOME_REGION, costs_of

ARGUMENTS: dict[str, dict[str, Any]] = {
    "instance_type": {"type": "str"},
    # Numbers, also those of keys.
    **{name: {"type": "int", "default": 0, "no_log": False} for name in COUNTS},
}


def priced(module: Any) -> dict[str, Any]:
    """Return what everything costs, without a price where the credentials may not read the list."""
    denied, given = False, module.params
    try:
        costs = list(costs_of(module.client("pricing", region=HOME_REGION), given, module.region))
    except AnsibleAWSError as error:
        if error_code(error.exception) != "AccessDeniedException":
            raise
        denied, costs = True, [Cost(what, given[what], None) for what in COUNTS if given[what]]
    monthly = total(costs)
    return {
        "monthly": None if monthly is None else float(round(monthly, 2)),
        "costs": [
            {"what": cost.what, "count": cost.count, "monthly": None if cost.monthly is None else float(cost.monthly)}
            for cost in costs
        ],
        "denied": denied,
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    if module.params["instances"] and not module.params["instance_type"]:
        module.fail_json(msg="instances are given without their instance_type; name the type.")
    conclude_info(module, "price", lambda: priced(module))


if __name__ == "__main__":
    main()
