#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell who drills which account, with which versions, and from which commit."""

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_circumstances_info
version_added: 0.1.0
short_description: Tell who drills which account, with which versions, and from which commit
description:
  - Returns what a report has to name so that others can tell where its figures are from, and have them again.
  - The account and the caller are those of the credentials (C(sts:GetCallerIdentity), which needs no permission).
options:
  folder:
    description:
      - The folder of the playbook. If it is in a Git repository, the commit is returned.
    type: path
    required: true
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.failover_report
extends_documentation_fragment:
  - hasite.aws._attributes.info
  - hasite.aws._attributes.action_group
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Note the circumstances
  hasite.aws.failover_circumstances_info:
    folder: "{{ playbook_dir }}"
    region: ap-northeast-1
  register: noted
"""

RETURN = r"""
circumstances:
  description: The circumstances.
  returned: always
  type: dict
  contains:
    account:
      description: The ID of the account.
      returned: always
      type: str
      sample: "123456789012"
    caller:
      description: The ARN of who has the credentials.
      returned: always
      type: str
      sample: arn:aws:sts::123456789012:assumed-role/drill/alice
    region:
      description: The region.
      returned: always
      type: str
      sample: ap-northeast-1
    user:
      description: The user by whom the module was run. Empty if the user has no name.
      returned: always
      type: str
      sample: alice
    controller:
      description: The host on which the module was run.
      returned: always
      type: str
      sample: laptop
    versions:
      description: The versions of ansible-core, of the collections, of the SDK and of Python.
      returned: always
      type: dict
      sample: {ansible-core: 2.21.0, hasite.aws: 0.1.0, amazon.aws: 11.4.0, boto3: 1.44.8, python: 3.13.1}
    commit:
      description: The commit that O(folder) is at. Empty if it is in no repository.
      returned: always
      type: str
      sample: 3f05a5a0d0e8e4d5f0c1b2a3948576f1e2d3c4b5
    modified:
      description: Whether files of that commit are changed.
      returned: always
      type: bool
      sample: false
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.common import AMAZON_AWS_COLLECTION_VERSION
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude_info
from ansible_collections.hasite.aws.plugins.module_utils._failover import circumstances

ARGUMENTS = {"folder": {"type": "path", "required": True}}


def gather(module: Any) -> dict[str, Any]:
    """Return the circumstances."""
    return {
        **circumstances.caller(module.client("sts")),
        "region": module.region,
        **circumstances.person(),
        "versions": circumstances.versions(module.ansible_version, AMAZON_AWS_COLLECTION_VERSION),
        **circumstances.commit(module.run_command, module.get_bin_path("git"), module.params["folder"]),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude_info(module, "circumstances", lambda: gather(module))


if __name__ == "__main__":
    main()
