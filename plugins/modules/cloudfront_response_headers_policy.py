#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a response headers policy of CloudFront."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_response_headers_policy
version_added: 0.1.0
short_description: Manage a response headers policy of CloudFront
description:
  - A response headers policy adds headers to the answers of a distribution.
  - Unlike M(community.aws.cloudfront_response_headers_policy), this module compares before it writes, so its
    check mode and RV(ignore:changed) are true, and it can tell the difference.
options:
  state:
    description:
      - Whether the policy exists.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the policy. It is unique in the account.
    type: str
    required: true
  comment:
    description:
      - What the policy is for.
    type: str
    default: ""
  custom_headers:
    description:
      - Headers to add. Security headers are refused here, they have their own options.
    type: list
    elements: dict
    default: []
    suboptions:
      header:
        description:
          - The name of the header.
        type: str
        required: true
      value:
        description:
          - The value of the header.
        type: str
        required: true
      override:
        description:
          - Whether the value wins over the origin's.
        type: bool
        default: true
  strict_transport_security:
    description:
      - Tells browsers to use HTTPS only.
    type: dict
    suboptions:
      max_age:
        description:
          - For how many seconds browsers remember it.
        type: int
        default: 31536000
      include_subdomains:
        description:
          - Whether it holds for all names below the visited one.
        type: bool
        default: false
      preload:
        description:
          - Whether browsers may put the name on their preload lists.
        type: bool
        default: false
  content_type_options:
    description:
      - Whether to add C(X-Content-Type-Options), which stops browsers from guessing content types.
    type: bool
    default: false
  frame_options:
    description:
      - The value of C(X-Frame-Options), if any.
    type: str
    choices: [DENY, SAMEORIGIN]
  referrer_policy:
    description:
      - The value of C(Referrer-Policy), if any.
    type: str
    choices:
      - no-referrer
      - no-referrer-when-downgrade
      - origin
      - origin-when-cross-origin
      - same-origin
      - strict-origin
      - strict-origin-when-cross-origin
      - unsafe-url
  content_security_policy:
    description:
      - The value of C(Content-Security-Policy), if any.
    type: str
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.cloudfront_s3_distribution
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the error page out of every cache
  hasite.aws.cloudfront_response_headers_policy:
    name: shop-error-page
    content_type_options: true
    custom_headers:
      - header: Cache-Control
        value: no-store
      - header: Retry-After
        value: "60"

- name: Delete the policy
  hasite.aws.cloudfront_response_headers_policy:
    name: shop-error-page
    state: absent
"""

RETURN = r"""
response_headers_policy:
  description: The policy. Empty if it is absent.
  returned: always
  type: dict
  contains:
    id:
      description: The ID of the policy.
      returned: if it is present
      type: str
      sample: 10a85f2d-3720-4439-8389-d8e2c5f5e7a3
    name:
      description: The name of the policy.
      returned: if it is present
      type: str
      sample: shop-error-page
    comment:
      description: What the policy is for.
      returned: if it is present
      type: str
      sample: ""
    custom_headers:
      description: The headers that the policy adds, sorted by name.
      returned: if it is present
      type: list
      elements: dict
      sample: [{header: Cache-Control, value: no-store, override: true}]
    security_headers:
      description: The security headers that the policy adds, as CloudFront returns them.
      returned: if it is present
      type: dict
      sample: {content_type_options: {override: true}}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._cloudfront import ensure_policy

REFERRER_POLICIES = [
    "no-referrer",
    "no-referrer-when-downgrade",
    "origin",
    "origin-when-cross-origin",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
]
ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str", "required": True},
    "comment": {"type": "str", "default": ""},
    "custom_headers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "header": {"type": "str", "required": True},
            "value": {"type": "str", "required": True},
            "override": {"type": "bool", "default": True},
        },
    },
    "strict_transport_security": {
        "type": "dict",
        "options": {
            "max_age": {"type": "int", "default": 31536000},
            "include_subdomains": {"type": "bool", "default": False},
            "preload": {"type": "bool", "default": False},
        },
    },
    "content_type_options": {"type": "bool", "default": False},
    "frame_options": {"type": "str", "choices": ["DENY", "SAMEORIGIN"]},
    "referrer_policy": {"type": "str", "choices": REFERRER_POLICIES},
    "content_security_policy": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(
        module,
        "response_headers_policy",
        lambda: ensure_policy(module.client("cloudfront"), module.params, module.check_mode),
    )


if __name__ == "__main__":
    main()
