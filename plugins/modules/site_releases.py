#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module `hasite.aws.site_releases`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_releases
short_description: List the releases on a share, and mark bad ones
version_added: 0.1.0
author:
  - hasite.aws contributors (@hasite)
description:
  - Returns the releases that M(hasite.aws.site_release) has put onto a share, with their authors, commits and times.
  - A release that is marked as bad is passed over by a return, and not served because the bucket names it. Whoever
    names it to M(hasite.aws.site_release) serves it all the same.
  - Runs on a machine that has the share; the bucket is not read.
attributes:
  check_mode:
    support: full
    description: Says what would be marked.
  diff_mode:
    support: full
    description: Shows which releases are marked, before and after.
options:
  path:
    description: The folder of the releases, on the share.
    type: path
    required: true
  bad:
    description: Releases to mark as bad.
    type: list
    elements: str
    default: []
  good:
    description: Releases to take the mark from.
    type: list
    elements: str
    default: []
seealso:
  - module: hasite.aws.site_release
"""

EXAMPLES = r"""
- name: List the releases
  hasite.aws.site_releases:
    path: /srv/site
  register: listed

- name: Mark one that loses orders
  hasite.aws.site_releases:
    path: /srv/site
    bad: [20270131T120000Z-0123456789ab]
"""

RETURN = r"""
releases:
  description: The releases, the latest upload first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
      returned: always
      sample: 20270131T120000Z-0123456789ab
    uploaded:
      description: When it was uploaded, in UTC.
      type: str
      returned: always
      sample: "2027-01-31 12:00:00"
    author:
      description: The author of the commit, or else who has uploaded it; empty if that is not known.
      type: str
      returned: always
      sample: Hana Sato
    commit:
      description: The commit, with C(+) if the folder differed from it; empty if the folder is in no repository.
      type: str
      returned: always
      sample: 1f0c9e5d8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e
    state:
      description:
        - V(served), V(before) for the one to which a return leads, V(bad), V(taken back), V(served, bad), or nothing.
      type: str
      returned: always
      sample: served
    files:
      description: How many files it has.
      type: int
      returned: always
      sample: 12
table:
  description: The lines of a table of them.
  returned: success
  type: list
  elements: str
  sample: ["release  uploaded (UTC)  author  commit  state"]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hasite.aws.plugins.module_utils._release.listing import marked, releases_of, table
from ansible_collections.hasite.aws.plugins.module_utils._release.paths import ReleaseError
from ansible_collections.hasite.aws.plugins.module_utils._release.store import Store


def run(params: dict[str, t.Any], check: bool) -> dict[str, t.Any]:
    """Mark releases and return the module's result."""
    store = Store(params["path"])
    before, after = store.history(), marked(store, params["bad"], params["good"])
    if before != after and not check:
        store.remember(after)
    found = releases_of(store, after)
    return {
        "changed": before != after,
        "releases": [release._asdict() for release in found],
        "table": table(found),
        "diff": {"before": {"bad": list(before.bad)}, "after": {"bad": list(after.bad)}},
    }


ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "bad": {"type": "list", "elements": "str", "default": []},
    "good": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except ReleaseError as error:
        module.fail_json(msg=str(error))
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
