#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Request a public certificate from ACM."""

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_certificate_request
version_added: 0.1.0
short_description: Request a public certificate from AWS Certificate Manager
description:
  - Requests a certificate that ACM issues and renews, validated by DNS records.
  - A certificate is requested only if there is no usable one for the same names. Failed, expired, revoked and
    timed out certificates are not usable.
  - The module returns as soon as ACM has named the DNS records that it wants to see, so that they can be created.
    Run it again with O(wait=true) after that.
  - To import a certificate see M(community.aws.acm_certificate). To list certificates see
    M(community.aws.acm_certificate_info).
options:
  state:
    description:
      - With V(present), a certificate for the names exists.
      - With V(absent), every certificate for exactly these names is deleted, failed ones too.
    type: str
    choices: [present, absent]
    default: present
  domain_name:
    description:
      - The name the certificate is for.
    type: str
    required: true
  subject_alternative_names:
    description:
      - Further names that the certificate covers.
      - ACM always adds O(domain_name) to them.
    type: list
    elements: str
    default: []
  key_algorithm:
    description:
      - The algorithm of the certificate's key.
      - CloudFront takes V(RSA_2048) and V(EC_prime256v1) keys.
    type: str
    choices: [RSA_2048, EC_prime256v1, EC_secp384r1]
    default: RSA_2048
  certificate_transparency_logging:
    description:
      - Whether the certificate is written to public certificate transparency logs. Browsers ask for it.
      - Only used when a certificate is requested.
    type: bool
    default: true
  wait:
    description:
      - With O(state=present), whether to wait until the certificate is issued.
      - With O(state=absent), whether to wait until nothing uses the certificate any more. Load balancers and
        distributions hold it for some minutes after their deletion.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait. ACM usually needs one to nine minutes after the records are seen.
    type: int
    default: 900
notes:
  - If O(tags) contains C(Name), only certificates with that C(Name) are looked at. With O(state=absent), only those
    that have all of O(tags) are deleted.
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Request a certificate
  hasite.aws.acm_certificate_request:
    domain_name: www.example.com
    subject_alternative_names:
      - example.com
    tags:
      Name: shop
  register: request

- name: Create the records that ACM asks for
  amazon.aws.route53:
    zone: example.com
    record: "{{ item.name }}"
    type: "{{ item.type }}"
    value: "{{ item.value }}"
    overwrite: true
  loop: "{{ request.certificate.domain_validation_options | map(attribute='resource_record') }}"

- name: Wait until the certificate is issued
  hasite.aws.acm_certificate_request:
    domain_name: www.example.com
    subject_alternative_names:
      - example.com
    tags:
      Name: shop
    wait: true

- name: Delete the certificate
  hasite.aws.acm_certificate_request:
    state: absent
    domain_name: www.example.com
    subject_alternative_names:
      - example.com
"""

RETURN = r"""
certificate:
  description: The certificate. Empty if it is absent.
  returned: always
  type: dict
  contains:
    arn:
      description: The ARN of the certificate.
      returned: if the certificate is present
      type: str
      sample: arn:aws:acm:ap-northeast-1:123456789012:certificate/11111111-2222-3333-4444-555555555555
    status:
      description: The state of the certificate.
      returned: if the certificate is present
      type: str
      sample: PENDING_VALIDATION
    domain_name:
      description: The name the certificate is for.
      returned: if the certificate is present
      type: str
      sample: www.example.com
    subject_alternative_names:
      description: All names that the certificate covers, sorted.
      returned: if the certificate is present
      type: list
      elements: str
      sample: [example.com, www.example.com]
    key_algorithm:
      description: The algorithm of the key.
      returned: if the certificate is present
      type: str
      sample: RSA_2048
    in_use_by:
      description: The ARNs of the resources that use the certificate.
      returned: if the certificate is present
      type: list
      elements: str
      sample: []
    not_after:
      description: When the certificate expires.
      returned: if the certificate is issued
      type: str
      sample: "2026-12-01T00:00:00+00:00"
    renewal_eligibility:
      description: Whether ACM renews the certificate, V(ELIGIBLE) or V(INELIGIBLE); only one that is in use is renewed.
      returned: if the certificate is present
      type: str
      sample: ELIGIBLE
    type:
      description: V(AMAZON_ISSUED), V(IMPORTED) or V(PRIVATE).
      returned: if the certificate is present
      type: str
      sample: AMAZON_ISSUED
    domain_validation_options:
      description:
        - How each name is validated. In check mode, the list is empty for a certificate that does not exist yet.
      returned: if the certificate is present
      type: list
      elements: dict
      contains:
        domain_name:
          description: The name to validate.
          returned: always
          type: str
          sample: www.example.com
        validation_status:
          description: Whether ACM has seen the record.
          returned: always
          type: str
          sample: PENDING_VALIDATION
        resource_record:
          description: The record that ACM wants to see.
          returned: always
          type: dict
          contains:
            name:
              description: The name of the record.
              returned: always
              type: str
              sample: _a79865eb4cd1a6ab990a45779b4e0b96.www.example.com.
            type:
              description: The type of the record.
              returned: always
              type: str
              sample: CNAME
            value:
              description: The value of the record.
              returned: always
              type: str
              sample: _424c7224e9b0146f9a8808af955727d0.acm-validations.aws.
    tags:
      description: The tags of the certificate.
      returned: if the certificate is present
      type: dict
      sample: {Name: shop}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._acm import ensure_absent, ensure_present
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude

KEY_ALGORITHMS = ["RSA_2048", "EC_prime256v1", "EC_secp384r1"]

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "domain_name": {"type": "str", "required": True},
    "subject_alternative_names": {"type": "list", "elements": "str", "default": []},
    "key_algorithm": {"type": "str", "choices": KEY_ALGORITHMS, "default": "RSA_2048", "no_log": False},
    "certificate_transparency_logging": {"type": "bool", "default": True},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 900},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    ensure = ensure_present if module.params["state"] == "present" else ensure_absent
    conclude(module, "certificate", lambda: ensure(module.client("acm"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
