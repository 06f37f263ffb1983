#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep an EFS file system with its mount targets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: efs_file_system
version_added: 0.1.0
short_description: Manage an EFS file system and its mount targets
description:
  - Manages a file system with its mount targets, backup, policy and lifecycle.
  - Unlike M(community.aws.efs), this module has a check mode and a diff, knows elastic throughput, backup and the file
    system policy, and uses no deprecated calls.
options:
  state:
    description:
      - Whether the file system exists.
      - With V(absent), the mount targets and the file system, with all its files, are deleted.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the file system, kept in its C(Name) tag. It identifies the file system.
    type: str
    required: true
  encrypted:
    description:
      - Whether the files are encrypted at rest. It cannot be changed later.
      - V(true) for a new file system. If not given, an existing one keeps it.
    type: bool
  kms_key_id:
    description:
      - The key to encrypt with. By default AWS's own key for EFS. It cannot be changed later.
    type: str
  performance_mode:
    description:
      - The performance mode. It cannot be changed later.
      - V(generalPurpose) for a new file system. If not given, an existing one keeps it.
    type: str
    choices: [generalPurpose, maxIO]
  throughput_mode:
    description:
      - How throughput is given and billed. V(elastic) suits small trees of files that are read often.
      - V(elastic) for a new file system. If not given, an existing one keeps it.
    type: str
    choices: [bursting, elastic, provisioned]
  provisioned_throughput_in_mibps:
    description:
      - The throughput in MiB a second. Required if O(throughput_mode=provisioned).
    type: float
  backup:
    description:
      - Whether AWS Backup makes daily backups of the file system. If not given, it is left as it is.
    type: bool
  policy:
    description:
      - The resource policy of the file system, as a dictionary or as JSON.
      - If not given, it is left as it is. If it is empty, it is removed, and everybody who reaches a mount target is
        admitted.
    type: dict
  transition_to_ia:
    description:
      - After how long unused files move to infrequent access storage. If not given, it is left as it is.
    type: str
    choices:
      - none
      - AFTER_1_DAY
      - AFTER_7_DAYS
      - AFTER_14_DAYS
      - AFTER_30_DAYS
      - AFTER_60_DAYS
      - AFTER_90_DAYS
      - AFTER_180_DAYS
      - AFTER_270_DAYS
      - AFTER_365_DAYS
  transition_to_primary_storage_class:
    description:
      - When files come back from infrequent access storage. If not given, it is left as it is.
    type: str
    choices: [none, AFTER_1_ACCESS]
  mount_targets:
    description:
      - Where the file system can be mounted from, one for each availability zone.
      - If not given, mount targets are left as they are. If given, mount targets in other subnets are deleted.
    type: list
    elements: dict
    suboptions:
      subnet_id:
        description:
          - The subnet of the mount target.
        type: str
        required: true
      security_groups:
        description:
          - The IDs of the security groups of the mount target. If not given, they are left as they are.
        type: list
        elements: str
  wait:
    description:
      - Whether to wait until the file system itself is available, or gone.
      - It is always waited for when mount targets have to be made or when it is deleted.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait for the file system.
    type: int
    default: 300
  mount_targets_wait:
    description:
      - Whether to wait until the mount targets are available. They take one to two minutes.
    type: bool
    default: false
  mount_targets_wait_timeout:
    description:
      - How many seconds to wait for the mount targets.
    type: int
    default: 900
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: community.aws.efs_info
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create a file system in two availability zones without waiting for its mount targets
  hasite.aws.efs_file_system:
    name: shop
    backup: true
    mount_targets:
      - subnet_id: subnet-0123456789abcdef0
        security_groups: [sg-0123456789abcdef0]
      - subnet_id: subnet-0123456789abcdef1
        security_groups: [sg-0123456789abcdef0]
    policy:
      Version: "2012-10-17"
      Statement:
        - Sid: OnlyOverTls
          Effect: Deny
          Principal: "*"
          Action: "*"
          Resource: "*"
          Condition:
            Bool:
              aws:SecureTransport: "false"

- name: Wait until it can be mounted
  hasite.aws.efs_file_system:
    name: shop
    mount_targets_wait: true

- name: Delete the file system with all its files
  hasite.aws.efs_file_system:
    name: shop
    state: absent
"""

RETURN = r"""
file_system:
  description: The file system. Empty if it is absent.
  returned: always
  type: dict
  contains:
    file_system_id:
      description: The ID of the file system.
      returned: if it is present
      type: str
      sample: fs-0123456789abcdef0
    file_system_arn:
      description: The ARN of the file system.
      returned: if it is present
      type: str
      sample: arn:aws:elasticfilesystem:ap-northeast-1:123456789012:file-system/fs-0123456789abcdef0
    name:
      description: The name of the file system.
      returned: if it is present
      type: str
      sample: shop
    life_cycle_state:
      description: The state of the file system.
      returned: if it is present
      type: str
      sample: available
    dns_name:
      description: The name to mount the file system by. In a VPC it leads to the mount target of the asker's zone.
      returned: if it is present
      type: str
      sample: fs-0123456789abcdef0.efs.ap-northeast-1.amazonaws.com
    encrypted:
      description: Whether the files are encrypted at rest.
      returned: if it is present
      type: bool
      sample: true
    kms_key_id:
      description: The ARN of the key.
      returned: if it is present and encrypted
      type: str
      sample: arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555
    performance_mode:
      description: The performance mode.
      returned: if it is present
      type: str
      sample: generalPurpose
    throughput_mode:
      description: How throughput is given and billed.
      returned: if it is present
      type: str
      sample: elastic
    provisioned_throughput_in_mibps:
      description: The provisioned throughput.
      returned: if it is present
      type: float
      sample: null
    backup:
      description: Whether AWS Backup makes daily backups.
      returned: if it is present
      type: bool
      sample: true
    policy:
      description: The policy of the file system. Empty if there is none.
      returned: if it is present
      type: dict
      sample: {}
    transition_to_ia:
      description: After how long unused files move to infrequent access storage.
      returned: if it is present
      type: str
      sample: none
    transition_to_primary_storage_class:
      description: When files come back from infrequent access storage.
      returned: if it is present
      type: str
      sample: none
    mount_targets:
      description: The mount targets, sorted by subnet.
      returned: if it is present
      type: list
      elements: dict
      contains:
        mount_target_id:
          description: The ID of the mount target.
          returned: always
          type: str
          sample: fsmt-0123456789abcdef0
        subnet_id:
          description: The subnet of the mount target.
          returned: always
          type: str
          sample: subnet-0123456789abcdef0
        ip_address:
          description: The address of the mount target.
          returned: always
          type: str
          sample: 10.0.32.10
        availability_zone_name:
          description: The availability zone of the mount target.
          returned: always
          type: str
          sample: ap-northeast-1a
        life_cycle_state:
          description: The state of the mount target.
          returned: always
          type: str
          sample: available
        security_groups:
          description: The IDs of the security groups, sorted.
          returned: always
          type: list
          elements: str
          sample: [sg-0123456789abcdef0]
    tags:
      description: The tags of the file system.
      returned: if it is present
      type: dict
      sample: {Name: shop}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._efs import ensure_absent, ensure_present

TO_IA = ["none", *(f"AFTER_{days}" for days in ("1_DAY", "7_DAYS", "14_DAYS", "30_DAYS", "60_DAYS", "90_DAYS"))]
TO_IA += ["AFTER_180_DAYS", "AFTER_270_DAYS", "AFTER_365_DAYS"]

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str", "required": True},
    "encrypted": {"type": "bool"},
    "kms_key_id": {"type": "str"},
    "performance_mode": {"type": "str", "choices": ["generalPurpose", "maxIO"]},
    "throughput_mode": {"type": "str", "choices": ["bursting", "elastic", "provisioned"]},
    "provisioned_throughput_in_mibps": {"type": "float"},
    "backup": {"type": "bool"},
    "policy": {"type": "dict"},
    "transition_to_ia": {"type": "str", "choices": TO_IA},
    "transition_to_primary_storage_class": {"type": "str", "choices": ["none", "AFTER_1_ACCESS"]},
    "mount_targets": {
        "type": "list",
        "elements": "dict",
        "options": {
            "subnet_id": {"type": "str", "required": True},
            "security_groups": {"type": "list", "elements": "str"},
        },
    },
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
    "mount_targets_wait": {"type": "bool", "default": False},
    "mount_targets_wait_timeout": {"type": "int", "default": 900},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_if=[("throughput_mode", "provisioned", ["provisioned_throughput_in_mibps"])],
    )
    ensure = ensure_present if module.params["state"] == "present" else ensure_absent
    conclude(module, "file_system", lambda: ensure(module.client("efs"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
