#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare a site with what security catalogues ask for."""

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_info
version_added: 0.1.0
short_description: Compare a site with what security catalogues ask for
description:
  - Looks at each of a site's resources that M(hasite.aws.site_info) has found, and at the account's own settings, and
    says for each control whether it is met, not met but accepted, or not met. It changes nothing.
  - The controls and their exceptions are data, see O(controls).
  - What could not be read is V(unread), and nothing is concluded from it.
options:
  site:
    description:
      - The RV(hasite.aws.site_info#module:site) of M(hasite.aws.site_info), read with
        O(hasite.aws.site_info#module:details=true).
    type: dict
    required: true
  controls:
    description:
      - The controls, as in C(playbooks/files/security_controls.yml) of the collection. A control without C(exception)
        is demanded.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: What the control is called here.
        type: str
        required: true
      title:
        description: What is demanded, as a sentence.
        type: str
        required: true
      remedy:
        description: What to do if it is not met.
        type: str
        required: true
      scope:
        description: Whether the control is about the site or about the account.
        type: str
        choices: [site, account]
        default: site
      ids:
        description: What the control is called in catalogues and by scanners, lists by the catalogue's name.
        type: dict
        default: {}
      exception:
        description: Why the control may be unmet.
        type: dict
        suboptions:
          reason:
            description: Why that is accepted.
            type: str
            required: true
          cost:
            description: What meeting it costs.
            type: str
            required: true
          switch:
            description: The variable that meets it.
            type: str
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes.info
  - hasite.aws._attributes.action_group
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Read the site
  hasite.aws.site_info:
    name: shop
    domain: www.example.com
    region: ap-northeast-1
    details: true
  register: read

- name: Compare it with two controls
  hasite.aws.audit_info:
    region: ap-northeast-1
    site: "{{ read.site }}"
    controls:
      - id: deletion-protection
        title: The load balancer is protected against deletion.
        remedy: Run playbooks/provision.yml.
        ids: {fsbp: [ELB.6]}
      - id: load-balancer-waf
        title: A web ACL of AWS WAF is before the load balancer.
        remedy: Associate a web ACL with the load balancer.
        ids: {fsbp: [ELB.16]}
        exception:
          reason: The site has pages without a program behind them.
          cost: 5 USD a month.
  register: audited

- name: Show the result
  ansible.builtin.debug:
    msg: "{{ audited.report }}"
"""

RETURN = r"""
rows:
  description: A row for each control, what wants to be looked at first at the top.
  returned: always
  type: list
  elements: dict
  contains:
    control:
      description: The ID of the control.
      returned: always
      type: str
      sample: deletion-protection
    title:
      description: What is demanded.
      returned: always
      type: str
      sample: The load balancer is protected against deletion.
    scope:
      description: V(site) or V(account).
      returned: always
      type: str
      sample: site
    state:
      description:
        - V(met), V(exception) (not met, and accepted), V(fail) (not met), V(account) (not met, outside the site),
          V(unread) (could not be looked at), V(absent) (there is nothing of the kind).
      returned: always
      type: str
      sample: fail
    ids:
      description: What the control is called elsewhere.
      returned: always
      type: dict
      sample: {fsbp: [ELB.6]}
    evidence:
      description: What was seen where, of an unmet control only what does not meet it.
      returned: always
      type: list
      elements: str
      sample: ["load balancer shop: deletion_protection.enabled=false"]
    remedy:
      description: What to do. Null if there is nothing to do.
      returned: always
      type: str
      sample: Run playbooks/provision.yml.
    reason:
      description: Why an unmet control is accepted. Null if it is not.
      returned: always
      type: str
      sample: null
    cost:
      description: What meeting an accepted control costs.
      returned: always
      type: str
      sample: null
    switch:
      description: The variable that meets an accepted control.
      returned: always
      type: str
      sample: null
    error:
      description: Why the control could not be looked at. Null if it could.
      returned: always
      type: str
      sample: null
counts:
  description: How many controls are in each state.
  returned: always
  type: dict
  sample: {fail: 1, unread: 0, account: 0, exception: 1, met: 0, absent: 0}
report:
  description: All of it as a text.
  returned: always
  type: str
  sample: "FAIL: not met, and no exception is on file (1)"
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._audit.facts import Facts
from ansible_collections.hasite.aws.plugins.module_utils._audit.judging import STATES, judge
from ansible_collections.hasite.aws.plugins.module_utils._audit.reading import read
from ansible_collections.hasite.aws.plugins.module_utils._audit.report import render
from ansible_collections.hasite.aws.plugins.module_utils._site.clients import client_maker
from ansible_collections.hasite.aws.plugins.module_utils._site.scope import ReadScope

ARGUMENTS = {
    "site": {"type": "dict", "required": True},
    "controls": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "id": {"type": "str", "required": True},
            "title": {"type": "str", "required": True},
            "remedy": {"type": "str", "required": True},
            "scope": {"type": "str", "choices": ["site", "account"], "default": "site"},
            "ids": {"type": "dict", "default": {}},
            "exception": {
                "type": "dict",
                "options": {
                    "reason": {"type": "str", "required": True},
                    "cost": {"type": "str", "required": True},
                    "switch": {"type": "str"},
                },
            },
        },
    },
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    site = module.params["site"]
    scope = ReadScope(site["name"], [], site["region"], client_maker(module))
    answers, errors = read(scope, site)
    unreadable = {unreadable["service"]: unreadable["error"] for unreadable in site.get("unreadable") or []}
    rows = judge(Facts(site, answers, {**unreadable, **errors}), module.params["controls"])
    module.exit_json(
        changed=False,
        rows=[row.as_dict() for row in rows],
        counts={state: sum(row.state == state for row in rows) for state in STATES},
        report=render(rows),
    )


if __name__ == "__main__":
    main()
