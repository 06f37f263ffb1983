#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell which name servers zones are delegated to."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_delegation_info
version_added: 0.1.0
short_description: Tell which name servers zones are delegated to, and whether these serve them
description:
  - Asks the name servers of each zone's parent zone, not a cache, which name servers the zone is delegated to, and then
    these whether they serve it.
  - A zone that is not delegated, such as a domain that nobody has registered, has no name servers.
  - All zones are asked about at the same time. What could not be asked is part of the result, never a failure.
  - The module asks name servers by DNS. It uses no AWS credentials.
options:
  zones:
    description:
      - The names of the zones, in punycode.
    type: list
    elements: str
    required: true
  resolver:
    description:
      - The addresses of recursive resolvers with which to find the parent zones. By default the system's.
    type: list
    elements: str
  resolver_port:
    description:
      - The port of the O(resolver).
    type: int
    default: 53
  query_timeout:
    description:
      - The seconds that one question may take.
    type: float
    default: 5
requirements:
  - python >= 3.9
  - dnspython >= 2.1
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.site_names_info
  - module: hasite.aws.route53_delegation_info
extends_documentation_fragment:
  - hasite.aws._attributes.info
"""

EXAMPLES = r"""
- name: Ask who serves a domain now
  hasite.aws.dns_delegation_info:
    zones: [example.com]
  register: asked

- name: Show its name servers
  ansible.builtin.debug:
    msg: "{{ asked.delegations['example.com'].name_servers }}"
"""

RETURN = r"""
delegations:
  description: What was found, by the name of the zone.
  returned: always
  type: dict
  sample:
    example.com: {name_servers: [ns-1.awsdns-01.com, ns-2.awsdns-02.net], served: true, problem: null}
  contains:
    name_servers:
      description: The name servers that the parent zone names. Empty if the zone is not delegated.
      returned: always
      type: list
      elements: str
      sample: [ns-1.awsdns-01.com, ns-2.awsdns-02.net]
    served:
      description: Whether one of them answers for the zone. Null if there are none.
      returned: always
      type: bool
      sample: true
    problem:
      description: Why nobody could be asked. Null if somebody could.
      returned: always
      type: str
      sample: null
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.hasite.aws.plugins.module_utils._delegation import HAS_DNSPYTHON, read_cuts

ARGUMENTS = {
    "zones": {"type": "list", "elements": "str", "required": True},
    "resolver": {"type": "list", "elements": "str"},
    "resolver_port": {"type": "int", "default": 53},
    "query_timeout": {"type": "float", "default": 5},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    if not HAS_DNSPYTHON:
        module.fail_json(msg=missing_required_lib("dnspython"))
    module.exit_json(changed=False, delegations=read_cuts(module.params))


if __name__ == "__main__":
    main()
