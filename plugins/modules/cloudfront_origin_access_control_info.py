#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List CloudFront's origin access controls."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_origin_access_control_info
version_added: 0.1.0
short_description: List origin access controls of CloudFront
description:
  - Returns the origin access controls of the account, or the one with a name.
options:
  name:
    description:
      - Return only the origin access control with this name.
    type: str
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.cloudfront_origin_access_control
extends_documentation_fragment:
  - hasite.aws._attributes.info
  - hasite.aws._attributes.action_group
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Find the origin access control of the error page
  hasite.aws.cloudfront_origin_access_control_info:
    name: shop-error-page
"""

RETURN = r"""
origin_access_controls:
  description: The origin access controls. Empty if there are none.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The ID of the origin access control.
      returned: always
      type: str
      sample: E327GJI25M56DG
    name:
      description: The name of the origin access control.
      returned: always
      type: str
      sample: shop-error-page
    description:
      description: What the origin access control is for.
      returned: always
      type: str
      sample: The error page of the shop
    signing_protocol:
      description: The signature's kind.
      returned: always
      type: str
      sample: sigv4
    signing_behavior:
      description: Which requests CloudFront signs.
      returned: always
      type: str
      sample: always
    origin_access_control_origin_type:
      description: The kind of origin.
      returned: always
      type: str
      sample: s3
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude_info
from ansible_collections.hasite.aws.plugins.module_utils._cloudfront import list_controls

ARGUMENTS = {"name": {"type": "str"}}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude_info(
        module, "origin_access_controls", lambda: list_controls(module.client("cloudfront"), module.params["name"])
    )


if __name__ == "__main__":
    main()
