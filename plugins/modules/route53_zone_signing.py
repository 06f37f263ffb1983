#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sign a hosted zone with DNSSEC."""

from __future__ import annotations

DOCUMENTATION = r"""
module: route53_zone_signing
version_added: 0.1.0
short_description: Sign a hosted zone with DNSSEC, and tell when its DS record may come
description:
  - Makes a key-signing key of a KMS key, activates it, switches signing on, and waits until all name servers sign.
  - Resolvers may have unsigned answers of the zone for as long as their TTL says. A DS record that comes before they
    are gone takes the zone away from those who get them. So a tag of the zone, C(hasite:ds-after), keeps from when on
    it may come.
  - With O(state=absent), switches signing off if no other key is active, deactivates the key and deletes it. Route 53
    refuses that while the zone above has a DS record of the key.
  - A zone that others have signed already is left alone, with a warning.
options:
  state:
    description:
      - Whether the zone is signed by the key.
    type: str
    choices: [present, absent]
    default: present
  hosted_zone_id:
    description:
      - The ID of the public hosted zone.
    type: str
    required: true
  name:
    description:
      - The name of the key-signing key, of letters, digits and C(_).
    type: str
    required: true
  kms_key_arn:
    description:
      - The ARN of a KMS key in C(us-east-1) with the specification V(ECC_NIST_P256) that signs and verifies, and whose
        policy lets C(dnssec-route53.amazonaws.com) use it. Required with O(state=present).
    type: str
  unsigned_ttl:
    description:
      - For how many seconds resolvers may have unsigned answers of the zone when it begins to sign. V(0) is for a zone
        that nobody has asked yet. By default the most that Route 53 knows of signed zones, a week.
    type: int
    default: 604800
  wait_timeout:
    description:
      - How many seconds to wait for the name servers after each change.
    type: int
    default: 300
notes:
  - M(amazon.aws.route53_key_signing_key) deactivates a key that is deactivated already, which Route 53 refuses, and
    M(amazon.aws.route53_zone) sets the zone's comment with its signing. This module does neither, so that an
    interrupted run is finished by running it again, and what is the owner's stays.
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.route53_delegation_signer
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Sign the zone
  hasite.aws.route53_zone_signing:
    hosted_zone_id: Z0123456789ABCDEFGHIJ
    name: shop
    kms_key_arn: arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab
    unsigned_ttl: 172800

- name: Sign it no longer
  hasite.aws.route53_zone_signing:
    state: absent
    hosted_zone_id: Z0123456789ABCDEFGHIJ
    name: shop
"""

RETURN = r"""
signing:
  description: How the zone is signed.
  returned: always
  type: dict
  contains:
    status:
      description: What Route 53 says, such as V(SIGNING), V(NOT_SIGNING) or V(ACTION_NEEDED).
      returned: always
      type: str
      sample: SIGNING
    key:
      description:
        - The key-signing key with C(name), C(kms_key_arn), C(status), C(status_message), C(key_tag), C(ds_record),
          C(public_key), C(flags) and C(algorithm). Null if there is none of this name.
      returned: always
      type: dict
      sample: {name: shop, status: ACTIVE, key_tag: 4217, algorithm: 13, flags: 257}
    ds_after:
      description: From when on the DS record may come. Null if the zone is not signed by this module.
      returned: always
      type: str
      sample: "2026-11-29T07:00:00Z"
    ds_possible:
      description: Whether it may come now.
      returned: always
      type: bool
      sample: true
    ds_left:
      description: For how many seconds resolvers may still have the DS record that was removed.
      returned: always
      type: int
      sample: 0
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._zone_signing import ensure

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "hosted_zone_id": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "kms_key_arn": {"type": "str", "no_log": False},
    "unsigned_ttl": {"type": "int", "default": 604800},
    "wait_timeout": {"type": "int", "default": 300},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS, required_if=[("state", "present", ["kms_key_arn"])], supports_check_mode=True
    )
    conclude(
        module,
        "signing",
        lambda: ensure(module.client("route53"), module.params, module.check_mode, module.warn),
    )


if __name__ == "__main__":
    main()
