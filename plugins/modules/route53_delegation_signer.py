#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the DS record of a hosted zone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: route53_delegation_signer
version_added: 0.1.0
short_description: Have the zone above a hosted zone vouch for its key
description:
  - A DS record in the zone above lets resolvers trust the answers that a zone signs.
  - With O(parent_zone_id) it is kept in that hosted zone, which M(amazon.aws.route53) can't do. Without it, it is kept
    at the registry if the domain is registered at Amazon Route 53 by this account.
  - If it is neither, nothing is done, and RV(signer.place) is V(elsewhere). Then its owner has to enter the record at
    the registrar, or to remove it there.
  - DS records of other keys stay.
  - When a DS record was removed is kept in the tag C(hasite:ds-removed) of the zone. Resolvers may have it for a while,
    and the zone has to be signed as long as that.
options:
  state:
    description:
      - Whether the zone above vouches for the key.
    type: str
    choices: [present, absent]
    default: present
  zone:
    description:
      - The name of the signed zone.
    type: str
    required: true
  hosted_zone_id:
    description:
      - The ID of the signed zone.
    type: str
    required: true
  key:
    description:
      - The key-signing key, the C(key) that M(hasite.aws.route53_zone_signing) returns.
    type: dict
    required: true
  parent_zone_id:
    description:
      - The ID of the hosted zone above, if it is in the account.
    type: str
  ttl:
    description:
      - The seconds for which resolvers keep the DS record that is made in O(parent_zone_id).
    type: int
    default: 300
  registry_ttl:
    description:
      - The seconds for which resolvers keep the DS record of the registry, as its name servers say.
    type: int
    default: 86400
  wait_timeout:
    description:
      - How many seconds to wait for the name servers or the registry.
    type: int
    default: 900
notes:
  - The registration service of Route 53 exists in the region C(us-east-1) only. The module uses it whatever O(region)
    says.
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.route53_zone_signing
  - module: hasite.aws.route53_delegation_info
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Have the registry vouch for the zone's key
  hasite.aws.route53_delegation_signer:
    zone: example.com
    hosted_zone_id: Z0123456789ABCDEFGHIJ
    key: "{{ signed.signing.key }}"

- name: Have the zone above vouch for it no longer
  hasite.aws.route53_delegation_signer:
    state: absent
    zone: shop.example.com
    hosted_zone_id: Z0123456789ABCDEFGHIJ
    parent_zone_id: Z9876543210ABCDEFGHIJ
    key: "{{ signed.signing.key }}"
"""

RETURN = r"""
signer:
  description: The DS record.
  returned: always
  type: dict
  contains:
    place:
      description: Where it is kept, V(hosted_zone), V(registry), or V(elsewhere).
      returned: always
      type: str
      sample: registry
    vouched:
      description: Whether it is there. Null if it is kept elsewhere.
      returned: always
      type: bool
      sample: true
    ds_record:
      description: The record.
      returned: always
      type: str
      sample: 4217 13 2 FB1E4F0A0C3E4A0B0C3E4A0B0C3E4A0B0C3E4A0B0C3E4A0B0C3E4A0B0C3E4A0B
    ds_left:
      description: For how many seconds resolvers may still have the one that was removed.
      returned: always
      type: int
      sample: 300
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._delegation_signer import Clients, ensure
from ansible_collections.hasite.aws.plugins.module_utils._registered_domain import REGION

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "zone": {"type": "str", "required": True},
    "hosted_zone_id": {"type": "str", "required": True},
    "key": {"type": "dict", "required": True, "no_log": False},
    "parent_zone_id": {"type": "str"},
    "ttl": {"type": "int", "default": 300},
    "registry_ttl": {"type": "int", "default": 86400},
    "wait_timeout": {"type": "int", "default": 900},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(
        module,
        "signer",
        lambda: ensure(
            Clients(module.client("route53"), module.client("route53domains", region=REGION)),
            module.params,
            module.check_mode,
            module.warn,
        ),
    )


if __name__ == "__main__":
    main()
