#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a flow log of a VPC."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_flow_log
version_added: 0.1.0
short_description: Manage a flow log of a VPC, a subnet or a network interface
description:
  - A flow log records which packets were accepted and rejected.
  - A flow log cannot be changed. If it differs from the options, it is replaced by a new one.
options:
  state:
    description:
      - Whether the flow log exists.
    type: str
    choices: [present, absent]
    default: present
  resource_id:
    description:
      - The ID of the VPC, subnet or network interface. Together with the destination it identifies the flow log.
    type: str
    required: true
  traffic_type:
    description:
      - Which traffic is recorded.
    type: str
    choices: [ACCEPT, REJECT, ALL]
    default: ALL
  log_group_name:
    description:
      - The log group of CloudWatch Logs to write to. Needs O(deliver_logs_permission_arn) too.
    type: str
  deliver_logs_permission_arn:
    description:
      - The ARN of the role that may write to O(log_group_name).
    type: str
  s3_destination_arn:
    description:
      - The ARN of the bucket, or of a prefix in it, to write to.
    type: str
  max_aggregation_interval:
    description:
      - The seconds that one record may cover.
    type: int
    choices: [60, 600]
    default: 600
  log_format:
    description:
      - The fields of a record. By default AWS's.
    type: str
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
- name: Record the traffic of a VPC in CloudWatch Logs
  hasite.aws.ec2_flow_log:
    resource_id: vpc-0123456789abcdef0
    log_group_name: /shop/flow
    deliver_logs_permission_arn: arn:aws:iam::123456789012:role/shop-flow-log

- name: Stop recording
  hasite.aws.ec2_flow_log:
    resource_id: vpc-0123456789abcdef0
    log_group_name: /shop/flow
    state: absent
"""

RETURN = r"""
flow_log:
  description: The flow log. Empty if it is absent.
  returned: always
  type: dict
  contains:
    flow_log_id:
      description: The ID of the flow log.
      returned: if it is present
      type: str
      sample: fl-0123456789abcdef0
    resource_id:
      description: What is recorded.
      returned: if it is present
      type: str
      sample: vpc-0123456789abcdef0
    flow_log_status:
      description: The state of the flow log.
      returned: if it is present
      type: str
      sample: ACTIVE
    traffic_type:
      description: Which traffic is recorded.
      returned: if it is present
      type: str
      sample: ALL
    log_destination_type:
      description: The kind of destination.
      returned: if it is present
      type: str
      sample: cloud-watch-logs
    log_group_name:
      description: The log group.
      returned: if it is present and writes to CloudWatch Logs
      type: str
      sample: /shop/flow
    deliver_logs_permission_arn:
      description: The role that writes to the log group.
      returned: if it is present and writes to CloudWatch Logs
      type: str
      sample: arn:aws:iam::123456789012:role/shop-flow-log
    log_destination:
      description: The bucket.
      returned: if it is present and writes to S3
      type: str
      sample: arn:aws:s3:::shop-logs
    max_aggregation_interval:
      description: The seconds that one record may cover.
      returned: if it is present
      type: int
      sample: 600
    tags:
      description: The tags of the flow log.
      returned: if it is present
      type: dict
      sample: {Name: shop}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._flow_log import ensure

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "resource_id": {"type": "str", "required": True},
    "traffic_type": {"type": "str", "choices": ["ACCEPT", "REJECT", "ALL"], "default": "ALL"},
    "log_group_name": {"type": "str"},
    "deliver_logs_permission_arn": {"type": "str"},
    "s3_destination_arn": {"type": "str"},
    "max_aggregation_interval": {"type": "int", "choices": [60, 600], "default": 600},
    "log_format": {"type": "str"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_one_of=[("log_group_name", "s3_destination_arn")],
        mutually_exclusive=[("log_group_name", "s3_destination_arn")],
    )
    params = module.params
    if params["state"] == "present" and params["log_group_name"] and not params["deliver_logs_permission_arn"]:
        module.fail_json(msg="log_group_name needs deliver_logs_permission_arn: a role that may write to it.")
    conclude(module, "flow_log", lambda: ensure(module.client("ec2"), params, module.check_mode))


if __name__ == "__main__":
    main()
