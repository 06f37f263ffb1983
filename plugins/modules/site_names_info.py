#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide about a site's names before anything is created."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_names_info
version_added: 0.1.0
short_description: Decide about a site's names, hosted zones and certificates before anything is created
description:
  - Chooses the hosted zone of each of a site's names. It is the longest public hosted zone of the account that holds
    the name and that the world is delegated to, else a zone of the account that is not delegated yet, else a new one
    at the domain that was registered (by the public suffix list), never at a public suffix such as C(co.jp).
  - Of two zones of the same name, the one that the world is delegated to is used.
  - Fails with one sentence about what can't be. A record of a name that is there already and is not the site's, a name
    that another CloudFront distribution of the account has, a zone that is served from another AWS account, two zones
    of the same name of which neither is delegated to, a certificate that does not cover every name.
  - Warns if other name servers serve the domain now, as those of a registrar do for a new domain.
  - Nothing is changed.
options:
  name:
    description:
      - The name of the site, the value of the tag C(hasite:site).
    type: str
    required: true
  domain:
    description:
      - The name that visitors type, at any depth, the registered domain itself too. Capital letters, a final dot and
        names outside ASCII are taken as they are typed.
    type: str
    required: true
  aliases:
    description:
      - Further names, which redirect to O(domain). They may lie in other zones.
    type: list
    elements: str
    default: []
  zone:
    description:
      - The name or the ID of the hosted zone of O(domain). By default it is chosen.
    type: str
  take_over:
    description:
      - Whether records that are not the site's may be replaced later. Then they are no reason to fail.
    type: bool
    default: false
  certificate_arns:
    description:
      - ACM certificates that exist already, at most one in the site's region and one in us-east-1. Each must be issued
        and cover every name.
    type: list
    elements: str
    default: []
  delegations:
    description:
      - What M(hasite.aws.dns_delegation_info) has found about the zones that the names may lie in, see
        P(hasite.aws.possible_zones#filter).
    type: dict
requirements:
  - idna, for names outside ASCII
  - publicsuffixlist
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.dns_delegation_info
  - module: hasite.aws.route53_failover_records
extends_documentation_fragment:
  - hasite.aws._attributes.info
  - hasite.aws._attributes.action_group
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Ask who serves the domain now
  hasite.aws.dns_delegation_info:
    zones: [www.example.com, example.com]
  register: asked

- name: Decide about the names
  hasite.aws.site_names_info:
    name: shop
    domain: www.example.com
    aliases: [example.com]
    delegations: "{{ asked.delegations }}"
    region: ap-northeast-1
  register: named

- name: Show the hosted zones
  ansible.builtin.debug:
    var: named.names.zones
"""

RETURN = r"""
names:
  description: What was decided. Names are in small letters and punycode, without a final dot.
  returned: always
  type: dict
  contains:
    domain:
      description: The name that visitors type.
      returned: always
      type: str
      sample: www.example.com
    aliases:
      description: The names that redirect to it.
      returned: always
      type: list
      elements: str
      sample: [example.com]
    all:
      description: All names, the domain first.
      returned: always
      type: list
      elements: str
      sample: [www.example.com, example.com]
    hosts:
      description: Each name with its zone.
      returned: always
      type: list
      elements: dict
      contains:
        name:
          description: The name.
          returned: always
          type: str
          sample: xn--wgv71a119e.jp
        typed:
          description: The name as it was typed.
          returned: always
          type: str
          sample: 日本語.jp
        zone_name:
          description: The name of its hosted zone.
          returned: always
          type: str
          sample: xn--wgv71a119e.jp
        zone_id:
          description: The ID of its hosted zone. Null if that is to be created.
          returned: always
          type: str
          sample: Z0123456789ABCDEFGHIJ
        replaces:
          description: The records that are to be replaced, in words.
          returned: always
          type: list
          elements: str
          sample: [A to 192.0.2.1]
    zones:
      description: Each hosted zone once.
      returned: always
      type: list
      elements: dict
      contains:
        name:
          description: The name.
          returned: always
          type: str
          sample: example.com
        typed:
          description: The name as people read it.
          returned: always
          type: str
          sample: example.com
        id:
          description: The ID. Null if the zone is to be created.
          returned: always
          type: str
          sample: Z0123456789ABCDEFGHIJ
        name_servers:
          description: The name servers. Empty if the zone is to be created.
          returned: always
          type: list
          elements: str
          sample: [ns-1.awsdns-01.com, ns-2.awsdns-02.net]
        delegated:
          description: Whether the world is delegated to it. Null if that could not be asked.
          returned: always
          type: bool
          sample: true
        ours:
          description: Whether the site has created it, or will.
          returned: always
          type: bool
          sample: false
        parent_id:
          description: The zone of the account that is to delegate it. Null if there is none, or if it is delegated.
          returned: always
          type: str
          sample: null
        parent_name:
          description: The name of that zone.
          returned: always
          type: str
          sample: null
        replaces_name_servers:
          description:
            - The name servers that its registration in this account names now and that are to be replaced. Empty if
              there are none, or if it is registered elsewhere.
          returned: always
          type: list
          elements: str
          sample: []
    certificates:
      description: The given certificates by their region.
      returned: always
      type: dict
      sample: {}
    certificate_regions:
      description: The regions in which a certificate has to be requested, us-east-1 first.
      returned: always
      type: list
      elements: str
      sample: [us-east-1, ap-northeast-1]
"""

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import fail
from ansible_collections.hasite.aws.plugins.module_utils._names.deciding import decide
from ansible_collections.hasite.aws.plugins.module_utils._names.suffix import HAS_PUBLICSUFFIXLIST
from ansible_collections.hasite.aws.plugins.module_utils._names.text import NamesError
from ansible_collections.hasite.aws.plugins.module_utils._settings.error import SettingsError
from ansible_collections.hasite.aws.plugins.module_utils._settings.names import check_name
from ansible_collections.hasite.aws.plugins.module_utils._site.clients import client_maker

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "domain": {"type": "str", "required": True},
    "aliases": {"type": "list", "elements": "str", "default": []},
    "zone": {"type": "str"},
    "take_over": {"type": "bool", "default": False},
    "certificate_arns": {"type": "list", "elements": "str", "default": []},
    "delegations": {"type": "dict"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    if not HAS_PUBLICSUFFIXLIST:
        module.fail_json(msg=missing_required_lib("publicsuffixlist"))
    if not module.region:
        module.fail_json(msg="The region of the site is not known. Set region, or the environment's AWS_REGION.")
    try:
        check_name(module.params["name"])
        names, warnings = decide(client_maker(module), module.region, module.params)
    except (NamesError, SettingsError) as error:
        module.fail_json(msg=str(error))
    except AnsibleAWSError as error:
        fail(module, error)
    for warning in warnings:
        module.warn(warning)
    module.exit_json(changed=False, names=names)


if __name__ == "__main__":
    main()
