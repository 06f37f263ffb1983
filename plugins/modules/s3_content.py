#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep a folder's files in a bucket."""

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_content
version_added: 0.1.0
short_description: Make the objects of a bucket equal to the files of a folder
description:
  - Uploads the files of a folder that the bucket does not have or has with other content, and deletes other objects.
  - Contents are compared by SHA-256. The sum of each file is kept in the object's metadata, so encryption and multipart
    uploads do not disturb the comparison.
  - Unlike M(community.aws.s3_sync), this module has a check mode and a diff.
options:
  bucket:
    description:
      - The name of the bucket.
    type: str
    required: true
  expected_bucket_owner:
    description:
      - The ID of the account that the bucket has to belong to. S3 refuses the calls if it is another's.
    type: str
  source:
    description:
      - The folder with the files, where the module runs. Symbolic links to files are followed.
      - If it is a file, only this file is uploaded.
    type: path
    required: true
  prefix:
    description:
      - What the keys of the objects begin with, such as V(releases/3/).
    type: str
    default: ""
  exclude:
    description:
      - Patterns of paths, relative to O(source), that are not uploaded, such as V(*.swp) or V(.git/*).
    type: list
    elements: str
    default: []
  delete:
    description:
      - Whether objects below O(prefix) that are not in the folder are deleted.
    type: bool
    default: false
  cache_control:
    description:
      - The C(Cache-Control) header of the uploaded objects.
    type: str
  content_types:
    description:
      - Content types by file extension, such as C(application/manifest+json) for C(.webmanifest).
      - They win over the ones guessed from the extension.
    type: dict
    default: {}
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
- name: Upload the site
  hasite.aws.s3_content:
    bucket: shop-content-123456789012
    source: "{{ playbook_dir }}/files/site/"
    prefix: site/
    delete: true
    exclude:
      - ".git/*"
"""

RETURN = r"""
content:
  description: The objects and what was done with them.
  returned: always
  type: dict
  contains:
    bucket:
      description: The name of the bucket.
      returned: always
      type: str
      sample: shop-content-123456789012
    prefix:
      description: What the keys begin with.
      returned: always
      type: str
      sample: site/
    objects:
      description: The SHA-256 of each object after the module, by key. Null if an object that is kept has none.
      returned: always
      type: dict
      sample: {site/index.php: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}
    sha256:
      description: One sum over the names and the contents of the folder's files. It changes if and only if they change.
      returned: always
      type: str
      sample: 60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
    uploaded:
      description: The keys of the uploaded objects, sorted.
      returned: always
      type: list
      elements: str
      sample: [site/index.php]
    deleted:
      description: The keys of the deleted objects, sorted.
      returned: always
      type: list
      elements: str
      sample: []
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._bucket_owner import expect_owner
from ansible_collections.hasite.aws.plugins.module_utils._folder_objects import ensure

ARGUMENTS = {
    "bucket": {"type": "str", "required": True},
    "expected_bucket_owner": {"type": "str"},
    "source": {"type": "path", "required": True},
    "prefix": {"type": "str", "default": ""},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "delete": {"type": "bool", "default": False},
    "cache_control": {"type": "str"},
    "content_types": {"type": "dict", "default": {}},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(
        module,
        "content",
        lambda: ensure(
            expect_owner(module.client("s3"), module.params["expected_bucket_owner"]), module.params, module.check_mode
        ),
    )


if __name__ == "__main__":
    main()
