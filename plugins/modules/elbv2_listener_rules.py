#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the rules of a listener that are one's own, beside those of others."""

from __future__ import annotations

DOCUMENTATION = r"""
module: elbv2_listener_rules
version_added: 0.1.0
short_description: Manage one's own rules of a load balancer's listener, and leave those of others alone
description:
  - Manages those rules of a listener that bear certain tags. Rules without them are somebody else's, and stay.
  - M(amazon.aws.elb_application_lb) either removes every rule that it is not told about, or none, and takes whatever
    has a rule's priority for that rule.
  - Rules are changed before others are removed, and moved in one call, so that no request falls between them.
options:
  load_balancer:
    description:
      - The name of the Application Load Balancer.
    type: str
    required: true
  port:
    description:
      - The port of the listener.
    type: int
    default: 443
  owner_tags:
    description:
      - The tags by which the rules are told from those of others, at least one. Each rule gets them.
      - Further tags of a rule stay.
    type: dict
    required: true
  rules:
    description:
      - The rules. Rules that bear O(owner_tags) and are not named here are removed.
      - A rule without the tags that has the conditions and the actions of a rule named here gets the tags.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The name of the rule, kept as its tag C(Name). It tells the rule from the others that bear O(owner_tags).
        type: str
        required: true
      priority:
        description:
          - The priority of the rule, from 1 to 50000; the lowest number is tried first.
          - If a rule of somebody else's has it, the rule gets the next one that is free. The rules keep their order.
        type: int
        required: true
      conditions:
        description:
          - The conditions as AWS's API has them, with C(Field) and such as C(HostHeaderConfig).
        type: list
        elements: dict
        required: true
      actions:
        description:
          - The actions as AWS's API has them, with C(Type) V(forward), V(redirect) or V(fixed-response).
          - C(TargetGroupName) may stand for C(TargetGroupArn).
        type: list
        elements: dict
        required: true
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: amazon.aws.elb_application_lb
  - module: hasite.aws.elbv2_target_group
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Send a host to a target group, whatever else the listener does
  hasite.aws.elbv2_listener_rules:
    load_balancer: shop
    owner_tags: {app: blog}
    rules:
      - name: blog
        priority: 200
        conditions:
          - Field: host-header
            HostHeaderConfig: {Values: [blog.example.com]}
        actions:
          - Type: forward
            TargetGroupName: blog

- name: Remove the rules again
  hasite.aws.elbv2_listener_rules:
    load_balancer: shop
    owner_tags: {app: blog}
    rules: []
"""

RETURN = r"""
listener:
  description: The listener, as far as it is the caller's.
  returned: always
  type: dict
  contains:
    rules:
      description: The rules that bear the tags, in the order in which they are tried.
      returned: always
      type: list
      elements: dict
      contains:
        rule_arn:
          description: The ARN of the rule.
          returned: always
          type: str
          sample: arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener-rule/app/shop/0123/4567/89ab
        name:
          description: The name of the rule.
          returned: always
          type: str
          sample: blog
        priority:
          description: The priority of the rule.
          returned: always
          type: int
          sample: 200
        conditions:
          description: The conditions, their values sorted.
          returned: always
          type: list
          elements: dict
          sample: [{Field: host-header, HostHeaderConfig: {Values: [blog.example.com]}}]
        actions:
          description: The actions.
          returned: always
          type: list
          elements: dict
          sample: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "404"}}]
        tags:
          description: The tags of the rule.
          returned: always
          type: dict
          sample: {app: blog, Name: blog}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._listener_rules import ensure

ARGUMENTS = {
    "load_balancer": {"type": "str", "required": True},
    "port": {"type": "int", "default": 443},
    "owner_tags": {"type": "dict", "required": True},
    "rules": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "priority": {"type": "int", "required": True},
            "conditions": {"type": "list", "elements": "dict", "required": True},
            "actions": {"type": "list", "elements": "dict", "required": True},
        },
    },
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(module, "listener", lambda: ensure(module.client("elbv2"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
