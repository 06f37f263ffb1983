#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shift the traffic of a load balancer away from a zone, and back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: arc_zonal_shift
version_added: 0.1.0
short_description: Shift the traffic of a resource away from an availability zone for a time
description:
  - Starts, changes and ends a zonal shift of the Application Recovery Controller. While it lasts, the name of a load
    balancer does not lead to its node in that zone, and with cross-zone balancing no node sends anything to targets
    there.
  - A resource is in one shift at most, and each shift ends by itself.
  - Shifts that AWS starts by itself, autoshifts and practice runs, are left alone; one's own comes before them. With
    O(state=absent), the module warns of an autoshift that goes on.
options:
  state:
    description:
      - Whether the resource is shifted away from O(away_from).
    type: str
    choices: [present, absent]
    default: present
  resource:
    description:
      - The ARN of the resource, such as an Application Load Balancer with the attribute C(zonal_shift.config.enabled).
    type: str
    required: true
  away_from:
    description:
      - The availability zone, by its name in this account or by its id.
      - If the resource is shifted away from another zone, that shift is ended first.
      - Required with O(state=present).
    type: str
  expires_in:
    description:
      - After how many minutes or hours the shift ends by itself, such as V(30m) or V(2h), at most V(72h).
      - Required with O(state=present).
    type: str
  renew:
    description:
      - Whether a shift that is there already lasts for O(expires_in) from now on. If not, it ends when it would have.
    type: bool
    default: false
  comment:
    description:
      - Why the traffic is shifted, for others who look at it.
    type: str
    default: Started by Ansible
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.arc_zonal_autoshift
  - module: hasite.aws.elbv2_load_balancer_attributes
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Send nobody to a zone that is in trouble, for two hours
  hasite.aws.arc_zonal_shift:
    resource: arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/shop/0123456789abcdef
    away_from: ap-northeast-1a
    expires_in: 2h
    comment: Errors in zone a since 09:40

- name: Renew the shift for two more hours
  hasite.aws.arc_zonal_shift:
    resource: arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/shop/0123456789abcdef
    away_from: ap-northeast-1a
    expires_in: 2h
    renew: true
    comment: Errors in zone a since 09:40

- name: Back to all zones
  hasite.aws.arc_zonal_shift:
    state: absent
    resource: arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/shop/0123456789abcdef
"""

RETURN = r"""
zonal_shift:
  description: The shift. Empty if the resource is in none.
  returned: always
  type: dict
  contains:
    zonal_shift_id:
      description: The ID of the shift.
      returned: if there is one
      type: str
      sample: 9c8f1a2e-0000-4000-8000-000000000000
    resource:
      description: The ARN of the resource.
      returned: if there is one
      type: str
      sample: arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/shop/0123456789abcdef
    away_from:
      description: The name of the zone in this account.
      returned: if there is one
      type: str
      sample: ap-northeast-1a
    away_from_id:
      description: The ID of the zone, which is the same in all accounts.
      returned: if there is one
      type: str
      sample: apne1-az4
    start_time:
      description: When the shift began.
      returned: if there is one
      type: str
      sample: "2027-01-31T12:00:00+00:00"
    expiry_time:
      description: When the shift ends.
      returned: if there is one
      type: str
      sample: "2027-01-31T14:00:00+00:00"
    comment:
      description: Why the traffic is shifted.
      returned: if there is one
      type: str
      sample: Errors in zone a since 09:40
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._zonal_shift import ensure_absent, ensure_present

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "resource": {"type": "str", "required": True},
    "away_from": {"type": "str"},
    "expires_in": {"type": "str"},
    "renew": {"type": "bool", "default": False},
    "comment": {"type": "str", "default": "Started by Ansible"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "present", ["away_from", "expires_in"])],
        supports_check_mode=True,
    )
    given = (module.client("arc-zonal-shift"), module.client("ec2"), module.params, module.check_mode)
    if module.params["state"] == "present":
        conclude(module, "zonal_shift", lambda: ensure_present(*given))
    else:
        conclude(module, "zonal_shift", lambda: ensure_absent(*given, module.warn))


if __name__ == "__main__":
    main()
