#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action `hasite.aws.site_plan`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_plan
version_added: 0.1.0
short_description: Tell what playbooks would change
description:
  - Runs playbooks in check mode, with the inventory, variables and options of the present run, and returns what they
    would create, change or remove. What is replaced has two rows.
  - What a task returns as its difference is shown; of a task whose module returns none, only its name.
  - What depends on something that is to be created first is planned when that is there.
  - Runs on the controller. If the playbooks fail, the host counts as unreachable, so that C(ansible-playbook) ends with
    status 4, and not with 2.
options:
  playbooks:
    description: The playbooks, by their paths.
    type: list
    elements: path
    required: true
  saved:
    description:
      - The rows of an earlier plan. If it would be another one now, the module fails and says in what they differ.
    type: list
    elements: dict
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes.info
seealso:
  - plugin: hasite.aws.plan
    plugin_type: callback
"""

EXAMPLES = r"""
- name: Tell what site.yml would change
  hasite.aws.site_plan:
    playbooks: ["{{ playbook_dir }}/site.yml"]
  register: planned
"""

RETURN = r"""
rows:
  description: What would change, in the order of the tasks.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(create), V(change) or V(remove).
      type: str
      returned: always
      sample: change
    task:
      description: The name of the task.
      type: str
      returned: always
      sample: "hasite.aws.compute : Change the type"
    item:
      description: Which one of several; empty if the task has no loop.
      type: str
      returned: always
      sample: ""
    host:
      description: The host of the task.
      type: str
      returned: always
      sample: demo-web-a
    before:
      description: What there is, in a few words; empty if the module does not say.
      type: str
      returned: always
      sample: "interval: 10"
    after:
      description: What there would be.
      type: str
      returned: always
      sample: "interval: 30"
table:
  description: The rows as a table.
  returned: success
  type: str
  sample: "Nothing is to be done: the site is as the inventory says."
"""
