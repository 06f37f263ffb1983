#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at a site from outside."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_visit_info
version_added: 0.1.0
short_description: Look at a site from outside, as a visitor does
description:
  - Asks the parent zone for the delegation, the resolver for the name's addresses and its CAA records, and the site for
    its page over HTTPS and HTTP.
  - Asks also the distribution of the error page, by its own name and by the site's name, without a failover.
  - Each thing is asked once and all at the same time. What does not answer is part of the result, never a failure.
  - Uses no AWS credentials. Run it where visitors are, not on the site's machines.
options:
  domain:
    description: The name that visitors type.
    type: str
    required: true
  page:
    description: The path of the page that is asked for.
    type: str
    default: /
  requests:
    description: How many times the page is asked for, to find out which machines answer.
    type: int
    default: 1
  aliases:
    description: Further names of the site, in punycode, which redirect to O(domain).
    type: list
    elements: str
    default: []
  zone:
    description: The name of the hosted zone of O(domain). Without it the delegation is not asked for.
    type: str
  distribution_domain_name:
    description: The name that CloudFront gave to the error page's distribution. Without it the edge is not asked.
    type: str
  timeout:
    description: The seconds that one question may take.
    type: float
    default: 5
requirements:
  - dnspython, without which the delegation and the CAA records are not asked for
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes.info
"""

EXAMPLES = r"""
- name: Look at the site
  hasite.aws.site_visit_info:
    domain: www.example.com
  register: looked

- name: Show what the page answers
  ansible.builtin.debug:
    msg: "{{ looked.visit.page.status or looked.visit.page.problem }}"
"""

RETURN = r"""
visit:
  description: What was seen.
  returned: always
  type: dict
  contains:
    delegation:
      description:
        - The C(parent_zone), the C(answers) of its servers, each a list of name servers, the DS records that it has
          (C(signers)), and the C(problem) if they could not be asked. Null without O(zone).
      returned: always
      type: dict
      sample: {parent_zone: com, answers: [[ns-1.awsdns-01.org, ns-2.awsdns-02.com]], signers: [], problem: null}
    authorities:
      description: The nearest CAA C(records), their C(domain), and whether Amazon is C(permitted) by them.
      returned: always
      type: dict
      sample: {domain: null, records: [], permitted: true, problem: null}
    addresses:
      description: The name's addresses by type.
      returned: always
      type: dict
      sample: {A: [203.0.113.10], AAAA: []}
    page:
      description:
        - The answer of the page over HTTPS, with C(url), C(address), C(status), C(headers) (some, in small letters),
          the first bytes of the C(body), C(certificate_names), C(certificate_not_after), C(seconds), and the C(problem)
          if there is none.
      returned: always
      type: dict
      sample: {status: 200, problem: null}
    served_by:
      description: The machines that the header C(X-Served-By) of the answers names, sorted; empty if it is off.
      returned: always
      type: list
      elements: str
      sample: [mysite-web-a, mysite-web-c]
    plain:
      description: The answer over HTTP, as RV(visit.page).
      returned: always
      type: dict
      sample: {status: 301, headers: {location: "https://www.example.com:443/"}, problem: null}
    edge:
      description: The answer of the distribution by its own name, as RV(visit.page). Null if it was not asked.
      returned: always
      type: dict
      sample: {status: 503, headers: {cache-control: no-store}, problem: null}
    aliases:
      description:
        - For each of O(aliases) its C(name), its C(addresses), and the answers of its C(page) and of the distribution
          by its name, C(edge), as RV(visit.page).
      returned: always
      type: list
      elements: dict
      sample: []
    edge_alias:
      description: The answer of the distribution by the site's name, as RV(visit.page). Null if it was not asked.
      returned: always
      type: dict
      sample: {status: 503, headers: {cache-control: no-store}, problem: null}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hasite.aws.plugins.module_utils._visit import look

ARGUMENTS = {
    "domain": {"type": "str", "required": True},
    "page": {"type": "str", "default": "/"},
    "requests": {"type": "int", "default": 1},
    "aliases": {"type": "list", "elements": "str", "default": []},
    "zone": {"type": "str"},
    "distribution_domain_name": {"type": "str"},
    "timeout": {"type": "float", "default": 5},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    module.exit_json(changed=False, visit=look(module.params))


if __name__ == "__main__":
    main()
