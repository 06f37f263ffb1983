#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a private S3 bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_private_bucket
version_added: 0.1.0
short_description: Manage an S3 bucket that is never public
description:
  - Manages a bucket whose objects belong to its owner, without ACLs, and whose public access is blocked by all four
    switches.
  - Unlike M(amazon.aws.s3_bucket) and M(community.aws.s3_lifecycle), this module has a check mode and a diff.
options:
  state:
    description:
      - Whether the bucket exists.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the bucket. It is unique in all of AWS.
    type: str
    required: true
  expected_bucket_owner:
    description:
      - The ID of the account that the bucket has to belong to. S3 refuses the calls if it is another's.
    type: str
  versioning:
    description:
      - Whether old versions of objects are kept.
    type: bool
    default: true
  encryption:
    description:
      - How objects are encrypted at rest.
    type: str
    choices: [AES256, aws:kms]
    default: AES256
  kms_key_id:
    description:
      - The key for O(encryption=aws:kms). By default AWS's own key for S3.
    type: str
  policy:
    description:
      - The policy of the bucket, as a dictionary or as JSON.
      - If not given, it is left as it is. If it is empty, it is removed.
    type: dict
  abort_incomplete_multipart_days:
    description:
      - After how many days parts of unfinished uploads are deleted. V(0) keeps them.
    type: int
    default: 7
  noncurrent_expiration_days:
    description:
      - After how many days old versions are deleted. V(0) keeps them.
    type: int
    default: 0
  expiration_days:
    description:
      - After how many days objects are deleted. V(0) keeps them. Useful for logs.
    type: int
    default: 0
  logging:
    description:
      - Where accesses are logged. If not given, it is left as it is.
    type: dict
    suboptions:
      target_bucket:
        description:
          - The bucket to log to. Nothing is logged if it is empty.
        type: str
        required: true
      target_prefix:
        description:
          - What the names of the log objects begin with.
        type: str
        default: ""
  force:
    description:
      - With O(state=absent), whether all objects and all their versions are deleted first.
    type: bool
    default: false
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.s3_content
extends_documentation_fragment:
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Create a bucket for the site's files
  hasite.aws.s3_private_bucket:
    name: shop-content-123456789012
    noncurrent_expiration_days: 90
    policy:
      Version: "2012-10-17"
      Statement:
        - Sid: OnlyOverTls
          Effect: Deny
          Principal: "*"
          Action: s3:*
          Resource:
            - arn:aws:s3:::shop-content-123456789012
            - arn:aws:s3:::shop-content-123456789012/*
          Condition:
            Bool:
              aws:SecureTransport: "false"

- name: Delete the bucket with everything in it
  hasite.aws.s3_private_bucket:
    name: shop-content-123456789012
    state: absent
    force: true
"""

RETURN = r"""
bucket:
  description: The bucket. Empty if it is absent.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the bucket.
      returned: if it is present
      type: str
      sample: shop-content-123456789012
    arn:
      description: The ARN of the bucket.
      returned: if it is present
      type: str
      sample: arn:aws:s3:::shop-content-123456789012
    region:
      description: The region of the bucket.
      returned: if it is present
      type: str
      sample: ap-northeast-1
    regional_domain_name:
      description: The name of the bucket in its region, for a distribution's origin.
      returned: if it is present
      type: str
      sample: shop-content-123456789012.s3.ap-northeast-1.amazonaws.com
    versioning:
      description: Whether old versions of objects are kept.
      returned: if it is present
      type: bool
      sample: true
    encryption:
      description: How objects are encrypted at rest.
      returned: if it is present
      type: str
      sample: AES256
    kms_key_id:
      description: The key for V(aws:kms).
      returned: if it is present
      type: str
      sample: null
    public_access_block:
      description: The four switches that block public access.
      returned: if it is present
      type: dict
      sample:
        block_public_acls: true
        ignore_public_acls: true
        block_public_policy: true
        restrict_public_buckets: true
    object_ownership:
      description: Who owns new objects.
      returned: if it is present
      type: str
      sample: BucketOwnerEnforced
    policy:
      description: The policy of the bucket. Empty if there is none.
      returned: if it is present
      type: dict
      sample: {}
    lifecycle_rules:
      description: The lifecycle rules, as S3 returns them.
      returned: if it is present
      type: list
      elements: dict
      sample:
        - id: hasite.aws
          status: Enabled
          filter: {prefix: ""}
          abort_incomplete_multipart_upload: {days_after_initiation: 7}
    logging:
      description: Where accesses are logged. Empty if nowhere.
      returned: if it is present
      type: dict
      sample: {}
    tags:
      description: The tags of the bucket.
      returned: if it is present
      type: dict
      sample: {Name: shop-content}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._bucket import ensure_absent, ensure_present
from ansible_collections.hasite.aws.plugins.module_utils._bucket_owner import expect_owner

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "name": {"type": "str", "required": True},
    "expected_bucket_owner": {"type": "str"},
    "versioning": {"type": "bool", "default": True},
    "encryption": {"type": "str", "choices": ["AES256", "aws:kms"], "default": "AES256"},
    "kms_key_id": {"type": "str"},
    "policy": {"type": "dict"},
    "abort_incomplete_multipart_days": {"type": "int", "default": 7},
    "noncurrent_expiration_days": {"type": "int", "default": 0},
    "expiration_days": {"type": "int", "default": 0},
    "logging": {
        "type": "dict",
        "options": {
            "target_bucket": {"type": "str", "required": True},
            "target_prefix": {"type": "str", "default": ""},
        },
    },
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "purge_tags": {"type": "bool", "default": True},
    "force": {"type": "bool", "default": False},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    ensure = ensure_present if module.params["state"] == "present" else ensure_absent
    conclude(
        module,
        "bucket",
        lambda: ensure(
            expect_owner(module.client("s3"), module.params["expected_bucket_owner"]), module.params, module.check_mode
        ),
    )


if __name__ == "__main__":
    main()
