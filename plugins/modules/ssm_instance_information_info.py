#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell which machines Systems Manager reaches, and wait for them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_instance_information_info
version_added: 0.1.0
short_description: Tell which machines Systems Manager reaches, and wait for them
description:
  - Returns what the agents on the machines have told Systems Manager about themselves.
  - Can wait until machines are reachable by Session Manager. If they are not in time, the failure names the usual
    causes.
options:
  instance_ids:
    description:
      - The IDs of the machines. If not given, all machines that Systems Manager knows are returned.
      - Required if O(wait=true).
    type: list
    elements: str
  wait:
    description:
      - Whether to wait until every machine of O(instance_ids) is V(Online).
      - In check mode nothing is waited for.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait. A machine usually is online a minute after its start.
    type: int
    default: 600
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
- name: Wait until two machines can be reached
  hasite.aws.ssm_instance_information_info:
    instance_ids:
      - i-0123456789abcdef0
      - i-0123456789abcdef1
    wait: true
"""

RETURN = r"""
instances:
  description: The machines that Systems Manager knows, sorted by ID.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: The ID of the machine.
      returned: always
      type: str
      sample: i-0123456789abcdef0
    ping_status:
      description: Whether the agent has answered lately.
      returned: always
      type: str
      sample: Online
    last_ping_date_time:
      description: When the agent answered last.
      returned: always
      type: str
      sample: "2025-11-23T12:00:00+00:00"
    agent_version:
      description: The version of the agent.
      returned: always
      type: str
      sample: 3.3.2299.0
    platform_name:
      description: The distribution of the machine.
      returned: always
      type: str
      sample: Amazon Linux
    platform_version:
      description: The version of the distribution.
      returned: always
      type: str
      sample: "2023"
    ip_address:
      description: The private address of the machine.
      returned: always
      type: str
      sample: 10.0.32.20
    computer_name:
      description: The host name of the machine.
      returned: always
      type: str
      sample: ip-10-0-32-20.ap-northeast-1.compute.internal
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude_info
from ansible_collections.hasite.aws.plugins.module_utils._resource import Resource
from ansible_collections.hasite.aws.plugins.module_utils._ssm import list_instances, wait_until_online

ARGUMENTS = {
    "instance_ids": {"type": "list", "elements": "str"},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 600},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS, supports_check_mode=True, required_if=[("wait", True, ["instance_ids"])]
    )
    params = module.params

    def read() -> list[Resource]:
        client = module.client("ssm")
        if params["instance_ids"] == []:
            return []
        if params["wait"] and not module.check_mode:
            wait_until_online(client, params["instance_ids"], params["wait_timeout"])
        found: list[Resource] = list_instances(client, params["instance_ids"])
        return found

    conclude_info(module, "instances", read)


if __name__ == "__main__":
    main()
