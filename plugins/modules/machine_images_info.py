#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which machines have another image than new ones get."""

from __future__ import annotations

DOCUMENTATION = r"""
module: machine_images_info
version_added: 0.1.0
short_description: Tell which machines have another image than new ones get
description:
  - Compares the images that machines were started from with the one that a new machine would get now, and tells their
    names and when they were made.
  - The publisher of a distribution puts newer images behind its public parameter; a machine keeps the one it has.
  - Images that their publishers have deprecated are told, too. Of one that exists no longer there is only the ID.
options:
  machines:
    description:
      - The machines, each with C(name), C(instance_id) and C(image_id), as M(hasite.aws.site_info) returns them.
    type: list
    elements: dict
    required: true
  image_id:
    description: The image that a new machine would get, as M(hasite.aws.site_settings_info) returns it.
    type: str
    required: true
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes.info
  - hasite.aws._attributes.action_group
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
seealso:
  - module: hasite.aws.site_info
  - module: hasite.aws.site_settings_info
"""

EXAMPLES = r"""
- name: Read the live site
  hasite.aws.site_info:
    name: demo
    domain: www.example.com
  register: live

- name: Compare the machines' images with the newest one
  hasite.aws.machine_images_info:
    machines: "{{ live.site.instances }}"
    image_id: ami-0123456789abcdef0
  register: compared

- name: Show what is to be told of them
  ansible.builtin.debug:
    msg: "{{ compared.images.told }}"
"""

RETURN = r"""
images:
  description: The images.
  returned: success
  type: dict
  contains:
    wanted:
      description: The image that a new machine would get, with C(image_id), C(image_name) and C(creation_date).
      returned: always
      type: dict
      sample: {image_id: ami-0123456789abcdef0, image_name: debian-12-amd64-20260929-2251}
    machines:
      description:
        - The machines with C(name), C(instance_id), C(outdated), C(image_id), C(image_name) and C(creation_date), of
          which the last two are null if the image exists no longer.
      returned: always
      type: list
      elements: dict
      sample: [{name: demo-web-a, outdated: true, image_id: ami-0123456789abcdef1}]
    told:
      description: What a person is told, in sentences; empty if every machine has the image that a new one would get.
      returned: always
      type: list
      elements: str
      sample: ["demo-web-a has the image ami-0123456789abcdef1 (debian-12-amd64-20260915-2236, made on 2026-09-15)."]
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude_info
from ansible_collections.hasite.aws.plugins.module_utils._machine_images import compared, describe
from ansible_collections.hasite.aws.plugins.module_utils._resource import Resource

ARGUMENTS = {
    "machines": {"type": "list", "elements": "dict", "required": True},
    "image_id": {"type": "str", "required": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    machines, wanted = module.params["machines"], module.params["image_id"]

    def read() -> Resource:
        known = describe(module.client("ec2"), [wanted, *(machine["image_id"] for machine in machines)])
        found: Resource = compared(machines, wanted, known)
        return found

    conclude_info(module, "images", read)


if __name__ == "__main__":
    main()
