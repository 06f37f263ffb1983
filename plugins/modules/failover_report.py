#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Turn the records of a failover drill into a timeline, measured against the budget."""

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_report
version_added: 0.1.0
short_description: Turn the records of a failover drill into a timeline, measured against the budget
description:
  - Cuts the records of M(hasite.aws.failover_probe) and M(hasite.aws.failover_watch) into stages, measures each against
    the budget of M(hasite.aws.failover_info), and writes the timeline as data (C(timeline.json)) and as a picture
    (C(timeline.svg)) into O(folder).
  - The module asks nobody; it only reads files.
options:
  visits:
    description:
      - The record of the visits.
    type: path
    required: true
  states:
    description:
      - The record of the states.
    type: path
    required: true
  events:
    description:
      - What was done when. A stage goes from its first event to the next stage's first event.
    type: list
    elements: dict
    required: true
    suboptions:
      stage:
        description:
          - The stage.
        type: str
        choices: [one_stopped, all_stopped, all_started, one_rebooted, share_lost, zone_lost, edge_lost]
        required: true
      act:
        description:
          - What was done.
        type: str
        required: true
      at:
        description:
          - The moment, in seconds since 1970.
        type: float
        required: true
  ended:
    description:
      - The moment at which the last stage ended, in seconds since 1970.
    type: float
    required: true
  budget:
    description:
      - The RV(hasite.aws.failover_info#module:failover.budget).
    type: dict
    required: true
  tolerance:
    description:
      - The seconds that are added to each limit, because probes come once a second and AWS's parts need moments to tell
        each other.
    type: float
    default: 10
  speed:
    description:
      - How many of the site's seconds pass in one by the clock. Other than V(1) only in a simulated environment.
    type: float
    default: 1
  site:
    description:
      - The name of the site, noted in the timeline, so that only drills of one site are compared.
    type: str
    default: ""
  boot:
    description:
      - The seconds in which machines boot, beside what the budget knows.
    type: float
    default: 120
  objective:
    description:
      - The recovery time objective in seconds. If it is given, each stage's recovery must keep it.
    type: float
  touched:
    description:
      - What each stage touches, by its name, as a list of texts.
    type: dict
    default: {}
  circumstances:
    description:
      - The RV(hasite.aws.failover_circumstances_info#module:circumstances), and what else is
        to be in the timeline of them.
    type: dict
    default: {}
  restored:
    description:
      - The moment, in seconds since 1970, from which on the site was in its steady state again. Without it, the
        timeline has no state after the drill.
    type: float
  stopped:
    description:
      - The stop condition that ended the drill, as RV(hasite.aws.failover_wait#module:stop), with C(stage) and C(at).
        Without it, the drill has gone through all its stages.
    type: dict
    default: {}
  earlier:
    description:
      - An earlier drill to compare with, as its C(timeline.json) has it.
    type: dict
  folder:
    description:
      - The folder for the timeline. It must exist.
    type: path
    required: true
requirements:
  - python >= 3.11
  - drawsvg >= 2.0
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.failover_info
  - module: hasite.aws.failover_probe
  - module: hasite.aws.failover_watch
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
    details:
      - In check mode the timeline is returned and not written.
  diff_mode:
    description: Will return details on what has changed, or needs changing in C(check_mode), when in diff mode.
    support: none
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
"""

EXAMPLES = r"""
- name: Judge what happened when both machines were stopped
  hasite.aws.failover_report:
    visits: build/drill/visits.jsonl
    states: build/drill/states.jsonl
    events:
      - {stage: all_stopped, act: stop i-0123456789abcdef0, at: 1790000000.0}
    ended: 1790000090.0
    budget: "{{ read.failover.budget }}"
    earlier: "{{ lookup('ansible.builtin.file', 'drills/2027-01/timeline.json') | from_json }}"
    folder: build/drill
  register: drill
"""

RETURN = r"""
timeline:
  description: The drill as data.
  returned: always
  type: dict
  contains:
    passed:
      description: Whether every check of every stage was passed.
      returned: always
      type: bool
      sample: true
    stages:
      description:
        - The stages with C(name), C(seconds), C(availability) for each visitor, C(hosts), C(moments) (what changed
          when), and C(checks) with C(what), C(measured), C(limit), C(expected), C(passed).
        - C(hypothesis), C(blast_radius) and C(touched) say what was to be shown, C(recovery) has the actual recovery
          time (C(seconds)) and that of the budget (C(budget)).
      returned: always
      type: list
      elements: dict
      sample: []
    steady_state:
      description: What visitors got in the whiles C(before) the first stage and C(after) the drill, and how fast.
      returned: always
      type: dict
      sample: {before: {visits: 30, site_share: 1.0, median: 0.04, p95: 0.09}}
    stop_conditions:
      description: What would have ended the drill, as C(condition) and C(what).
      returned: always
      type: list
      elements: dict
      sample: [{condition: time, what: what a stage waits for does not come}]
    stopped:
      description: What did end it. Empty if nothing did.
      returned: always
      type: dict
      sample: {}
sha256:
  description: The SHA-256 of C(timeline.json).
  returned: always
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
comparison:
  description: What is measured beside what the earlier drill did. Empty without O(earlier).
  returned: always
  type: dict
  contains:
    began:
      description: When the earlier drill began, in seconds since 1970.
      returned: if there is an earlier drill
      type: float
      sample: 1790000000.0
    passed:
      description: Whether the earlier drill passed all its checks.
      returned: if there is an earlier drill
      type: bool
      sample: true
    rows:
      description:
        - The checks that both have made, with C(stage), C(what), C(unit), C(before), C(now), C(limit), and C(change),
          which is V(better), V(worse), or V(alike) if they differ by no more than O(tolerance).
      returned: if there is an earlier drill
      type: list
      elements: dict
      sample: []
    not_repeated:
      description: The stages that only the earlier drill had.
      returned: if there is an earlier drill
      type: list
      elements: str
      sample: []
picture:
  description: The picture as SVG.
  returned: always
  type: str
  sample: <svg>…</svg>
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.hasite.aws.plugins.module_utils._failover import (
    comparing,
    evidence,
    judging,
    picture,
    stopping,
)
from ansible_collections.hasite.aws.plugins.module_utils._failover.recording import read_record

EVENT = {
    "stage": {"type": "str", "choices": list(judging.CHECKS), "required": True},
    "act": {"type": "str", "required": True},
    "at": {"type": "float", "required": True},
}
ARGUMENTS = {
    "visits": {"type": "path", "required": True},
    "states": {"type": "path", "required": True},
    "events": {"type": "list", "elements": "dict", "options": EVENT, "required": True},
    "ended": {"type": "float", "required": True},
    "budget": {"type": "dict", "required": True},
    "tolerance": {"type": "float", "default": 10},
    "speed": {"type": "float", "default": 1},
    "site": {"type": "str", "default": ""},
    "boot": {"type": "float", "default": 120},
    "objective": {"type": "float"},
    "touched": {"type": "dict", "default": {}},
    "circumstances": {"type": "dict", "default": {}},
    "restored": {"type": "float"},
    "stopped": {"type": "dict", "default": {}},
    "earlier": {"type": "dict"},
    "folder": {"type": "path", "required": True},
}


def written(path: Path, text: str, check_mode: bool) -> bool:
    """Write a file's text; tell whether it had another."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    if not check_mode:
        path.write_text(text, encoding="utf-8")
    return True


def evident(
    params: Mapping[str, Any], judged: Mapping[str, Any], visits: list[dict[str, Any]], states: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return what was measured, with all that makes evidence of it."""
    stages = [
        {**stage, **evidence.planned(stage["name"], params["budget"], params["touched"].get(stage["name"], []))}
        for stage in judged["stages"]
    ]
    first = min((stage["began"] for stage in stages), default=0.0)
    whiles = {"before": (0.0, first), "after": (params["restored"] or float("inf"), float("inf"))}
    steady = {
        name: evidence.steady_state(evidence.within(visits, *when), evidence.within(states, *when), params["speed"])
        for name, when in whiles.items()
    }
    return {
        **judged,
        "stages": stages,
        "passed": judged["passed"] and not params["stopped"],
        "circumstances": params["circumstances"],
        "steady_state": {"what": evidence.STEADY_STATE, **steady},
        "stop_conditions": [{"condition": name, "what": what} for name, what in stopping.CONDITIONS.items()],
        "stopped": params["stopped"],
        "restored": params["restored"],
        "ended": params["ended"],
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    if not picture.HAS_DRAWSVG:
        module.fail_json(msg=missing_required_lib("drawsvg"))
    params = module.params
    by = judging.Limits(params["budget"], params["speed"], params["tolerance"], params["boot"], params["objective"])
    visits, states = read_record(params["visits"]), read_record(params["states"])
    stages = judging.cut(params["events"], visits, states, params["ended"])
    timeline = {"site": params["site"], **evident(params, judging.judge(stages, by), visits, states)}
    comparison = comparing.compare(timeline, params["earlier"]) if params["earlier"] else {}
    drawn = picture.draw(stages, by) if stages else ""
    folder = Path(params["folder"])
    files = {"timeline.json": json.dumps({**timeline, "visits": visits, "states": states}), "timeline.svg": drawn}
    changed = [written(folder / name, text, module.check_mode) for name, text in files.items()]
    digest = hashlib.sha256(files["timeline.json"].encode()).hexdigest()
    module.exit_json(changed=any(changed), timeline=timeline, comparison=comparison, picture=drawn, sha256=digest)


if __name__ == "__main__":
    main()
