#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cut subnets off, as if their zone had failed, and put them back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_subnet_isolation
version_added: 0.1.0
short_description: Cut subnets off, as if their zone had failed, and put them back
description:
  - Puts subnets behind a network ACL that lets nothing pass, so that all connections into and out of them end at once,
    those of load balancer nodes, NAT gateways and mount targets, too. The action C(aws:network:disrupt-connectivity) of
    AWS's Fault Injection Service does the same. Traffic within one subnet, to the VPC's resolver and to the instance
    metadata goes on, as network ACLs do not see it.
  - Notes at each subnet, by the tag O(mark), which network ACL it had, before it is cut off. With O(state=absent) each
    subnet goes back to that one, also if the run that has cut it off was killed, and then the tag and the network ACL
    that lets nothing pass go.
  - A subnet that others have put behind another network ACL in the meantime stays there.
options:
  state:
    description:
      - Whether the subnets are cut off.
    type: str
    choices: [present, absent]
    default: present
  subnet_ids:
    description:
      - The subnets, all of one VPC.
    type: list
    elements: str
    required: true
  mark:
    description:
      - The key of the tag that the subnets and the network ACL bear while the subnets are cut off.
    type: str
    default: hasite:isolated
  tags:
    description:
      - Further tags of the network ACL that lets nothing pass.
    type: dict
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: amazon.aws.ec2_vpc_nacl
  - module: hasite.aws.arc_zonal_shift
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: See how the site does without a zone
  block:
    - name: Cut the zone's subnets off
      hasite.aws.ec2_subnet_isolation:
        subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]

    - name: Look at the site for two minutes
      ansible.builtin.uri:
        url: https://www.example.com/
      loop: "{{ range(24) }}"
      loop_control:
        pause: 5
  always:
    - name: Put the subnets back
      hasite.aws.ec2_subnet_isolation:
        state: absent
        subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]
"""

RETURN = r"""
isolation:
  description: The subnets and their network ACLs.
  returned: always
  type: dict
  contains:
    network_acl_id:
      description: The network ACL that lets nothing pass. Empty if there is none.
      returned: always
      type: str
      sample: acl-0123456789abcdef0
    subnets:
      description: The subnets.
      returned: always
      type: list
      elements: dict
      contains:
        subnet_id:
          description: The ID of the subnet.
          returned: always
          type: str
          sample: subnet-0123456789abcdef0
        network_acl_id:
          description: The network ACL that the subnet has now.
          returned: always
          type: str
          sample: acl-0123456789abcdef0
        original_network_acl_id:
          description: The network ACL that it goes back to. Empty if it is not cut off.
          returned: always
          type: str
          sample: acl-0123456789abcdef1
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._subnet_isolation import ensure_absent, ensure_present

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "subnet_ids": {"type": "list", "elements": "str", "required": True},
    "mark": {"type": "str", "default": "hasite:isolated"},
    "tags": {"type": "dict"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    ensure = ensure_present if module.params["state"] == "present" else ensure_absent
    conclude(module, "isolation", lambda: ensure(module.client("ec2"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
