#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the name servers of a domain that is registered at Route 53."""

from __future__ import annotations

DOCUMENTATION = r"""
module: route53_domain_nameservers
version_added: 0.1.0
short_description: Set the name servers of a domain that is registered at Route 53
description:
  - If the domain is registered at Amazon Route 53 by this account, its name servers are set.
  - A domain that others serve is refused, for it would lose all its names. With O(take_over=true) it is taken over, and
    what its name servers were is kept in the tags C(hasite:replaced-name-servers) and C(hasite:site) of the domain.
  - With O(state=absent) these are set again, if the domain still has O(name_servers) and the tags name O(site).
  - If it is not, nothing is done and RV(domain.registered) is false. Then its owner has to set them at the registrar.
options:
  state:
    description:
      - Whether the domain has the name servers, or those again that it had before.
    type: str
    choices: [present, absent]
    default: present
  domain_name:
    description:
      - The registered domain, such as V(example.com), not a name below it.
    type: str
    required: true
  name_servers:
    description:
      - The name servers, such as the C(name_servers) of the hosted zone.
    type: list
    elements: str
    required: true
  take_over:
    description:
      - Whether name servers are replaced that are not among O(name_servers).
    type: bool
    default: false
  site:
    description:
      - The name of the site, kept with what was replaced. With O(state=absent) only what it has replaced is set again.
    type: str
  wait:
    description:
      - Whether to wait until Route 53 has passed the change on to the registry.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait.
    type: int
    default: 900
notes:
  - The registration service of Route 53 exists in the region C(us-east-1) only. The module uses it whatever O(region)
    says.
  - Without the right C(route53domains:ListDomains), the domain is taken as registered elsewhere, with a warning.
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.route53_delegation_info
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Delegate the domain to the hosted zone
  hasite.aws.route53_domain_nameservers:
    domain_name: example.com
    name_servers: "{{ zone.name_servers }}"

- name: Take a domain over that others serve
  hasite.aws.route53_domain_nameservers:
    domain_name: example.com
    name_servers: "{{ zone.name_servers }}"
    take_over: true
    site: shop

- name: Give it back to those
  hasite.aws.route53_domain_nameservers:
    state: absent
    domain_name: example.com
    name_servers: "{{ zone.name_servers }}"
    site: shop
"""

RETURN = r"""
domain:
  description: The domain.
  returned: always
  type: dict
  contains:
    domain_name:
      description: The name of the domain.
      returned: always
      type: str
      sample: example.com
    registered:
      description: Whether the domain is registered at Route 53 by this account.
      returned: always
      type: bool
      sample: true
    name_servers:
      description: The name servers, sorted. Empty if the domain is not registered at Route 53 by this account.
      returned: always
      type: list
      elements: str
      sample: [ns-1.awsdns-01.com, ns-2.awsdns-02.net]
    operation_id:
      description: The ID of the change at Route 53.
      returned: if the name servers were changed
      type: str
      sample: 308c56712-faa4-40fe-94c8-b423069de3f6
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._registered_domain import REGION, ensure

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "domain_name": {"type": "str", "required": True},
    "name_servers": {"type": "list", "elements": "str", "required": True},
    "take_over": {"type": "bool", "default": False},
    "site": {"type": "str"},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 900},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS, required_if=[("state", "absent", ["site"])], supports_check_mode=True
    )
    conclude(
        module,
        "domain",
        lambda: ensure(module.client("route53domains", region=REGION), module.params, module.check_mode, module.warn),
    )


if __name__ == "__main__":
    main()
