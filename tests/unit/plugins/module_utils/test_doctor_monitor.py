# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor as a monitor's tool: silences, the comparison with an earlier report, and the report's schema."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.hasite.aws.plugins.module_utils._doctor.comparing import compared, said
from ansible_collections.hasite.aws.plugins.module_utils._doctor.diagnosis import Diagnosis, diagnose, rules
from ansible_collections.hasite.aws.plugins.module_utils._doctor.report import counts, render, summary
from ansible_collections.hasite.aws.plugins.module_utils._doctor.silencing import Silence, silenced

from tests.unit.plugins.broken_evidence import inside, outside
from tests.unit.plugins.broken_evidence.table import BREAKS, put
from tests.unit.plugins.healthy_site import Tree, evidence, healthy

assert inside, outside  # they fill the table
SCHEMA = json.loads((Path(__file__).parents[4] / "docs" / "doctor-report.schema.json").read_text())
TODAY = date(2027, 1, 15)


def diagnosed(*codes: str) -> Diagnosis:
    tree = healthy()
    for code in codes:
        BREAKS[code](tree)
    told: Diagnosis = diagnose(evidence(tree))
    return told


def findings(told: Diagnosis) -> list[dict[str, Any]]:
    return [finding.as_dict() for finding in told.findings]


def silence(code: str, where: str = "", until: date = TODAY) -> Silence:
    return Silence(code, "the office needs it", until, where)


# ---- silences


def test_a_silenced_finding_is_counted_and_not_told() -> None:
    told = silenced(diagnosed("port-22-open", "metadata-v1-allowed"), [silence("port-22-open")], TODAY)
    assert [finding.kind.code for finding in told.diagnosis.findings] == ["metadata-v1-allowed"]
    assert [str(one) for one in told.used] == ["port-22-open until 2027-01-15: the office needs it"]
    number = counts(told.diagnosis)
    assert (number["silenced"], number["findings"], number["rules"]) == (1, 1, len(rules()))
    assert "1 finding, 1 silenced." in summary(told.diagnosis)


def test_a_silence_ends_after_its_day() -> None:
    over = silence("port-22-open", until=date(2027, 1, 14))
    told = silenced(diagnosed("port-22-open"), [over], TODAY)
    assert [finding.kind.code for finding in told.diagnosis.findings] == ["port-22-open"]
    assert (told.used, told.over) == ((), (over,))


@pytest.mark.parametrize(("where", "left"), [("i-a", ["i-c"]), ("demo-web-c", ["i-a"]), ("i-z", ["i-a", "i-c"])])
def test_a_silence_may_mean_one_place_only(where: str, left: list[str]) -> None:
    tree: Tree = healthy()
    for machine in ("i-a", "i-c"):
        put(tree, f"machines/{machine}/units/web_server/enabled", False)
    told = silenced(diagnose(evidence(tree)), [silence("httpd-not-enabled", where)], TODAY)
    [finding] = told.diagnosis.findings
    assert [occurrence.where.id for occurrence in finding.occurrences] == left
    assert told.diagnosis.silenced == ()


def test_nothing_but_a_silenced_finding_is_no_finding() -> None:
    told = silenced(diagnosed("port-22-open"), [silence("port-22-open")], TODAY)
    lines = render(told.diagnosis, [], [f"Silenced: {one}" for one in told.used]).splitlines()
    assert lines[2:] == ["No finding.", "", "Silenced: port-22-open until 2027-01-15: the office needs it"]


# ---- the comparison


def codes(part: list[dict[str, str]]) -> list[str]:
    return [one["code"] for one in part]


def test_what_is_new_gone_and_still_there() -> None:
    earlier, now = (findings(diagnosed(*several)) for several in (("nat-missing", "port-22-open"), ("port-22-open",)))
    change = compared(earlier, now)
    assert {name: codes(part) for name, part in change.items()} == {
        "new": [],
        "gone": ["nat-missing"],
        "still": ["port-22-open"],
        "unknown": [],
    }
    assert said(change) == "Since the earlier report: 0 new, 1 gone (nat-missing), 1 still there."
    assert codes(compared(now, earlier)["new"]) == ["nat-missing"]


def test_the_same_at_another_place_is_new() -> None:
    tree = healthy()
    put(tree, "machines/i-a/units/web_server/enabled", False)
    earlier = findings(diagnose(evidence(tree)))
    put(tree, "machines/i-c/units/web_server/enabled", False)
    change = compared(earlier, findings(diagnose(evidence(tree))))
    assert [one["where"] for one in change["new"]] == ["i-c"]
    assert [one["where"] for one in change["still"]] == ["i-a"]


def test_what_is_not_judged_now_is_not_called_gone() -> None:
    change = compared(findings(diagnosed("httpd-not-enabled")), [], ["httpd-not-enabled"])
    assert codes(change["unknown"]) == ["httpd-not-enabled"]
    assert said(change).endswith("0 gone, 0 still there, 1 not seen now (httpd-not-enabled).")


# ---- the schema


def report(told: Diagnosis) -> dict[str, Any]:
    """What playbooks/doctor.yml writes."""
    found = findings(told)
    return {
        "summary": summary(told),
        "counts": counts(told),
        "findings": found,
        "not_judged": told.unjudged,
        "passing": list(told.passing),
        "silenced": [],
        "silences_over": [],
        "changes": compared([], found),
        "unseen": [],
    }


AS_WRITTEN = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    AS_WRITTEN.check_schema(SCHEMA)


@pytest.mark.parametrize("code", [*sorted(BREAKS), ""])
def test_every_report_is_as_its_schema_says(code: str) -> None:
    told = report(diagnosed(*([code] if code else [])))
    AS_WRITTEN.validate(told)
    assert set(told) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
