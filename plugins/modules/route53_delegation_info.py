#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell whether a zone is delegated to the name servers that serve it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: route53_delegation_info
version_added: 0.1.0
short_description: Tell whether a zone is delegated to its name servers, and wait for it
description:
  - Asks the name servers of the parent zone, not a cache, which name servers a zone is delegated to, and compares them
    with the expected ones.
  - A wrong delegation is the most frequent cause of a certificate that is never issued.
  - Tells also whether the zone's CAA records let a certificate authority issue certificates, see
    U(https://datatracker.ietf.org/doc/html/rfc8659).
  - The module asks name servers by DNS. It uses no AWS credentials.
options:
  zone:
    description:
      - The name of the zone.
    type: str
    required: true
  name_servers:
    description:
      - The name servers that the zone should be delegated to, such as the C(name_servers) of the hosted zone.
    type: list
    elements: str
    required: true
  resolver:
    description:
      - The addresses of recursive resolvers with which to find the parent zone. By default the system's.
    type: list
    elements: str
  resolver_port:
    description:
      - The port of the O(resolver).
    type: int
    default: 53
  parent_servers:
    description:
      - The addresses of name servers of the parent zone. By default they are found with the O(resolver).
    type: list
    elements: str
  query_timeout:
    description:
      - The seconds that one question may take.
    type: float
    default: 5
  certificate_authorities:
    description:
      - The names by which CAA records admit the certificate authority. By default Amazon's.
    type: list
    elements: str
    default: [amazon.com, amazontrust.com, awstrust.com, amazonaws.com]
  wait:
    description:
      - Whether to wait until the zone is delegated as expected.
      - In check mode nothing is waited for.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait. Registrars need minutes to hours.
    type: int
    default: 3600
requirements:
  - python >= 3.9
  - dnspython >= 2.1
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.route53_domain_nameservers
  - module: amazon.aws.route53_zone
extends_documentation_fragment:
  - hasite.aws._attributes.info
"""

EXAMPLES = r"""
- name: Wait until the registrar has delegated the zone
  hasite.aws.route53_delegation_info:
    zone: example.com
    name_servers: "{{ zone.name_servers }}"
    wait: true
    wait_timeout: 7200
"""

RETURN = r"""
delegation:
  description: What the parent zone says about the zone.
  returned: always
  type: dict
  contains:
    zone:
      description: The name of the zone.
      returned: always
      type: str
      sample: example.com
    parent_zone:
      description: The zone that delegates it. Null if O(parent_servers) was given or the parent was not found.
      returned: always
      type: str
      sample: com
    delegated:
      description: Whether the zone is delegated to exactly the expected name servers.
      returned: always
      type: bool
      sample: false
    expected:
      description: The expected name servers, sorted.
      returned: always
      type: list
      elements: str
      sample: [ns-1.awsdns-01.com, ns-2.awsdns-02.net, ns-3.awsdns-03.org, ns-4.awsdns-04.co.uk]
    found:
      description: The name servers in the parent zone, sorted.
      returned: always
      type: list
      elements: str
      sample: [ns1.registrar.example, ns2.registrar.example]
    missing:
      description: The expected name servers that the parent zone does not have.
      returned: always
      type: list
      elements: str
      sample: [ns-1.awsdns-01.com]
    unexpected:
      description: The name servers in the parent zone that were not expected.
      returned: always
      type: list
      elements: str
      sample: [ns1.registrar.example]
    signers:
      description: The DS records in the parent zone, sorted.
      returned: always
      type: list
      elements: str
      sample: [4217 13 2 FB1E4F0A0C3E4A0B0C3E4A0B0C3E4A0B0C3E4A0B0C3E4A0B0C3E4A0B0C3E4A0B]
    signers_ttl:
      description: The seconds for which resolvers keep them. Null if there are none.
      returned: always
      type: int
      sample: 86400
    explanation:
      description: The finding in words, and what to do.
      returned: always
      type: str
      sample: >-
        example.com is delegated to ns1.registrar.example, ns2.registrar.example instead of ns-1.awsdns-01.com,
        ns-2.awsdns-02.net. Enter the latter as the domain's name servers at its registrar.
    caa:
      description: What the CAA records say.
      returned: always
      type: dict
      contains:
        domain:
          description: The name at which CAA records were found. Null if there are none.
          returned: always
          type: str
          sample: example.com
        records:
          description: The CAA records.
          returned: always
          type: list
          elements: str
          sample: ['0 issue "letsencrypt.org"']
        permitted:
          description:
            - Whether one of the O(certificate_authorities) may issue certificates. True if there are no CAA records,
              null if they could not be looked up.
          returned: always
          type: bool
          sample: false
        explanation:
          description: The finding in words, and what to do.
          returned: always
          type: str
          sample: >-
            The CAA records of example.com admit letsencrypt.org only. Add '0 issue "amazon.com"' to them.
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.hasite.aws.plugins.module_utils._delegation import (
    HAS_DNSPYTHON,
    DelegationError,
    read,
    read_caa,
    read_until,
)

AMAZON = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"]

ARGUMENTS = {
    "zone": {"type": "str", "required": True},
    "name_servers": {"type": "list", "elements": "str", "required": True},
    "resolver": {"type": "list", "elements": "str"},
    "resolver_port": {"type": "int", "default": 53},
    "parent_servers": {"type": "list", "elements": "str"},
    "query_timeout": {"type": "float", "default": 5},
    "certificate_authorities": {"type": "list", "elements": "str", "default": AMAZON},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 3600},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    if not HAS_DNSPYTHON:
        module.fail_json(msg=missing_required_lib("dnspython"))
    params = module.params
    try:
        if params["wait"] and not module.check_mode:
            delegation = read_until(lambda: read(params), params["wait_timeout"])
        else:
            delegation = read(params)
    except DelegationError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, delegation={**delegation, "caa": read_caa(params)})


if __name__ == "__main__":
    main()
