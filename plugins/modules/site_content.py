#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put a folder with a site's files into a bucket, as a release."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_content
version_added: 0.1.0
short_description: Put a folder with a site's files into a bucket, as a release
description:
  - Uploads the folder as a release, for M(hasite.aws.site_release) to put onto a share.
  - A release is a manifest of all files, empty folders and links; the contents lie beside it and are named by what they
    are, so each one is uploaded once. Small files travel together in packs (compressed tar archives), large ones alone.
  - Contents come first, then the manifest, and last the object C(current.json), which names the release. An upload that
    is interrupted changes nothing for the site, and the next one goes on where it ended.
  - The manifests of the last O(keep) releases stay in the bucket. Contents that none of them names are deleted, unless
    they are less than a day old, since another upload may be about to name them. In a versioned bucket, the versions of
    deleted objects stay as long as the bucket keeps them.
  - With O(signing_key), the manifest is signed, and so is the content of every file, whose SHA-256 is in it. Only what
    this task has read from the folder is signed, whatever others have put into the bucket.
  - Of a file's mode only the executable bit counts; a link must lead to something inside the folder.
  - The same folder with the same options is the same release, so a second run changes nothing.
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
  prefix:
    description:
      - What the keys of the objects begin with, such as V(site/).
    type: str
    default: ""
  keep:
    description:
      - How many releases stay in the bucket.
    type: int
    default: 5
  signing_key:
    description:
      - The KMS key that signs the release, by its id, its ARN or an alias such as V(alias/shop-release). Its spec must
        be V(ECC_NIST_P256), its use V(SIGN_VERIFY). The caller needs C(kms:Sign) and C(kms:Verify).
      - Without it, the release is not signed.
    type: str
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.site_files_info
  - module: hasite.aws.site_release
extends_documentation_fragment:
  - hasite.aws._site_files
  - hasite.aws._attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Upload the site
  hasite.aws.site_content:
    bucket: shop-content-123456789012
    prefix: site/
    source: "{{ playbook_dir }}/files/site"
    excludes:
      - "*.md"
    shared_paths:
      - data/uploads

- name: Upload the site and sign the release
  hasite.aws.site_content:
    bucket: shop-content-123456789012
    prefix: site/
    source: "{{ playbook_dir }}/files/site"
    signing_key: alias/shop-release
"""

RETURN = r"""
content:
  description: The release that the bucket names, and what was done for it.
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
    release:
      description: The release's id.
      returned: always
      type: str
      sample: 20270131T120000Z-0123456789ab
    files:
      description: The SHA-256 of each file, by path.
      returned: always
      type: dict
      sample: {index.php: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}
    folders:
      description: The empty folders.
      returned: always
      type: list
      elements: str
      sample: [cache]
    links:
      description: The target of each link, by path.
      returned: always
      type: dict
      sample: {latest: versions/3}
    shared:
      description: The paths that the site writes.
      returned: always
      type: list
      elements: str
      sample: [data/uploads]
    packs:
      description: How many packs the release needs.
      returned: always
      type: int
      sample: 2
    size:
      description: The bytes of all files together.
      returned: always
      type: int
      sample: 1048576
    uploaded:
      description: The keys of the contents that were uploaded, without the prefix, sorted.
      returned: always
      type: list
      elements: str
      sample: [packs/60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752.tar.gz]
    deleted:
      description: The keys of the objects that were deleted, without the prefix, sorted.
      returned: always
      type: list
      elements: str
      sample: []
    signing_key:
      description: The key that has signed the release, as O(signing_key) names it, or null.
      returned: always
      type: str
      sample: alias/shop-release
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._aws import conclude
from ansible_collections.hasite.aws.plugins.module_utils._bucket_owner import expect_owner
from ansible_collections.hasite.aws.plugins.module_utils._content.publishing import ensure
from ansible_collections.hasite.aws.plugins.module_utils._content.settings import ARGUMENTS as FILES
from ansible_collections.hasite.aws.plugins.module_utils._content.signing import Signer

ARGUMENTS = {
    **FILES,
    "bucket": {"type": "str", "required": True},
    "expected_bucket_owner": {"type": "str"},
    "prefix": {"type": "str", "default": ""},
    "keep": {"type": "int", "default": 5},
    "signing_key": {"type": "str", "no_log": False},
}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    if module.params["keep"] < 1:
        module.fail_json(msg=f"keep is {module.params['keep']}; keep at least the release that is served.")
    conclude(
        module,
        "content",
        lambda: ensure(
            expect_owner(module.client("s3"), module.params["expected_bucket_owner"]),
            module.params,
            module.check_mode,
            Signer(module.client("kms"), key) if (key := module.params["signing_key"]) else None,
        ),
    )


if __name__ == "__main__":
    main()
