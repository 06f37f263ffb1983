#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep one statement in a bucket's policy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket_policy_statement
version_added: 0.1.0
short_description: Manage one statement of an S3 bucket's policy
description:
  - Adds a statement to a bucket's policy, changes it, or takes it out, and leaves the policy's other statements as they
    are. The statement is found by its Sid.
  - S3 knows a policy only as a whole, so two who change it at the same moment may undo each other's change.
options:
  state:
    description:
      - Whether the policy has the statement.
    type: str
    choices: [present, absent]
    default: present
  bucket:
    description:
      - The name of the bucket.
    type: str
    required: true
  expected_bucket_owner:
    description:
      - The ID of the account that the bucket has to belong to. S3 refuses the calls if it is another's.
    type: str
  sid:
    description:
      - The statement's Sid.
    type: str
    required: true
  statement:
    description:
      - The statement without its Sid, as C(Effect), C(Principal), C(Action), C(Resource), C(Condition). Needed for
        O(state=present).
    type: dict
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.s3_private_bucket
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: See what becomes of a site while CloudFront can't read a bucket
  block:
    - name: Have the bucket refuse CloudFront
      hasite.aws.s3_bucket_policy_statement:
        bucket: shop-error-page-123456789012
        sid: Refusal
        statement:
          Effect: Deny
          Principal: {Service: cloudfront.amazonaws.com}
          Action: s3:GetObject
          Resource: arn:aws:s3:::shop-error-page-123456789012/*

    - name: Look at the site
      ansible.builtin.uri:
        url: https://www.example.com/
  always:
    - name: Have it admit CloudFront again
      hasite.aws.s3_bucket_policy_statement:
        state: absent
        bucket: shop-error-page-123456789012
        sid: Refusal
"""

RETURN = r"""
policy:
  description: The bucket's whole policy. Empty if it has none.
  returned: always
  type: dict
  sample:
    Version: "2012-10-17"
    Statement: [{Sid: Refusal, Effect: Deny, Principal: {Service: cloudfront.amazonaws.com}, Action: s3:GetObject}]
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._bucket_owner import expect_owner
from ansible_collections.hasite.aws.plugins.module_utils._bucket_policy_statement import ensure

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "bucket": {"type": "str", "required": True},
    "expected_bucket_owner": {"type": "str"},
    "sid": {"type": "str", "required": True},
    "statement": {"type": "dict"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS, supports_check_mode=True, required_if=[("state", "present", ["statement"])]
    )
    client = expect_owner(module.client("s3"), module.params["expected_bucket_owner"])
    conclude(module, "policy", lambda: ensure(client, module.params, module.check_mode))


if __name__ == "__main__":
    main()
