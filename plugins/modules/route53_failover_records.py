#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manage the failover pair of a name, from a load balancer to a distribution."""

from __future__ import annotations

DOCUMENTATION = r"""
module: route53_failover_records
version_added: 0.1.0
short_description: Manage the Route 53 failover records of a name, from a load balancer to a CloudFront distribution
description:
  - Gives a name a pair of alias records, PRIMARY to the load balancer and SECONDARY to the distribution, by one change,
    so that visitors find the name at every moment.
  - Refuses if the name has records that lead elsewhere. With O(take_over=true) these are replaced by the same change,
    and kept as JSON in a TXT record C(_hasite-replaced) below the name.
  - With O(state=absent) the pair is removed, and what it replaced is put back, by one change.
  - M(amazon.aws.route53) changes one record at a time, for which Route 53 allows no simple record beside a failover
    record of the same name.
options:
  state:
    description:
      - Whether the name has the pair.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name, in punycode.
    type: str
    required: true
  hosted_zone_id:
    description:
      - The ID of the hosted zone.
    type: str
    required: true
  site:
    description:
      - The name of the site, which is that of its load balancer. By it the site's own records are known.
    type: str
    required: true
  load_balancer_name:
    description:
      - The load balancer's own DNS name. Needed with O(state=present).
    type: str
  load_balancer_zone_id:
    description:
      - The hosted zone of the load balancer's own DNS name. Needed with O(state=present).
    type: str
  distribution_domain_name:
    description:
      - The distribution's own DNS name. Needed with O(state=present).
    type: str
  health_check_id:
    description:
      - The health check of the PRIMARY record. Without one, only the health of the load balancer's targets counts.
    type: str
  take_over:
    description:
      - Whether records of the name that lead elsewhere are replaced.
    type: bool
    default: false
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: amazon.aws.route53
  - module: hasite.aws.site_names_info
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Fail over from the load balancer to the error page
  hasite.aws.route53_failover_records:
    name: www.example.com
    hosted_zone_id: Z0123456789ABCDEFGHIJ
    site: shop
    load_balancer_name: shop-1234567890.ap-northeast-1.elb.amazonaws.com
    load_balancer_zone_id: Z14GRHDCWA56QT
    distribution_domain_name: d111111abcdef8.cloudfront.net
    health_check_id: 11111111-2222-3333-4444-555555555555

- name: Put back what was there before
  hasite.aws.route53_failover_records:
    state: absent
    name: www.example.com
    hosted_zone_id: Z0123456789ABCDEFGHIJ
    site: shop
"""

RETURN = r"""
records:
  description: The name's records.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      returned: always
      type: str
      sample: www.example.com
    record_sets:
      description: The record sets that decide where visitors go, in words.
      returned: always
      type: list
      elements: str
      sample: ["A to shop-1234567890.ap-northeast-1.elb.amazonaws.com (primary)"]
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._names.pairing import ensure

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str", "required": True},
    "hosted_zone_id": {"type": "str", "required": True},
    "site": {"type": "str", "required": True},
    "load_balancer_name": {"type": "str"},
    "load_balancer_zone_id": {"type": "str"},
    "distribution_domain_name": {"type": "str"},
    "health_check_id": {"type": "str"},
    "take_over": {"type": "bool", "default": False},
}
NEEDED = ["load_balancer_name", "load_balancer_zone_id", "distribution_domain_name"]


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS, required_if=[("state", "present", NEEDED)], supports_check_mode=True
    )
    conclude(module, "records", lambda: ensure(module.client("route53"), module.params, module.check_mode, module.warn))


if __name__ == "__main__":
    main()
