#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Visit a site again and again, and record what visitors get."""

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_probe
version_added: 0.1.0
short_description: Visit a site again and again, and record what visitors get
description:
  - Visits the site's page over HTTPS at every O(interval) as two visitors. A V(new) one asks one of the zone's own name
    servers each time; a V(returning) one asks the system's resolver and keeps its answer for the answer's TTL.
  - It also visits the O(aliases) in turn, one at each O(interval), as a new visitor. A redirect is the site's answer.
  - With O(edge), it asks the distribution itself for the page of the site's name, wherever that name leads, so with the
    site's name in TLS and in the request. The visit's outcome is C(error_page) only if the answer's status is 503.
  - Where nobody answers at one of a name's addresses, the next is tried, as browsers do, and the visit notes it.
  - The certificate is verified for the name, also when the edge answers.
  - Each visit becomes one line of JSON in O(path), with the moment it began, the name server's answer, who answered
    (the site itself, the error page at the edge, or nobody), the status, which machine the header C(X-Served-By) names,
    and the headers that decide about caching.
  - The site itself has answered if the status is below 400, or 401.
  - Run it with C(async) and C(poll=0). It ends when O(stop_path) appears, when the file at O(path) is removed or
    replaced, and at the latest after O(duration).
options:
  domain:
    description:
      - The name that visitors type.
    type: str
    required: true
  page:
    description:
      - The path of the page.
    type: str
    default: /
  name_servers:
    description:
      - The names of the zone's own name servers, such as the C(name_servers) of the hosted zone.
    type: list
    elements: str
    required: true
  aliases:
    description:
      - Further names of the site.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name, in punycode.
        type: str
        required: true
      name_servers:
        description:
          - The names of its zone's own name servers.
        type: list
        elements: str
        required: true
  edge:
    description:
      - The distribution's own name. Without it, the edge is not asked.
    type: str
  path:
    description:
      - The file to which the visits are appended.
    type: path
    required: true
  stop_path:
    description:
      - The file whose appearance ends the module.
    type: path
    required: true
  duration:
    description:
      - The seconds after which the module ends in any case, at most 7200.
    type: float
    default: 1800
  interval:
    description:
      - The seconds between two visits of a visitor, at least 0.2. If 16 visits are under way already, none is added.
    type: float
    default: 1
  timeout:
    description:
      - The seconds that a question to a name server, a connection and an answer may each take.
    type: float
    default: 5
  speed:
    description:
      - How many times as fast as the clock the TTLs run. Other than V(1) only in a simulated environment.
    type: float
    default: 1
requirements:
  - python >= 3.9
  - dnspython >= 2.1
author:
  - hasite.aws contributors (@hasite)
seealso:
  - module: hasite.aws.failover_watch
  - module: hasite.aws.failover_wait
extends_documentation_fragment:
  - hasite.aws._attributes.recorder
"""

EXAMPLES = r"""
- name: Visit the site for ten minutes in the background
  hasite.aws.failover_probe:
    domain: www.example.com
    name_servers: "{{ read.site.hosted_zone.name_servers }}"
    path: /tmp/drill/visits.jsonl
    stop_path: /tmp/drill/stop
    duration: 600
  async: 660
  poll: 0
"""

RETURN = r"""
visits:
  description: The number of visits that were begun.
  returned: always
  type: int
  sample: 240
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice, takewhile
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.hasite.aws.plugins.module_utils._failover import recording, visiting

ARGUMENTS = {
    "domain": {"type": "str", "required": True},
    "page": {"type": "str", "default": "/"},
    "name_servers": {"type": "list", "elements": "str", "required": True},
    "edge": {"type": "str"},
    "timeout": {"type": "float", "default": 5},
    "speed": {"type": "float", "default": 1},
    "aliases": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "name_servers": {"type": "list", "elements": "str", "required": True},
        },
    },
    **recording.ARGUMENTS,
}
MOST_AT_ONCE = 16
Visitor = Callable[[], visiting.Visit]


def resolved(name_servers: Iterable[str], timeout: float) -> list[str]:
    """Return the addresses of name servers."""
    return [address for server in name_servers for address in visiting.ask_resolver(server, timeout).addresses]


def visitors(params: Mapping[str, Any]) -> tuple[list[Visitor], Iterator[Visitor]]:
    """Return those who visit the domain and the edge, and one after the other those who visit an alias."""
    domain, timeout = params["domain"], params["timeout"]
    get = partial(visiting.fetch, path=params["page"], timeout=timeout)
    new = partial(visiting.ask_servers, domain, resolved(params["name_servers"], timeout), timeout)
    returning = partial(visiting.Cache(params["speed"]).lookup, domain, timeout)
    aliases = [
        partial(
            visiting.visit_alias,
            alias["name"],
            partial(visiting.ask_servers, alias["name"], resolved(alias["name_servers"], timeout), timeout),
            partial(get, domain=alias["name"]),
        )
        for alias in params["aliases"]
    ]
    own = partial(get, domain=domain)
    each: list[Visitor] = [
        partial(visiting.visit, "new", new, own),
        partial(visiting.visit, "returning", returning, own),
    ]
    if params["edge"]:
        at_edge = partial(visiting.Cache(params["speed"]).lookup, params["edge"], timeout)
        each.append(partial(visiting.visit_edge, at_edge, own))
    return each, cycle(aliases)


def record_visit(record: recording.Record, one: Visitor) -> None:
    """Make a visit and record it."""
    record.add(one())


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    if not visiting.HAS_DNSPYTHON:
        module.fail_json(msg=missing_required_lib("dnspython"))
    if module.check_mode:
        module.exit_json(changed=False, visits=0)
    params = module.params
    try:
        own, aliases = visitors(params)
    except visiting.NoAddressError as error:
        module.fail_json(msg=str(error))
    record = recording.Record(params["path"])
    under_way: set[Future[None]] = set()
    visits = 0
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        for dummy in takewhile(lambda _: record.is_wanted, recording.limits_of(params).ticks()):
            under_way = {visit for visit in under_way if not visit.done()}
            due = [*own, *islice(aliases, 1)]
            if len(under_way) + len(due) > MOST_AT_ONCE:
                continue
            under_way |= {pool.submit(record_visit, record, visitor) for visitor in due}
            visits += len(due)
    module.exit_json(changed=True, visits=visits)


if __name__ == "__main__":
    main()
