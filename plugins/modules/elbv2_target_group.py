#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a target group of an Application Load Balancer with its targets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: elbv2_target_group
version_added: 0.1.0
short_description: Manage a target group of a load balancer, and the targets in it
description:
  - Manages a target group with its health check, its attributes and, if wanted, the targets registered in it.
  - Unlike M(community.aws.elb_target_group), this module has a check mode and a diff.
options:
  state:
    description:
      - Whether the target group exists.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the target group. It identifies the target group.
    type: str
    required: true
  vpc_id:
    description:
      - The VPC of the targets. It cannot be changed later.
      - Required to create a target group.
    type: str
  protocol:
    description:
      - The protocol to the targets. It cannot be changed later.
      - V(HTTP) for a new target group. If not given, an existing one keeps it.
    type: str
    choices: [HTTP, HTTPS]
  protocol_version:
    description:
      - The HTTP version to the targets. It cannot be changed later.
      - V(HTTP1) for a new target group. If not given, an existing one keeps it.
    type: str
    choices: [HTTP1, HTTP2, GRPC]
  port:
    description:
      - The port of targets that are registered without one. It cannot be changed later.
      - V(80) for a new target group. If not given, an existing one keeps it.
    type: int
  target_type:
    description:
      - What the targets are. It cannot be changed later.
      - V(instance) for a new target group. If not given, an existing one keeps it.
    type: str
    choices: [instance, ip]
  health_check_protocol:
    description:
      - The protocol of the health check.
      - V(HTTP) for a new target group. If not given, an existing one keeps it.
    type: str
    choices: [HTTP, HTTPS]
  health_check_port:
    description:
      - The port of the health check. V(traffic-port) is the port of each target.
      - V(traffic-port) for a new target group. If not given, an existing one keeps it.
    type: str
  health_check_path:
    description:
      - The path of the health check.
      - V(/) for a new target group. If not given, an existing one keeps it.
    type: str
  health_check_interval_seconds:
    description:
      - The seconds between two checks of a target.
      - V(30) for a new target group. If not given, an existing one keeps it.
    type: int
  health_check_timeout_seconds:
    description:
      - After how many seconds without an answer a check has failed.
      - V(5) for a new target group. If not given, an existing one keeps it.
    type: int
  healthy_threshold_count:
    description:
      - After how many successes in a row an unhealthy target is healthy.
      - V(5) for a new target group. If not given, an existing one keeps it.
    type: int
  unhealthy_threshold_count:
    description:
      - After how many failures in a row a healthy target is unhealthy.
      - V(2) for a new target group. If not given, an existing one keeps it.
    type: int
  matcher:
    description:
      - The statuses of a successful check, such as V(200) or V(200-399).
      - V(200) for a new target group. If not given, an existing one keeps it.
    type: str
  attributes:
    description:
      - Attributes of the target group by AWS's own names, such as C(deregistration_delay.timeout_seconds).
      - Attributes that are not named are left as they are.
    type: dict
    default: {}
  targets:
    description:
      - The targets to register. If not given, targets are left as they are.
    type: list
    elements: dict
    suboptions:
      id:
        description:
          - The ID of the instance, or the address with O(target_type=ip).
        type: str
        required: true
      port:
        description:
          - The port of the target, O(port) if not given.
        type: int
  purge_targets:
    description:
      - Whether targets that O(targets) does not name are taken out.
    type: bool
    default: true
  keep_healthy:
    description:
      - How many healthy targets have to stay when healthy ones are taken out. The module fails rather than leave fewer.
    type: int
    default: 0
  wait:
    description:
      - Whether to wait until every target of O(targets) is healthy, and every target that was taken out has no
        connections left.
      - Targets of a target group that no load balancer uses are never checked, so do not wait for them.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait.
    type: int
    default: 600
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: community.aws.elb_target_group_info
  - module: amazon.aws.elb_application_lb
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create a target group with two instances
  hasite.aws.elbv2_target_group:
    name: shop
    vpc_id: vpc-0123456789abcdef0
    health_check_path: /health.php
    health_check_interval_seconds: 10
    healthy_threshold_count: 2
    attributes:
      deregistration_delay.timeout_seconds: 30
    targets:
      - id: i-0123456789abcdef0
      - id: i-0123456789abcdef1

- name: Take all targets out and wait until their connections are closed
  hasite.aws.elbv2_target_group:
    name: shop
    targets: []
    wait: true

- name: Delete the target group
  hasite.aws.elbv2_target_group:
    name: shop
    state: absent
"""

RETURN = r"""
target_group:
  description: The target group. Empty if it is absent.
  returned: always
  type: dict
  contains:
    target_group_arn:
      description: The ARN of the target group.
      returned: if it is present
      type: str
      sample: arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/shop/0123456789abcdef
    target_group_name:
      description: The name of the target group.
      returned: if it is present
      type: str
      sample: shop
    vpc_id:
      description: The VPC of the targets.
      returned: if it is present
      type: str
      sample: vpc-0123456789abcdef0
    protocol:
      description: The protocol to the targets.
      returned: if it is present
      type: str
      sample: HTTP
    port:
      description: The port of targets that are registered without one.
      returned: if it is present
      type: int
      sample: 80
    load_balancer_arns:
      description: The load balancers that use the target group.
      returned: if it is present
      type: list
      elements: str
      sample: []
    health_check_path:
      description:
        - The path of the health check. Its other settings are returned too, by their options' names.
      returned: if it is present
      type: str
      sample: /health.php
    attributes:
      description: The attributes of the target group.
      returned: if it is present
      type: dict
      sample: {deregistration_delay.timeout_seconds: "30"}
    targets:
      description: The registered targets, sorted.
      returned: if it is present
      type: list
      elements: dict
      contains:
        id:
          description: The ID of the target.
          returned: always
          type: str
          sample: i-0123456789abcdef0
        port:
          description: The port of the target.
          returned: always
          type: int
          sample: 80
        state:
          description: Whether the target is healthy.
          returned: always
          type: str
          sample: healthy
        reason:
          description: Why the target is not healthy.
          returned: always
          type: str
          sample: Target.ResponseCodeMismatch
        description:
          description: Why the target is not healthy, in words.
          returned: always
          type: str
          sample: "Health checks failed with these codes: [500]"
        override:
          description:
            - What a zonal shift makes of it, such as V(zonal_shift_active).
            - Null if the load balancer's owner has not opted in.
          returned: always
          type: str
          sample: no_override
    tags:
      description: The tags of the target group.
      returned: if it is present
      type: dict
      sample: {Name: shop}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._target_group import ensure_absent, ensure_present

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str", "required": True},
    "vpc_id": {"type": "str"},
    "protocol": {"type": "str", "choices": ["HTTP", "HTTPS"]},
    "protocol_version": {"type": "str", "choices": ["HTTP1", "HTTP2", "GRPC"]},
    "port": {"type": "int"},
    "target_type": {"type": "str", "choices": ["instance", "ip"]},
    "health_check_protocol": {"type": "str", "choices": ["HTTP", "HTTPS"]},
    "health_check_port": {"type": "str"},
    "health_check_path": {"type": "str"},
    "health_check_interval_seconds": {"type": "int"},
    "health_check_timeout_seconds": {"type": "int"},
    "healthy_threshold_count": {"type": "int"},
    "unhealthy_threshold_count": {"type": "int"},
    "matcher": {"type": "str"},
    "attributes": {"type": "dict", "default": {}},
    "targets": {
        "type": "list",
        "elements": "dict",
        "options": {"id": {"type": "str", "required": True}, "port": {"type": "int"}},
    },
    "purge_targets": {"type": "bool", "default": True},
    "keep_healthy": {"type": "int", "default": 0},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 600},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    ensure = ensure_present if module.params["state"] == "present" else ensure_absent
    conclude(module, "target_group", lambda: ensure(module.client("elbv2"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
