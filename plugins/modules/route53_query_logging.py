#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Log the queries of a hosted zone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: route53_query_logging
version_added: 0.1.0
short_description: Log the DNS queries of a hosted zone to CloudWatch Logs
description:
  - Route 53 writes a line about each query that its name servers get for the zone, to a log group in C(us-east-1).
  - A zone has one query log at most. One that goes elsewhere is left alone, with a warning, and is never removed.
  - A resource policy has to let Route 53 write to the log group, see M(hasite.aws.cloudwatchlogs_resource_policy).
options:
  state:
    description:
      - Whether the queries are logged to the log group.
    type: str
    choices: [present, absent]
    default: present
  hosted_zone_id:
    description:
      - The ID of the public hosted zone.
    type: str
    required: true
  log_group_arn:
    description:
      - The ARN of the log group, with or without C(:*) at its end.
    type: str
    required: true
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.cloudwatchlogs_resource_policy
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Log the queries of the zone
  hasite.aws.route53_query_logging:
    hosted_zone_id: Z0123456789ABCDEFGHIJ
    log_group_arn: arn:aws:logs:us-east-1:123456789012:log-group:/shop/queries

- name: Log them no longer
  hasite.aws.route53_query_logging:
    state: absent
    hosted_zone_id: Z0123456789ABCDEFGHIJ
    log_group_arn: arn:aws:logs:us-east-1:123456789012:log-group:/shop/queries
"""

RETURN = r"""
query_logging:
  description: The zone's query log, also one of others. Empty if there is none.
  returned: always
  type: dict
  contains:
    id:
      description: The ID of the configuration.
      returned: if there is one
      type: str
      sample: 87654321-4321-4321-4321-210987654321
    hosted_zone_id:
      description: The ID of the hosted zone.
      returned: if there is one
      type: str
      sample: Z0123456789ABCDEFGHIJ
    log_group_arn:
      description: The ARN of the log group, without C(:*) at its end.
      returned: if there is one
      type: str
      sample: arn:aws:logs:us-east-1:123456789012:log-group:/shop/queries
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._query_logging import ensure

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "hosted_zone_id": {"type": "str", "required": True},
    "log_group_arn": {"type": "str", "required": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(
        module,
        "query_logging",
        lambda: ensure(module.client("route53"), module.params, module.check_mode, module.warn),
    )


if __name__ == "__main__":
    main()
