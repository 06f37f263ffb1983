#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep how long a log group of CloudWatch Logs keeps what is written to it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatchlogs_retention
version_added: 0.1.0
short_description: Keep the retention of a log group of CloudWatch Logs
description:
  - Says how long a log group keeps what is written to it.
  - M(amazon.aws.cloudwatchlogs_log_group) creates the log group. Its own option writes in check mode, too, and has it
    delete the log group if AWS takes the number of days and the module does not know it.
options:
  log_group_name:
    description:
      - The log group's name. In check mode it need not be there yet.
    type: str
    required: true
  retention_in_days:
    description:
      - For how many days it keeps what is written to it.
    type: int
    required: true
    choices: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
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
- name: Keep the flow logs for eight years
  hasite.aws.cloudwatchlogs_retention:
    region: ap-northeast-1
    log_group_name: /shop/flow-logs
    retention_in_days: 2922
"""

RETURN = r"""
log_group:
  description: The log group.
  returned: always
  type: dict
  contains:
    log_group_name:
      description: Its name.
      returned: always
      type: str
      sample: /shop/flow-logs
    retention_in_days:
      description: For how many days it keeps what is written to it. In check mode, for how many it would.
      returned: always
      type: int
      sample: 2922
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._logs_retention import DAYS, ensure

ARGUMENTS = {
    "log_group_name": {"type": "str", "required": True},
    "retention_in_days": {"type": "int", "required": True, "choices": list(DAYS)},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(module, "log_group", lambda: ensure(module.client("logs"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
