#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask AWS again and again how a site's machines, targets and checkers are, and record it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_watch
version_added: 0.1.0
short_description: Record the states of a site's machines, targets and health checkers, and of alarms
description:
  - Asks AWS at every O(interval) for the state of the machines, the health of the load balancer's targets, and how many
    of Route 53's checkers find the site healthy. Each look becomes one line of JSON in O(path).
  - Route 53 answers five calls a second for a whole account, of which this module takes one at an O(interval) of V(1).
  - Run it with C(async) and C(poll=0). It ends when O(stop_path) appears, when the file at O(path) is removed or
    replaced, and at the latest after O(duration).
options:
  instance_ids:
    description:
      - The machines.
    type: list
    elements: str
    required: true
  target_group_arn:
    description:
      - The target group.
    type: str
    required: true
  health_check_id:
    description:
      - The health check. Without it, checkers are not looked at.
    type: str
  alarms:
    description:
      - CloudWatch alarms whose states are recorded too, by their names in this region, or by their ARNs.
    type: list
    elements: str
    default: []
  path:
    description:
      - The file to which the looks are appended.
    type: path
    required: true
  stop_path:
    description:
      - The file whose appearance ends the module.
    type: path
    required: true
  duration:
    description:
      - The seconds after which the module ends in any case, at most 7200.
    type: float
    default: 1800
  interval:
    description:
      - The seconds between two looks, at least 0.2.
    type: float
    default: 1
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.failover_probe
  - module: hasite.aws.failover_wait
extends_documentation_fragment:
  - hasite.aws._attributes.recorder
  - hasite.aws._attributes.action_group
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Watch two machines for ten minutes in the background
  hasite.aws.failover_watch:
    instance_ids: [i-0123456789abcdef0, i-0123456789abcdef1]
    target_group_arn: "{{ read.site.target_groups[0].target_group_arn }}"
    health_check_id: "{{ read.site.health_checks[0].id }}"
    path: /tmp/drill/states.jsonl
    stop_path: /tmp/drill/stop
    duration: 600
  async: 660
  poll: 0
"""

RETURN = r"""
looks:
  description: The number of looks.
  returned: always
  type: int
  sample: 240
"""

import time
from functools import partial
from itertools import takewhile

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._failover import recording, watching
from ansible_collections.hasite.aws.plugins.module_utils._site.clients import client_maker

ARGUMENTS = {
    "instance_ids": {"type": "list", "elements": "str", "required": True},
    "target_group_arn": {"type": "str", "required": True},
    "health_check_id": {"type": "str"},
    "alarms": {"type": "list", "elements": "str", "default": []},
    **recording.ARGUMENTS,
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    if module.check_mode:
        module.exit_json(changed=False, looks=0)
    params = module.params
    client = client_maker(module)
    look = watching.Look(
        ec2=client("ec2", module.region),
        elbv2=client("elbv2", module.region),
        route53=client("route53", "us-east-1"),
        instance_ids=params["instance_ids"],
        target_group_arn=params["target_group_arn"],
        health_check_id=params["health_check_id"],
        alarms=params["alarms"],
        cloudwatch=partial(client, "cloudwatch"),
        region=module.region,
    )
    record = recording.Record(params["path"])
    looks = 0
    for dummy in takewhile(lambda _: record.is_wanted, recording.limits_of(params).ticks()):
        record.add({"at": time.time(), **look()})
        looks += 1
    module.exit_json(changed=True, looks=looks)


if __name__ == "__main__":
    main()
