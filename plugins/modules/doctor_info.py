#!/usr/bin/python
# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say what is wrong with a site."""

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor_info
version_added: 0.1.0
short_description: Say what is wrong with a site, and what to do about it
description:
  - Judges what M(hasite.aws.site_info), M(hasite.aws.site_visit_info) and M(hasite.aws.web_machine_info) have read. It
    asks nobody itself and changes nothing.
  - The worst finding comes first, a cause before what follows from it; what follows from a finding is listed in it.
  - It judges what it is given. What could not be read is named in RV(unseen); a rule that finds nothing, and lacks
    evidence that it needs, is not judged, and is named in RV(not_judged).
options:
  domain:
    description: The name that visitors type.
    type: str
    required: true
  site:
    description:
      - The RV(hasite.aws.site_info#module:site) of M(hasite.aws.site_info), read with
        O(hasite.aws.site_info#module:details=true).
    type: dict
    required: true
  visit:
    description: The RV(hasite.aws.site_visit_info#module:visit) of M(hasite.aws.site_visit_info).
    type: dict
  machines:
    description:
      - The RV(hasite.aws.web_machine_info#module:machine) of M(hasite.aws.web_machine_info) by the IDs of the
        instances.
    type: dict
    default: {}
  silent:
    description: Why machines were not reached, by the IDs of the instances.
    type: dict
    default: {}
  earlier:
    description:
      - The findings of an earlier diagnosis, as RV(findings) returned them. RV(changes) then tells what has changed.
    type: list
    elements: dict
  silences:
    description: Findings that are known, and are not to be told before a day.
    type: list
    elements: dict
    default: []
    suboptions:
      code:
        description: What kind of finding is meant.
        type: str
        required: true
      where:
        description: The ID or the name of the only place that is meant. Without it, all places are.
        type: str
      reason:
        description: Why it is accepted.
        type: str
        required: true
      until:
        description: The last day on which it is not told, as C(2027-01-31).
        type: str
        required: true
  symptoms:
    description:
      - Codes of findings about which somebody asks. RV(concerning) then has the findings that may be the cause of one.
    type: list
    elements: str
    default: []
  failed:
    description: Why machines that were reached could not be looked at, by the IDs of the instances.
    type: dict
    default: {}
author:
  - hasite.aws contributors (@hasite)
extends_documentation_fragment:
  - hasite.aws._attributes.info
"""

EXAMPLES = r"""
- name: Read the site
  hasite.aws.site_info:
    name: shop
    domain: www.example.com
    region: ap-northeast-1
    details: true
  register: read

- name: Look at it from outside
  hasite.aws.site_visit_info:
    domain: www.example.com
    distribution_domain_name: "{{ read.site.distributions[0].domain_name }}"
  register: looked

- name: Judge
  hasite.aws.doctor_info:
    domain: www.example.com
    site: "{{ read.site }}"
    visit: "{{ looked.visit }}"
  register: judged

- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ judged.report }}"
"""

RETURN = r"""
findings:
  description: What is wrong, the first to be mended first. Empty if nothing is.
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of finding it is.
      returned: always
      type: str
      sample: nfs-ingress-closed
    severity:
      description:
        - V(critical) if something does not work now, V(warning) if it will not when it is needed, V(notice) if it could
          be better.
      returned: always
      type: str
      sample: critical
    what:
      description: What is wrong, in one sentence.
      returned: always
      type: str
      sample: The security group shop-file-system does not admit the machines on 2049.
    where:
      description: The C(type), C(id) and C(name) of the thing that it is about.
      returned: always
      type: dict
      sample: {type: security group, id: sg-0123456789abcdef0, name: shop-file-system}
    evidence:
      description: The value that was read.
      returned: always
      type: str
      sample: "state=blackhole"
    places:
      description:
        - All places where it shows, with C(what), C(where) and C(evidence). The first one is also in the finding
          itself.
      returned: always
      type: list
      elements: dict
    why:
      description: Why it matters.
      returned: always
      type: str
      sample: A machine mounts the share over port 2049 of the mount target in its zone.
    remedy:
      description: What to do.
      returned: always
      type: str
      sample: Run playbooks/site.yml.
    consequences:
      description: What else was found that follows from it.
      returned: always
      type: list
      elements: str
      sample: [The share is not mounted on shop-web-a.]
concerning:
  description: Those of RV(findings) that have one of the codes of O(symptoms), or may lead to one.
  returned: always
  type: list
  elements: dict
  sample: []
summary:
  description: What became of all rules, in one line.
  returned: always
  type: str
  sample: "82 rules: 80 hold, 1 finding and 1 that follows from it."
counts:
  description:
    - How many rules there are (C(rules)), how many hold (C(hold)), how many have found something (C(findings)) or
      something that follows from a finding (C(follow)), how many were not judged (C(not_judged)), and how many have
      found only what is silenced (C(silenced)).
  returned: always
  type: dict
  sample: {rules: 82, hold: 80, findings: 1, follow: 1, not_judged: 0, silenced: 0}
not_judged:
  description:
    - The rules that found nothing and lacked evidence, by the code of what they look for; the value tells why, by the
      evidence that is missing.
  returned: always
  type: dict
  sample: {"certificate-pending": {"acm: certificates": "AccessDenied: ..."}}
passing:
  description:
    - What is over by itself in some minutes, such as a machine that is just starting again. It is no finding; what
      follows from it is among RV(not_judged).
  returned: always
  type: list
  elements: str
  sample: [demo-web-a may be just starting again. Ask again in three minutes.]
silenced:
  description: The silences that have hidden a finding, each with its reason and its end.
  returned: always
  type: list
  elements: str
  sample: ["port-22-open at sg-0123456789abcdef0 until 2027-01-31: the old office"]
silences_over:
  description: The silences whose day is over, so that they hide nothing any more.
  returned: always
  type: list
  elements: str
  sample: []
changes:
  description:
    - What is C(new), C(gone), C(still) there, and C(unknown) because it was there and is not judged now, compared with
      O(earlier); each a list of C(code), C(where) and C(what). Null without O(earlier).
  returned: always
  type: dict
  sample: {new: [], gone: [{code: httpd-down, where: i-1, what: httpd.service on demo-web-a does not run.}]}
not_judged_critical:
  description: Those of RV(not_judged) whose findings would be critical.
  returned: always
  type: list
  elements: str
  sample: [certificate-pending]
nothing_seen:
  description: One sentence if nothing was seen of the site, so that no rule could be judged. Null otherwise.
  returned: always
  type: str
unseen:
  description: What could not be looked at, and why.
  returned: always
  type: list
  elements: str
  sample: []
report:
  description: All of it as a text.
  returned: always
  type: str
  sample: |-
    82 rules: 82 hold.

    No finding.
"""

from datetime import UTC, date, datetime

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hasite.aws.plugins.module_utils._doctor.comparing import compared, said
from ansible_collections.hasite.aws.plugins.module_utils._doctor.diagnosis import concerning, diagnose, rules
from ansible_collections.hasite.aws.plugins.module_utils._doctor.evidence import evidence_from
from ansible_collections.hasite.aws.plugins.module_utils._doctor.report import (
    blindness,
    counts,
    render,
    summary,
    unseen,
)
from ansible_collections.hasite.aws.plugins.module_utils._doctor.silencing import Silence, silenced

SILENCE = {
    "code": {"type": "str", "required": True},
    "where": {"type": "str"},
    "reason": {"type": "str", "required": True},
    "until": {"type": "str", "required": True},
}
EVIDENCE = {
    "domain": {"type": "str", "required": True},
    "site": {"type": "dict", "required": True},
    "visit": {"type": "dict"},
    "machines": {"type": "dict", "default": {}},
    "silent": {"type": "dict", "default": {}},
    "failed": {"type": "dict", "default": {}},
}
ARGUMENTS = {
    **EVIDENCE,
    "earlier": {"type": "list", "elements": "dict"},
    "silences": {"type": "list", "elements": "dict", "options": SILENCE, "default": []},
    "symptoms": {"type": "list", "elements": "str", "default": []},
}


def require_known(module: AnsibleModule, code: str, purpose: str) -> None:
    """Fail if there is no such finding."""
    if code not in {rule.kind.code for dummy, rule in rules()}:
        module.fail_json(msg=f"There is no finding {code} {purpose}; docs/doctor.md lists all.")


def silences_of(module: AnsibleModule) -> list[Silence]:
    """Return what is not to be told; fail where it is not said what, or until when."""
    found = []
    for silence in module.params["silences"]:
        require_known(module, silence["code"], "to be silenced")
        try:
            until = date.fromisoformat(silence["until"])
        except ValueError:
            module.fail_json(msg=f"{silence['code']} is silenced until {silence['until']!r}; give a day as 2027-01-31.")
        found.append(Silence(silence["code"], silence["reason"], until, silence["where"] or ""))
    return found


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    for code in module.params["symptoms"]:
        require_known(module, code, "to be explained")
    evidence = evidence_from(**{key: module.params[key] for key in EVIDENCE})
    told = silenced(diagnose(evidence), silences_of(module), datetime.now(UTC).date())
    diagnosis, not_seen = told.diagnosis, unseen(evidence)
    findings = [finding.as_dict() for finding in diagnosis.findings]
    earlier: list[dict[str, object]] | None = module.params["earlier"]
    changes = None if earlier is None else compared(earlier, findings, [*diagnosis.unjudged, *diagnosis.silenced])
    notes = [
        *([said(changes)] if changes else []),
        *(f"Silenced: {silence}" for silence in told.used),
        *(f"No longer silenced: {silence}" for silence in told.over),
    ]
    module.exit_json(
        changed=False,
        findings=findings,
        concerning=[finding.as_dict() for finding in concerning(diagnosis.findings, module.params["symptoms"])],
        summary=summary(diagnosis),
        counts=counts(diagnosis),
        not_judged=diagnosis.unjudged,
        not_judged_critical=diagnosis.unjudged_critical,
        passing=list(diagnosis.passing),
        silenced=[str(silence) for silence in told.used],
        silences_over=[str(silence) for silence in told.over],
        changes=changes,
        nothing_seen=blindness(diagnosis),
        unseen=not_seen,
        report=render(diagnosis, not_seen, notes),
    )


if __name__ == "__main__":
    main()
