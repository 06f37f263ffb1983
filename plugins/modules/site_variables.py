#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action `hasite.aws.site_variables`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_variables
version_added: 0.1.0
short_description: Check the inventory's site variables
description:
  - Fails with one sentence if a variable whose name begins with C(site_) is none that the collection reads, is missing,
    or has a value of another kind or out of range. A name that nobody knows is answered with the nearest one.
  - Runs on the controller. No value leaves it, and none of a secret is shown.
  - Nothing is changed. What the values mean on AWS is checked by M(hasite.aws.site_settings_info).
options: {}
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes.info
seealso:
  - module: hasite.aws.site_settings_info
"""

EXAMPLES = r"""
- name: Check the inventory's variables
  hasite.aws.site_variables:
"""

RETURN = r"""
variables:
  description: The names of the variables that the inventory sets.
  returned: success
  type: list
  elements: str
  sample: [site_domain, site_name]
"""
