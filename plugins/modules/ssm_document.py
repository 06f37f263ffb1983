#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a document of Systems Manager."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_document
version_added: 0.1.0
short_description: Manage a document of AWS Systems Manager
description:
  - Creates, updates and deletes a document, such as the preferences of Session Manager.
  - An update makes a new version of the document and makes it the default one.
options:
  state:
    description:
      - Whether the document exists.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the document. It identifies the document.
    type: str
    required: true
  content:
    description:
      - The content of the document, as a dictionary or as JSON.
      - Required if O(state=present).
    type: dict
  document_type:
    description:
      - The type of the document. It cannot be changed later.
    type: str
    choices: [Automation, Command, Policy, Session]
    default: Session
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Log every shell session
  hasite.aws.ssm_document:
    name: shop-session
    content:
      schemaVersion: "1.0"
      description: Shell sessions of the shop
      sessionType: Standard_Stream
      inputs:
        cloudWatchLogGroupName: /shop/sessions
        cloudWatchEncryptionEnabled: false
        cloudWatchStreamingEnabled: true
        idleSessionTimeout: "20"

- name: Delete the document
  hasite.aws.ssm_document:
    name: shop-session
    state: absent
"""

RETURN = r"""
document:
  description: The document. Empty if it is absent.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the document.
      returned: if it is present
      type: str
      sample: shop-session
    document_type:
      description: The type of the document.
      returned: if it is present
      type: str
      sample: Session
    document_version:
      description: The default version.
      returned: if it is present
      type: str
      sample: "1"
    status:
      description: The state of the document.
      returned: if it is present
      type: str
      sample: Active
    content:
      description: The content of the default version.
      returned: if it is present
      type: dict
      sample: {schemaVersion: "1.0", sessionType: Standard_Stream}
    tags:
      description: The tags of the document.
      returned: if it is present
      type: dict
      sample: {Name: shop-session}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._ssm import ensure_document

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str", "required": True},
    "content": {"type": "dict"},
    "document_type": {"type": "str", "choices": ["Automation", "Command", "Policy", "Session"], "default": "Session"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS, supports_check_mode=True, required_if=[("state", "present", ["content"])]
    )
    conclude(module, "document", lambda: ensure_document(module.client("ssm"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
