#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait until visitors get what is expected, and show the progress."""

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_wait
version_added: 0.1.0
short_description: Wait until visitors of a site get what is expected, and show how far it is
description:
  - Reads the record of M(hasite.aws.failover_probe) on the host from which the visits are made, and the record of
    M(hasite.aws.failover_watch) on the controller, until visitors steadily get O(outcome).
  - Shows every few seconds the elapsed and the expected time, what each visitor gets, and the states of machines,
    targets and checkers.
  - Fails as soon as a condition of O(stop) is met, and after O(timeout), with what visitors got last.
options:
  visits:
    description:
      - The record of the visits, on the host on which this task runs.
    type: path
    required: true
  states:
    description:
      - The record of the states, on the controller.
    type: path
    required: true
  since:
    description:
      - The moment, in seconds since 1970, from which on visits count and time is measured. By default now.
    type: float
  outcome:
    description:
      - What both visitors must get in three visits in a row.
    type: str
    choices: [site, error_page]
    required: true
  healthy_targets:
    description:
      - How many targets must be healthy.
    type: int
    default: 0
  stopped:
    description:
      - The IDs of machines that must be stopped.
    type: list
    elements: str
    default: []
  edge:
    description:
      - What who asks the edge itself must get, in three visits in a row, too.
    type: str
    choices: [error_page, failure]
  at_least:
    description:
      - The seconds to look on in any case.
    type: float
    default: 0
  expected:
    description:
      - The seconds that it should take; they are only shown.
    type: float
    required: true
  timeout:
    description:
      - The seconds after which to give up.
    type: float
    default: 600
  stop:
    description:
      - What ends the wait at once.
    type: dict
    default: {}
    suboptions:
      trouble:
        description:
          - The seconds for which visitors may go without any of O(stop.answers). By default for as long as it takes.
        type: float
      answers:
        description:
          - What visitors may get.
        type: list
        elements: str
        choices: [site, error_page]
        default: [site]
      apart:
        description:
          - Troubles that are less than this many seconds from each other are one, as a load balancer that still asks a
            machine that is gone fails only every other visitor.
        type: float
        default: 30
      alarms:
        description:
          - Whether an alarm ends it that M(hasite.aws.failover_watch) has recorded in the state C(ALARM).
        type: bool
        default: true
      spared:
        description:
          - The IDs of machines that must go on running, as healthy targets.
        type: list
        elements: str
        default: []
  speed:
    description:
      - How many times as fast as the clock the seconds of all options run. Other than V(1) only in a simulated
        environment.
    type: float
    default: 1
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.failover_probe
  - module: hasite.aws.failover_watch
extends_documentation_fragment:
  - hasite.aws._attributes.info
"""

EXAMPLES = r"""
- name: Wait for the error page
  hasite.aws.failover_wait:
    visits: /tmp/drill/visits.jsonl
    states: /tmp/drill/states.jsonl
    outcome: error_page
    expected: "{{ read.failover.budget.error_page.returning_visitors.longest }}"
"""

RETURN = r"""
elapsed:
  description: The seconds since O(since).
  returned: always
  type: float
  sample: 31.2
stop:
  description: Which condition ended the wait, and why.
  returned: if one did
  type: dict
  contains:
    condition:
      description: The condition. V(time) is that of O(timeout).
      returned: always
      type: str
      sample: outside
    why:
      description: What was seen.
      returned: always
      type: str
      sample: i-0123456789abcdef1, which this stage leaves alone, is stopping
progress:
  description: What visitors got last, in one line.
  returned: always
  type: str
  sample: "31 s of 91 s expected | new visitor: the error page | returning visitor: the error page"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hasite.aws.plugins.module_utils._failover.progress import VISITORS, longest_trouble
from ansible_collections.hasite.aws.plugins.module_utils._failover.recording import read_record

LATEST = 60
"""Visits that matter for what each visitor gets now."""
STOP = {
    "trouble": {"type": "float"},
    "answers": {"type": "list", "elements": "str", "choices": ["site", "error_page"], "default": ["site"]},
    "apart": {"type": "float", "default": 30},
    "alarms": {"type": "bool", "default": True},
    "spared": {"type": "list", "elements": "str", "default": []},
}
ARGUMENTS = {
    "visits": {"type": "path", "required": True},
    "states": {"type": "path", "required": True},
    "since": {"type": "float"},
    "outcome": {"type": "str", "choices": ["site", "error_page"], "required": True},
    "healthy_targets": {"type": "int", "default": 0},
    "stopped": {"type": "list", "elements": "str", "default": []},
    "edge": {"type": "str", "choices": ["error_page", "failure"]},
    "at_least": {"type": "float", "default": 0},
    "expected": {"type": "float", "required": True},
    "timeout": {"type": "float", "default": 600},
    "stop": {"type": "dict", "options": STOP, "default": {}, "apply_defaults": True},
    "speed": {"type": "float", "default": 1},
}


def main() -> None:
    """Hand the action plugin of this name, which does the waiting, what has been recorded on this host."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    speed, stop = module.params["speed"], module.params["stop"]
    visits = read_record(module.params["visits"], module.params["since"] or 0)
    own = [one for one in visits if one["visitor"] in VISITORS]
    troubled = longest_trouble(own, stop["apart"] / speed, lambda one: one["outcome"] not in stop["answers"]) * speed
    module.exit_json(changed=False, visits=visits[-LATEST:], troubled=troubled)


if __name__ == "__main__":
    main()
