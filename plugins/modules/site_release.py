# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module `hasite.aws.site_release`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_release
short_description: Put a site's files from an S3 bucket onto a share, as a release
version_added: 0.1.0
author:
  - hasite.aws contributors (@hasite)
description:
  - Takes the release that M(hasite.aws.site_content) has put into a bucket, makes a folder of it below C(releases) in
    O(path), and lets the symbolic link C(current) in O(path) point to it, in one step.
  - The release has one id in the bucket and on the share, so a second run changes nothing. Files that the current
    release already holds are hard links to them; the others are fetched, and checked by their SHA-256.
  - Files and folders belong to the user who runs the module and are readable by everybody (0644, 0755).
  - With O(public_key), only releases are served that this key has signed, as with
    O(hasite.aws.site_content#module:signing_key). Another one is refused, and what is served stays. So is one that is
    older than the newest signed one on the share, if the bucket names it; to return to it is what O(state=rolled_back)
    is for.
  - The paths that the site writes lie in C(shared) in O(path). Each is filled once, from the first release that has it,
    belongs to O(user), and is never changed or removed afterwards. In a release there is a symbolic link to it.
  - Runs on the machine and reads the bucket with the machine's own role.
  - Files of a release whose mode or size somebody has changed on the share are put right before it is served, modes in
    place, contents from the bucket. What several releases have in common is one file, so whoever changes it in one
    changes it in all.
  - One machine is enough where several share O(path); if two do it at once, no harm is done.
attributes:
  check_mode:
    support: full
    description: Says what would change without changing it; the bucket is read.
  diff_mode:
    support: full
    description: Shows the release that is served and its files, before and after.
options:
  state:
    description:
      - With V(present), the release that the bucket names is served, unless it was taken back. Then the one that is
        served stays, and a warning says so.
      - With V(rolled_back), an earlier release is served again, and what was served after it is taken back. It stays
        until the bucket names a new release.
      - With V(proved), the release that is served is no longer on trial (O(trial)).
    type: str
    choices: [present, rolled_back, proved]
    default: present
  path:
    description: The folder of the releases, on the share.
    type: path
    required: true
  bucket:
    description:
      - The bucket. Required if O(state=present).
      - With O(state=rolled_back), it is read only if a file of the release was changed on the share.
    type: str
  expected_bucket_owner:
    description:
      - The ID of the account that the bucket has to belong to. S3 refuses the calls if it is another's.
    type: str
  prefix:
    description: The part of the bucket that holds the releases.
    type: str
    default: ""
  region:
    description: The bucket's region. Required if O(bucket) is given.
    type: str
  user:
    description: The user who may write into the shared paths. Needed only if a release has some that are not there yet.
    type: str
    default: site
  serve:
    description:
      - Whether the release is served at once. With V(false) it is only made; O(state=rolled_back) with O(release)
        serves it later.
    type: bool
    default: true
  trial:
    description:
      - Whether a new release is on trial from its switch on, until O(state=proved) says that all is done that belongs
        to it, such as looking at the site. While it is, RV(release.previous_id) tells what it has replaced, also to
        another run if the first one was interrupted.
    type: bool
    default: false
  keep:
    description:
      - How many releases are kept for a return, those that were served last. One that was taken back goes before them.
    type: int
    default: 5
  public_key:
    description:
      - A file on the machine with the public key, in PEM, that has to have signed a release, also one that is returned
        to.
      - What precedes the key in the file, such as its ARN, is what messages call it.
      - Without it, signatures are not looked at.
    type: path
  release:
    description:
      - Which release to return to, if O(state=rolled_back).
      - Without it, the one that was served before the current one and was not taken back.
      - A release that was taken back can be named here to be served again.
    type: str
  required_paths:
    description:
      - Paths in a release without which it is refused, such as the folder from which the web server serves.
      - What lies behind a link or below a shared path is not looked for.
    type: list
    elements: str
    default: []
requirements:
  - boto3 on the machine, if O(state=present)
  - cryptography on the machine, if O(public_key) is given
seealso:
  - module: hasite.aws.site_content
"""

EXAMPLES = r"""
- name: Serve the release that the bucket names
  hasite.aws.site_release:
    path: /srv/site
    bucket: my-site-content
    prefix: site/
    region: ap-northeast-1
  run_once: true

- name: Serve it only if the site's key has signed it
  hasite.aws.site_release:
    path: /srv/site
    bucket: my-site-content
    prefix: site/
    region: ap-northeast-1
    public_key: /etc/hasite/release.pem
  run_once: true

- name: Return to the release before
  hasite.aws.site_release:
    path: /srv/site
    state: rolled_back
  run_once: true

- name: Return to it unless Apache would find nothing to serve
  hasite.aws.site_release:
    path: /srv/site
    state: rolled_back
    required_paths: [public, public/index.php]
  run_once: true
"""

RETURN = r"""
release:
  description: The release that is served, or with O(serve=false) the one that was made.
  returned: success, unless O(state=proved)
  type: dict
  contains:
    id:
      description: Its id, which is its folder's name.
      type: str
      returned: always
      sample: 20270131T120000Z-0123456789ab
    path:
      description: Its folder.
      type: str
      returned: always
      sample: /srv/site/releases/20270131T120000Z-0123456789ab
    previous_id:
      description:
        - The release that was served before this task, or null.
        - If that was on trial, the one that it has replaced.
      type: str
      returned: always
      sample: 20270130T120000Z-ba9876543210
    was_served:
      description: Whether the release was served before this task.
      type: bool
      returned: always
      sample: false
    files:
      description: How many files it has, with those below shared paths.
      type: int
      returned: always
      sample: 12
    fetched:
      description: How many files were fetched from the bucket.
      type: int
      returned: always
      sample: 3
    shared:
      description: The paths that the site writes.
      type: list
      elements: str
      returned: always
      sample: [uploads]
    filled:
      description: Those of them that were not on the share before.
      type: list
      elements: str
      returned: always
      sample: []
    mended:
      description: Its files that somebody had changed on the share, and that are again what they were.
      type: list
      elements: str
      returned: always
      sample: []
    taken_back:
      description:
        - The release that the bucket names and that is not served, since somebody has returned to an earlier one.
        - Null if there is none.
      type: str
      returned: always
      sample: null
releases:
  description: The ids of all releases on the share, oldest first.
  returned: success, unless O(state=proved)
  type: list
  elements: str
  sample: [20270130T120000Z-ba9876543210, 20270131T120000Z-0123456789ab]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.hasite.aws.plugins.module_utils._release.manifest import Manifest
from ansible_collections.hasite.aws.plugins.module_utils._release.paths import ReleaseError
from ansible_collections.hasite.aws.plugins.module_utils._release.releasing import (
    ReleaseOptions,
    present,
    proved,
    rolled_back,
)
from ansible_collections.hasite.aws.plugins.module_utils._release.signature import HAS_CRYPTOGRAPHY, PublicKey, read_key
from ansible_collections.hasite.aws.plugins.module_utils._release.source import HAS_BOTO3, Source
from ansible_collections.hasite.aws.plugins.module_utils._release.store import Store


def _shown(release: str | None, manifest: Manifest | None) -> dict[str, t.Any]:
    tree = manifest.tree if manifest else None
    return {
        "release": release,
        "files": {file.path: file.sha256 for file in tree.files} if tree else {},
        "shared": list(tree.shared) if tree else [],
    }


def run(params: dict[str, t.Any], check: bool, source: Source | None, key: PublicKey | None = None) -> dict[str, t.Any]:
    """Bring the share into the wanted state and return the module's result."""
    store = Store(params["path"])
    before, held_before = store.current(), store.releases()
    replaced = store.history().replaced(before)
    before_manifest = store.manifest(before)
    if params["state"] == "present":
        done = present(
            store,
            t.cast("Source", source),
            ReleaseOptions(
                params["keep"], params["user"], params["serve"], key, params["trial"], params["required_paths"]
            ),
            check,
        )
    else:
        done = rolled_back(store, params["release"], check, key, source, params["trial"], params["required_paths"])
    release = done.manifest.release
    served = release if params["serve"] else before
    served_manifest = done.manifest if params["serve"] else before_manifest
    return {
        "changed": served != before or release not in held_before or bool(done.filled or done.mended) or done.signed,
        "release": {
            "id": release,
            "path": str(store.folder / release),
            "previous_id": replaced,
            "was_served": release == before,
            "files": len(done.manifest.tree.files),
            "fetched": done.fetched,
            "shared": list(done.manifest.tree.shared),
            "filled": done.filled,
            "mended": list(done.mended),
            "taken_back": done.taken_back,
        },
        "releases": store.releases(),
        "diff": {"before": _shown(before, before_manifest), "after": _shown(served, served_manifest)},
    }


ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "rolled_back", "proved"], "default": "present"},
    "path": {"type": "path", "required": True},
    "bucket": {"type": "str"},
    "expected_bucket_owner": {"type": "str"},
    "prefix": {"type": "str", "default": ""},
    "region": {"type": "str"},
    "user": {"type": "str", "default": "site"},
    "serve": {"type": "bool", "default": True},
    "trial": {"type": "bool", "default": False},
    "keep": {"type": "int", "default": 5},
    "public_key": {"type": "path"},
    "release": {"type": "str"},
    "required_paths": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "present", ["bucket", "region"])],
        supports_check_mode=True,
    )
    params = module.params
    if params["keep"] < 1:
        module.fail_json(msg=f"keep is {params['keep']}; keep at least the release that is served.")
    wants = params["state"] == "present"
    if wants and not HAS_BOTO3:
        module.fail_json(msg=missing_required_lib("boto3"))
    if params["public_key"] and not HAS_CRYPTOGRAPHY:
        module.fail_json(msg=missing_required_lib("cryptography"))
    if params["state"] == "proved":
        module.exit_json(changed=proved(Store(params["path"]), module.check_mode))
    try:
        key = read_key(params["public_key"]) if params["public_key"] else None
        source = Source.of(params) if wants or (params["bucket"] and params["region"] and HAS_BOTO3) else None
        result = run(params, module.check_mode, source, key)
    except ReleaseError as error:
        module.fail_json(msg=str(error))
    if taken_back := result["release"]["taken_back"]:
        module.warn(
            f"The bucket names the release {taken_back}, which was taken back or is called bad; "
            f"{result['release']['id']} stays served. Upload changed files, or serve {taken_back} again by its id."
        )
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
