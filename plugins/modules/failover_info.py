#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell how long a site's failover takes, and whether it may be tried now."""

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_info
version_added: 0.1.0
short_description: Tell how long a site's failover takes, and whether it may be tried now
description:
  - Computes the time budget of a failover from the settings that are in force, not from those that were once written
    down. How long until visitors get the error page, how long until they are back on the site, which setting
    dominates, and what faster settings cost.
  - Names every reason why a failover must not be tried now.
  - Times are in seconds, as median, 95th percentile and longest. They are computed, not simulated. Sixteen checkers
    with independent rhythm must agree, and resolvers keep an answer for its TTL.
  - Prices are in US dollars a month, as published by AWS for endpoints in AWS.
options:
  name:
    description:
      - The name of the site, the value of the tag C(hasite:site).
    type: str
    required: true
  domain:
    description:
      - The name that visitors type, in punycode.
    type: str
    required: true
  aliases:
    description:
      - Further names of the site, in punycode.
    type: list
    elements: str
    default: []
  stop_alarms:
    description:
      - CloudWatch alarms that are to end the failover, by their names in this region, or by their ARNs. One that
        does not exist, or is in the state C(ALARM), is an obstacle.
    type: list
    elements: str
    default: []
seealso:
  - module: hasite.aws.site_info
  - module: hasite.aws.failover_report
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes.info
  - hasite.aws._attributes.action_group
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Ask how long a failover takes
  hasite.aws.failover_info:
    name: shop
    domain: www.example.com
    region: ap-northeast-1
  register: read

- name: Refuse to try it on a site that is not redundant now
  ansible.builtin.assert:
    that: read.failover.obstacles | length == 0
    fail_msg: "{{ read.failover.obstacles | join(' ') }}"
"""

RETURN = r"""
failover:
  description: How the site fails over.
  returned: always
  type: dict
  contains:
    obstacles:
      description: The reasons why a failover must not be tried now, each a sentence with what to do.
      returned: always
      type: list
      elements: str
      sample: ["shop-web-a (i-0123456789abcdef0) is stopped. Start it."]
    budget:
      description: The time budget.
      returned: always
      type: dict
      contains:
        error_page:
          description:
            - From the site's last answer to the error page, for C(new_visitors), who ask the name servers, and
              C(returning_visitors), whose resolver has kept the answer. C(phases) has the longest time of each phase
              with the setting that decides it, C(dominated_by) the setting that matters most.
          returned: always
          type: dict
          sample: {new_visitors: {median: 29.0, p95: 30.1, longest: 30.6}, dominated_by: TTL of an alias}
        back:
          description: The same from the first healthy target to the site's first answer.
          returned: always
          type: dict
          sample: {new_visitors: {median: 22.2, p95: 24.0, longest: 30.6}}
        one_machine:
          description:
            - The longest time for which the load balancer sends requests to a machine that is gone (C(detection)), and
              until one that has been unhealthy gets them again (C(recovery)). For C(deregistration) seconds, requests
              under way may go on at a machine that is taken out by hand; a stopped one is not waited for.
          returned: always
          type: dict
          sample: {detection: 30, recovery: 30, deregistration: 30}
        zone:
          description:
            - The longest time for which the site's name leads to the load balancer's node in a zone that is gone, for
              C(new_visitors) and C(returning_visitors), as for C(error_page). Browsers then try the next address.
          returned: always
          type: dict
          sample: {new_visitors: 45, returning_visitors: 105}
        edge:
          description:
            - For how long the edge keeps an error of its bucket (C(error_ttl)), so that the error page may come so much
              later once the bucket is repaired.
          returned: always
          type: dict
          sample: {error_ttl: 0}
        alternatives:
          description: What each interval and threshold of the health check would give, and cost.
          returned: always
          type: list
          elements: dict
          sample: [{interval: 10, threshold: 3, in_force: true, usd_per_month: 2.5}]
        notes:
          description: What else is worth knowing, in sentences.
          returned: always
          type: list
          elements: str
          sample: []
    settings:
      description: The settings from which the budget was computed.
      returned: always
      type: dict
      sample: {domain: www.example.com, evaluates_targets: true, page_max_age: 0, edge_error_ttl: 0}
"""

from dataclasses import asdict
from functools import partial
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.hasite.aws.plugins.module_utils._failover import stopping, watching
from ansible_collections.hasite.aws.plugins.module_utils._failover.budget import make_budget
from ansible_collections.hasite.aws.plugins.module_utils._failover.readiness import obstacles
from ansible_collections.hasite.aws.plugins.module_utils._failover.settings import read_settings
from ansible_collections.hasite.aws.plugins.module_utils._site.assembly import assemble
from ansible_collections.hasite.aws.plugins.module_utils._site.clients import client_maker
from ansible_collections.hasite.aws.plugins.module_utils._site.names import Wanted
from ansible_collections.hasite.aws.plugins.module_utils._site.reading import read_all
from ansible_collections.hasite.aws.plugins.module_utils._site.scope import scope_of

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "domain": {"type": "str", "required": True},
    "aliases": {"type": "list", "elements": "str", "default": []},
    "stop_alarms": {"type": "list", "elements": "str", "default": []},
}
KINDS = (
    *("instances", "load_balancers", "target_groups", "hosted_zones", "health_checks", "distributions"),
    "response_headers_policies",
)


def alarms(module: Any) -> list[str]:
    """Return what is against a drill that these alarms are to end."""
    asked = module.params["stop_alarms"]
    if not asked:
        return []
    client = client_maker(module)
    try:
        states = watching.alarm_states(asked, partial(client, "cloudwatch"), module.region)
    except watching.AWS_ERRORS as error:
        module.fail_json_aws(error, msg="Failed to describe the alarms that are to end the drill")
    against: list[str] = stopping.alarm_obstacles(asked, states)
    return against


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    names = [params["domain"], *params["aliases"]]
    scope = scope_of(module, names)
    answers, errors = read_all(scope, KINDS)
    site = assemble(scope.site, scope.region, answers, errors, Wanted(names)).as_dict()
    settings = read_settings(site, params["domain"])
    against = [*obstacles(site, settings), *alarms(module)]
    found = {"obstacles": against, "budget": make_budget(settings), "settings": asdict(settings)}
    module.exit_json(changed=False, failover=found)


if __name__ == "__main__":
    main()
