#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep an origin access control of CloudFront."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_origin_access_control
version_added: 0.1.0
short_description: Manage an origin access control of CloudFront
description:
  - An origin access control (OAC) lets CloudFront sign its requests to an origin, so that the origin, such as a private
    S3 bucket, can refuse everybody else.
options:
  state:
    description:
      - Whether the origin access control exists.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the origin access control. It is unique in the account.
    type: str
    required: true
  description:
    description:
      - What the origin access control is for.
    type: str
    default: ""
  origin_type:
    description:
      - The kind of origin.
    type: str
    choices: [s3, mediastore, mediapackagev2, lambda]
    default: s3
  signing_behavior:
    description:
      - Which requests CloudFront signs.
      - V(no-override) leaves alone the requests in which the visitor sent a signature.
    type: str
    choices: [always, never, no-override]
    default: always
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.cloudfront_origin_access_control_info
  - module: hasite.aws.cloudfront_s3_distribution
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create an origin access control for a private bucket
  hasite.aws.cloudfront_origin_access_control:
    name: shop-error-page
    description: The error page of the shop

- name: Delete an origin access control
  hasite.aws.cloudfront_origin_access_control:
    name: shop-error-page
    state: absent
"""

RETURN = r"""
origin_access_control:
  description: The origin access control. Empty if it is absent.
  returned: always
  type: dict
  contains:
    id:
      description: The ID of the origin access control.
      returned: if it is present
      type: str
      sample: E327GJI25M56DG
    name:
      description: The name of the origin access control.
      returned: if it is present
      type: str
      sample: shop-error-page
    description:
      description: What the origin access control is for.
      returned: if it is present
      type: str
      sample: The error page of the shop
    signing_protocol:
      description: The signature's kind.
      returned: if it is present
      type: str
      sample: sigv4
    signing_behavior:
      description: Which requests CloudFront signs.
      returned: if it is present
      type: str
      sample: always
    origin_access_control_origin_type:
      description: The kind of origin.
      returned: if it is present
      type: str
      sample: s3
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._cloudfront import ensure_control

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str", "required": True},
    "description": {"type": "str", "default": ""},
    "origin_type": {"type": "str", "choices": ["s3", "mediastore", "mediapackagev2", "lambda"], "default": "s3"},
    "signing_behavior": {"type": "str", "choices": ["always", "never", "no-override"], "default": "always"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(
        module,
        "origin_access_control",
        lambda: ensure_control(module.client("cloudfront"), module.params, module.check_mode),
    )


if __name__ == "__main__":
    main()
