#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manage zonal autoshift of a load balancer and its practice runs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: arc_zonal_autoshift
version_added: 0.1.0
short_description: Manage zonal autoshift of a load balancer
description:
  - Enables zonal autoshift of the Application Recovery Controller for a load balancer. AWS then shifts its traffic away
    from an availability zone when its own telemetry finds the zone in trouble, and back when the zone has recovered.
  - AWS wants practice runs for it. About once a week, it shifts the traffic away from a zone for 30 minutes, and looks
    at O(outcome_alarms) meanwhile. A run ends at once, and counts as failed, when one of them goes off.
  - Practice runs and autoshifts cost nothing.
options:
  state:
    description:
      - Whether practice runs are configured. With V(absent), autoshift is disabled before they are removed.
    type: str
    choices: [present, absent]
    default: present
  load_balancer:
    description:
      - The name of the load balancer, whose attribute C(zonal_shift.config.enabled) must be set.
    type: str
    required: true
  enabled:
    description:
      - Whether AWS may begin autoshifts. If not, there are practice runs only.
    type: bool
    default: true
  outcome_alarms:
    description:
      - The ARNs of CloudWatch alarms of the load balancer's region that go off if the site is not well, one at least.
      - Required with O(state=present).
    type: list
    elements: str
    default: []
  blocking_alarms:
    description:
      - The ARNs of CloudWatch alarms of the load balancer's region; no practice run begins while one has gone off.
    type: list
    elements: str
    default: []
  blocked_dates:
    description:
      - The dates (UTC) without practice runs, such as V(2027-01-31).
    type: list
    elements: str
    default: []
  blocked_windows:
    description:
      - Days and times (UTC) without practice runs, each within one day, such as V(Mon:09:00-Mon:17:30).
    type: list
    elements: str
    default: []
  allowed_windows:
    description:
      - The only days and times (UTC) of practice runs, in place of O(blocked_windows).
    type: list
    elements: str
    default: []
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.arc_zonal_shift
  - module: hasite.aws.elbv2_load_balancer_attributes
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Enable zonal autoshift, and have AWS practice it at night
  hasite.aws.arc_zonal_autoshift:
    load_balancer: shop
    outcome_alarms:
      - arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:shop-errors
    allowed_windows: [Tue:17:00-Tue:20:00]

- name: Have neither
  hasite.aws.arc_zonal_autoshift:
    state: absent
    load_balancer: shop
"""

RETURN = r"""
zonal_autoshift:
  description: What AWS may do. Empty if practice runs are not configured.
  returned: always
  type: dict
  contains:
    enabled:
      description: Whether AWS may begin autoshifts.
      returned: if practice runs are configured
      type: bool
      sample: true
    outcome_alarms:
      description: The ARNs of the alarms that end a practice run.
      returned: if practice runs are configured
      type: list
      elements: str
      sample: [arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:shop-errors]
    blocking_alarms:
      description: The ARNs of the alarms that keep a practice run from beginning.
      returned: if practice runs are configured
      type: list
      elements: str
      sample: []
    blocked_dates:
      description: The dates without practice runs.
      returned: if practice runs are configured
      type: list
      elements: str
      sample: []
    blocked_windows:
      description: The days and times without practice runs.
      returned: if practice runs are configured
      type: list
      elements: str
      sample: []
    allowed_windows:
      description: The only days and times of practice runs.
      returned: if practice runs are configured
      type: list
      elements: str
      sample: [Tue:17:00-Tue:20:00]
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._zonal_autoshift import ensure_absent, ensure_present

LIST = {"type": "list", "elements": "str", "default": []}
ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "load_balancer": {"type": "str", "required": True},
    "enabled": {"type": "bool", "default": True},
    "outcome_alarms": LIST,
    "blocking_alarms": LIST,
    "blocked_dates": LIST,
    "blocked_windows": LIST,
    "allowed_windows": LIST,
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    ensure = ensure_present if module.params["state"] == "present" else ensure_absent
    conclude(
        module,
        "zonal_autoshift",
        lambda: ensure(module.client("arc-zonal-shift"), module.client("elbv2"), module.params, module.check_mode),
    )


if __name__ == "__main__":
    main()
