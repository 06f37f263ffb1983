#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a function of CloudFront."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_function
version_added: 0.1.0
short_description: Manage a CloudFront function
description:
  - Creates, updates, publishes and deletes a CloudFront function.
  - CloudFront keeps two stages of a function, C(DEVELOPMENT) and C(LIVE). Distributions run the C(LIVE) one.
options:
  state:
    description:
      - Whether the function exists.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the function. It is unique in the account.
    type: str
    required: true
  code:
    description:
      - The source of the function, in JavaScript.
      - Required if O(state=present).
    type: str
  runtime:
    description:
      - The JavaScript runtime.
    type: str
    choices: [cloudfront-js-1.0, cloudfront-js-2.0]
    default: cloudfront-js-2.0
  comment:
    description:
      - What the function is for.
    type: str
    default: ""
  publish:
    description:
      - Whether the C(LIVE) stage gets the code too.
    type: bool
    default: true
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
- name: Answer everything with the error page
  hasite.aws.cloudfront_function:
    name: shop-error-page
    comment: Rewrites every path to a missing one
    code: |
      function handler(event) {
        var request = event.request;
        request.uri = '/absent';
        return request;
      }

- name: Delete the function
  hasite.aws.cloudfront_function:
    name: shop-error-page
    state: absent
"""

RETURN = r"""
function:
  description: The function. Empty if it is absent.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the function.
      returned: if it is present
      type: str
      sample: shop-error-page
    arn:
      description: The ARN of the function, to associate it with a distribution.
      returned: if it is present
      type: str
      sample: arn:aws:cloudfront::123456789012:function/shop-error-page
    etag:
      description: The version of the C(DEVELOPMENT) stage.
      returned: if it is present
      type: str
      sample: ETVPDKIKX0DER
    stage:
      description: The highest stage that has this code.
      returned: if it is present
      type: str
      sample: LIVE
    runtime:
      description: The JavaScript runtime.
      returned: if it is present
      type: str
      sample: cloudfront-js-2.0
    comment:
      description: What the function is for.
      returned: if it is present
      type: str
      sample: Rewrites every path to a missing one
    code:
      description: The source of the function.
      returned: if it is present
      type: str
      sample: "function handler(event) { return event.request; }"
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._cloudfront import ensure_function

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str", "required": True},
    "code": {"type": "str"},
    "runtime": {"type": "str", "choices": ["cloudfront-js-1.0", "cloudfront-js-2.0"], "default": "cloudfront-js-2.0"},
    "comment": {"type": "str", "default": ""},
    "publish": {"type": "bool", "default": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS, supports_check_mode=True, required_if=[("state", "present", ["code"])]
    )
    conclude(module, "function", lambda: ensure_function(module.client("cloudfront"), module.params, module.check_mode))


if __name__ == "__main__":
    main()
