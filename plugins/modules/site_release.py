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
  - Takes the files below a prefix of a bucket and makes a release of them, a folder below C(releases) in O(path),
    and lets the symbolic link C(current) in O(path) point to it, in one step.
  - The same files always make the same release, so a second run changes nothing. Files that the current release
    already holds are not fetched again.
  - Runs on the machine and reads the bucket with the machine's own role.
  - One machine is enough where several share O(path); if two do it at once, no harm is done.
attributes:
  check_mode:
    support: full
    description: Says what would change without changing it; the bucket is listed.
  diff_mode:
    support: full
    description: Shows the release that is served and its files, before and after.
options:
  state:
    description:
      - With V(present), the files now in the bucket are served.
      - With V(rolled_back), an earlier release is served again. It stays until V(present) is asked for.
    type: str
    choices: [present, rolled_back]
    default: present
  path:
    description: The folder of the releases, on the share.
    type: path
    required: true
  bucket:
    description: The bucket. Required if O(state=present).
    type: str
  prefix:
    description: The part of the bucket that holds the site's files.
    type: str
    default: ""
  region:
    description: The bucket's region. Required if O(state=present).
    type: str
  keep:
    description: How many releases are kept for a return.
    type: int
    default: 5
  release:
    description:
      - Which release to return to, if O(state=rolled_back).
      - Without it, the newest that is older than the current one.
    type: str
requirements:
  - boto3 on the machine, if O(state=present)
"""

EXAMPLES = r"""
- name: Serve what is in the bucket
  hasite.aws.site_release:
    path: /srv/site
    bucket: my-site-content
    prefix: site
    region: ap-northeast-1
  run_once: true

- name: Return to the release before
  hasite.aws.site_release:
    path: /srv/site
    state: rolled_back
  run_once: true
"""

RETURN = r"""
release:
  description: The release that is served.
  returned: success
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
      description: The release that was served before this task, or null.
      type: str
      returned: always
      sample: 20270130T120000Z-ba9876543210
    files:
      description: How many files it has.
      type: int
      returned: always
      sample: 12
    fetched:
      description: How many files were fetched from the bucket.
      type: int
      returned: always
      sample: 3
releases:
  description: The ids of all releases on the share, oldest first.
  returned: success
  type: list
  elements: str
  sample: [20270130T120000Z-ba9876543210, 20270131T120000Z-0123456789ab]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.hasite.aws.plugins.module_utils._release_source import HAS_BOTO3, ChangedError, Source
from ansible_collections.hasite.aws.plugins.module_utils._release_store import (
    Manifest,
    ReleaseError,
    Store,
    make_manifest,
    previous_of,
)

_ATTEMPTS = 3


def _present(store: Store, source: Source, check: bool) -> tuple[Manifest, int]:
    """Make the release of what is in the bucket, if it is not there; an upload in between means another look."""
    for _attempt in range(_ATTEMPTS):
        manifest = make_manifest(source.items())
        if check or manifest.release in store.releases():
            return manifest, 0
        try:
            return manifest, store.add(manifest, source.fetch)
        except ChangedError:
            continue
    raise ReleaseError("The bucket's objects change while they are read; release when the upload has ended.")


def _rolled_back(store: Store, wanted: str | None) -> tuple[str, Manifest]:
    release = wanted or previous_of(store.releases(), store.current())
    manifest = store.manifest(release)
    if release is None or manifest is None:
        held = ", ".join(store.releases()) or "none"
        raise ReleaseError(f"There is no release to return to in {store.folder}; it holds: {held}.")
    return release, manifest


def _shown(release: str | None, manifest: Manifest | None) -> dict[str, t.Any]:
    return {"release": release, "files": manifest.files() if manifest else {}}


def run(params: dict[str, t.Any], check: bool, source: Source | None) -> dict[str, t.Any]:
    """Bring the share into the wanted state and return the module's result."""
    store = Store(params["path"])
    before = store.current()
    before_manifest = store.manifest(before)
    fetched = 0
    if source:
        manifest, fetched = _present(store, source, check)
        release = manifest.release
    else:
        release, manifest = _rolled_back(store, params["release"])
    if not check:
        if release != before:
            store.serve(release)
        if source:
            store.prune(params["keep"])
    return {
        "changed": release != before,
        "release": {
            "id": release,
            "path": str(store.folder / release),
            "previous_id": before,
            "files": len(manifest.items),
            "fetched": fetched,
        },
        "releases": store.releases(),
        "diff": {"before": _shown(before, before_manifest), "after": _shown(release, manifest)},
    }


ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "rolled_back"], "default": "present"},
    "path": {"type": "path", "required": True},
    "bucket": {"type": "str"},
    "prefix": {"type": "str", "default": ""},
    "region": {"type": "str"},
    "keep": {"type": "int", "default": 5},
    "release": {"type": "str"},
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
    present = params["state"] == "present"
    if present and not HAS_BOTO3:
        module.fail_json(msg=missing_required_lib("boto3"))
    try:
        source = Source(params["bucket"], params["prefix"], params["region"]) if present else None
        result = run(params, module.check_mode, source)
    except ReleaseError as error:
        module.fail_json(msg=str(error))
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
