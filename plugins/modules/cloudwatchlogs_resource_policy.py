#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a resource policy of CloudWatch Logs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatchlogs_resource_policy
version_added: 0.1.0
short_description: Keep a resource policy of CloudWatch Logs
description:
  - A resource policy says which of AWS's services may write to which log groups of the account in a region.
  - There may be ten of them in a region.
options:
  state:
    description:
      - Whether there is a policy of this name.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The policy's name.
    type: str
    required: true
  policy:
    description:
      - The policy. Required if O(state=present).
    type: json
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: amazon.aws.cloudwatchlogs_log_group
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Allow Route 53 to log queries
  hasite.aws.cloudwatchlogs_resource_policy:
    region: us-east-1
    name: shop-queries
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: {Service: route53.amazonaws.com}
          Action: [logs:CreateLogStream, logs:PutLogEvents]
          Resource: arn:aws:logs:us-east-1:123456789012:log-group:/shop/queries:*
          Condition: {StringEquals: {aws:SourceAccount: "123456789012"}}
"""

RETURN = r"""
resource_policy:
  description: The policy. Empty if there is none.
  returned: always
  type: dict
  contains:
    name:
      description: Its name.
      returned: if there is one
      type: str
      sample: shop-queries
    policy:
      description: What it says.
      returned: if there is one
      type: dict
      sample: {Version: "2012-10-17", Statement: []}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._logs_policy import ensure

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str", "required": True},
    "policy": {"type": "json"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS, required_if=[("state", "present", ["policy"])], supports_check_mode=True
    )
    conclude(module, "resource_policy", lambda: ensure(module.client("logs"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
