#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check whether a folder with a site's files can be published."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_files_info
version_added: 0.1.0
short_description: Check whether a folder with a site's files can be published
description:
  - Reads the names in a folder as M(hasite.aws.site_content) will, and fails with one sentence if that would refuse it.
  - Refused are a folder that is missing, unreadable or empty, links that dangle or lead out of it, sockets, pipes and
    devices, files over 5 GB, names that are not UTF-8, hold control characters or are too long for the share, shared
    paths that overlap or lead out of the folder, and a document root that the folder does not have.
  - Needs nothing but Python, asks no API, and only reads.
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.site_content
extends_documentation_fragment:
  - hasite.aws._site_files
  - hasite.aws._attributes.info
"""

EXAMPLES = r"""
- name: Check the site's files
  hasite.aws.site_files_info:
    source: ~/shop
    public_folder: public
    shared_paths:
      - var
"""

RETURN = r"""
files:
  description: What would be published.
  returned: success
  type: dict
  contains:
    source:
      description: The folder.
      returned: always
      type: str
      sample: /home/me/shop
    count:
      description: How many files it has.
      returned: always
      type: int
      sample: 4517
    size:
      description: The bytes of all files together.
      returned: always
      type: int
      sample: 20971520
    shared:
      description: The paths that the site writes.
      returned: always
      type: list
      elements: str
      sample: [var]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hasite.aws.plugins.module_utils._content.checks import ContentError
from ansible_collections.hasite.aws.plugins.module_utils._content.reading import look
from ansible_collections.hasite.aws.plugins.module_utils._content.settings import ARGUMENTS


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        folder = look(module.params)
    except ContentError as error:
        module.fail_json(msg=str(error))
    size = sum(file.size for file in folder.files)
    found = {"source": folder.top, "count": len(folder.files), "size": size, "shared": list(folder.shared)}
    module.exit_json(changed=False, files=found)


if __name__ == "__main__":
    main()
