# SPDX-License-Identifier: GPL-3.0-or-later
"""Which findings of a scanner are exceptions on file."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import yaml

from exams import __main__ as command
from exams import custodian, prowler, scoutsuite
from exams.comparing import Site, compare, covers, is_of_site, told, unexplained
from exams.finding import Finding, Result
from exams.tools import ExamError

ACCOUNT = "arn:aws:ec2:ap-northeast-1:123456789012"
REASON = {"reason": "r.", "cost": "c."}
SILENCES = {"prowler": [{"says": "ListRules (*", "reason": "r."}]}
DEMO = Site("demo", frozenset({"acl-ours"}))
CONTROLS: list[dict[str, Any]] = [
    {"id": "waf", "ids": {"prowler": ["waf"]}, "exception": REASON},
    {"id": "trust-machines", "ids": {"prowler": ["deputy@*-web"]}, "exception": REASON},
    {"id": "acl", "ids": {"prowler": ["acl"]}},
    {"id": "default-vpc", "scope": "account", "ids": {"prowler": ["acl"]}, "exception": REASON},
]


def finding(check: str, resource: str, tags: str = "") -> Finding:
    return Finding(check, resource, "detail", tags)


@pytest.mark.parametrize(
    ("one", "ours"),
    [
        (finding("c", "demo-content-123456789012"), True),
        (finding("c", "arn:aws:iam::123456789012:role/demo-web"), True),
        (finding("c", "arn:aws:logs:ap-northeast-1:123456789012:log-group:/demo/sessions"), True),
        (finding("c", "arn:aws:elasticloadbalancing:ap-northeast-1:1:loadbalancer/app/demo/1f"), True),
        (finding("c", f"{ACCOUNT}:network-acl/acl-1", "Name=x | hasite:site=demo"), True),
        (finding("c", f"{ACCOUNT}:network-acl/acl-1"), False),
        (finding("c", f"{ACCOUNT}:network-acl/acl-ours"), True),
        (finding("c", "acl-ours"), True),
        (finding("c", "arn:aws:iam::123456789012:role/demonstration"), False),
        (finding("c", "arn:aws:iam::123456789012:root"), False),
    ],
)
def test_a_resource_of_the_site_is_told(one: Finding, ours: bool) -> None:
    assert is_of_site(one, DEMO) is ours


def test_an_id_may_be_about_some_resources_only() -> None:
    machines = finding("deputy", "arn:aws:iam::123456789012:role/demo-web")
    logs = finding("deputy", "arn:aws:iam::123456789012:role/demo-flow-logs")
    assert covers("deputy@*-web", machines)
    assert not covers("deputy@*-web", logs)
    assert covers("deputy", logs)
    assert not covers("deput", logs)


def test_what_is_accepted_of_the_account_is_not_of_the_site() -> None:
    site = finding("acl", f"{ACCOUNT}:network-acl/acl-1", "hasite:site=demo")
    other = finding("acl", f"{ACCOUNT}:network-acl/acl-2")
    verdicts = compare(Result("prowler", findings=[site, other]), CONTROLS, DEMO)
    assert [verdict.control for verdict in verdicts] == [None, "default-vpc"]


def test_a_control_without_exception_accepts_nothing() -> None:
    verdicts = compare(Result("prowler", findings=[finding("acl", "demo")]), CONTROLS[:3], DEMO)
    assert not verdicts[0].accepted


def test_what_is_told_for_each_region_counts_once() -> None:
    verdicts = compare(Result("prowler", findings=[finding("waf", "demo"), finding("waf", "demo")]), CONTROLS, DEMO)
    assert len(verdicts) == 1


def test_another_scanner_s_ids_do_not_count() -> None:
    verdicts = compare(Result("custodian", findings=[finding("waf", "demo")]), CONTROLS, DEMO)
    assert not verdicts[0].accepted


def test_counts_and_failures_are_told() -> None:
    result = Result(
        "prowler",
        7,
        [finding("waf", "demo"), finding("acl", "demo")],
        ["ListRules (NotImplemented)", "DescribeVpcs (NotImplemented)"],
        ["lambda", "rds"],
    )
    said = told(result, compare(result, CONTROLS, DEMO), SILENCES)
    assert "prowler: 7 passed; 2 findings of 2 checks, 1 of them exceptions on file, 1 FAIL" in said
    assert "FAIL  acl  demo: detail" in said
    assert "2 could not look, 1 of them for no reason on file:\n    ListRules (NotImplemented) (r.)" in said
    assert "    DescribeVpcs (NotImplemented) (no reason on file)" in said
    assert unexplained(result, SILENCES) == ["DescribeVpcs (NotImplemented)"]
    assert unexplained(Result("custodian", silent=result.silent), SILENCES) == result.silent
    assert "2 had nothing to look at:\n    lambda, rds" in said


def test_a_scanner_that_saw_everything_has_nothing_more_to_tell() -> None:
    assert told(Result("prowler", 7), [], SILENCES) == (
        "prowler: 7 passed; 0 findings of 0 checks, 0 of them exceptions on file, 0 FAIL"
    )


# ---- what the scanners leave behind


def test_prowler_s_report_is_read(tmp_path: Path) -> None:
    report = tmp_path / "exam.csv"
    report.write_text(
        "CHECK_ID;STATUS;STATUS_EXTENDED;RESOURCE_UID;RESOURCE_TAGS\n"
        "waf;FAIL;No WAF;arn:demo;hasite:site=demo\n"
        "tls;PASS;fine;arn:demo;\n"
        "root;MANUAL;look;arn:root;\n"
    )
    call = "eu -- ClientError[12]: An error occurred (NotImplemented) when calling the ListRules operation: no."
    lines = [
        {"level": "ERROR", "module": "waf_service", "message": call},
        {"level": "ERROR", "module": "privilege_escalation", "message": "Invalid action pattern"},
        {"level": "WARNING", "module": "config", "message": "no file"},
    ]
    log = "".join(f"{json.dumps(line)}\n" for line in lines)
    found = prowler.read(report, log + log + "all is well\n", ["waf", "tls", "root", "rds"])
    assert found.passed == 1
    assert found.findings == [Finding("waf", "arn:demo", "No WAF", "hasite:site=demo")]
    assert found.silent == ["ListRules (NotImplemented)", "privilege_escalation: Invalid action pattern"]
    assert found.quiet == ["rds"]


def test_custodian_s_lists_are_read_and_a_policy_without_one_is_named(tmp_path: Path) -> None:
    for policy, resources in (("plain", []), ("open", [{"VolumeId": "vol-1", "Tags": [{"Key": "a", "Value": "b"}]}])):
        (tmp_path / "ap-northeast-1" / policy).mkdir(parents=True)
        (tmp_path / "ap-northeast-1" / policy / "resources.json").write_text(json.dumps(resources))
    found = custodian.read(tmp_path, ["plain", "open", "broken"])
    assert found.passed == 1
    assert found.findings == [Finding("open", "vol-1", "listed by the policy", "a=b")]
    assert found.silent == ["broken (it has left no log)"]


def test_scoutsuite_s_report_is_read(tmp_path: Path) -> None:
    report = tmp_path / "scoutsuite_results_exam.js"
    data = {
        "services": {
            "efs": {
                "regions": {"r": {"filesystems": {"fs-1": {"name": "demo", "tags": []}}}},
                "findings": {
                    "flagged": {
                        "description": "d",
                        "checked_items": 1,
                        "items": ["efs.regions.r.filesystems.fs-1.encrypted"],
                    },
                    "fine": {"description": "d", "checked_items": 1, "items": []},
                    "idle": {"description": "d", "checked_items": 0, "items": []},
                },
            }
        }
    }
    report.write_text("scoutsuite_results =\n" + json.dumps(data))
    found = scoutsuite.read(report, "2026 host scout[1] ERROR aws: it failed\nINFO fine\n")
    assert found.passed == 1
    assert [(one.check, one.resource) for one in found.findings] == [("flagged", "demo")]
    assert (len(found.silent), found.quiet) == (1, ["idle"])


def test_custodian_s_policies_are_named_apart() -> None:
    names = [policy["name"] for policy in yaml.safe_load(custodian.POLICIES.read_text())["policies"]]
    assert len(set(names)) == len(names)


# ---- the command


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command over a scanner that finds what it is given."""

    def run(*found: Finding) -> int:
        exams = {"prowler": (None, lambda _keys, _account, _regions: Result("prowler", 1, list(found)))}
        monkeypatch.setattr(command, "EXAMS", exams)
        monkeypatch.setattr(command, "install", lambda _tool: None)
        monkeypatch.setattr(command, "provided", lambda *_names: nullcontext({}))
        monkeypatch.setattr(command, "ids", lambda *_known: frozenset())
        return command.main([])

    return run


def test_the_command_fails_for_what_is_not_on_file(examined: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert examined() == 0
    assert examined(finding("elbv2_waf_acl_attached", "demo")) == 0
    assert examined(finding("elbv2_waf_acl_attached", "demo"), finding("elbv2_unheard_of", "demo")) == 1
    assert "1 FAIL\n  FAIL  elbv2_unheard_of" in capsys.readouterr().out


def test_the_command_fails_for_what_could_not_be_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = ["ListWebACLs (NotImplemented)"]
    exams = {"prowler": (None, lambda _keys, _account, _regions: Result("prowler", 1, silent=silent))}
    monkeypatch.setattr(command, "EXAMS", exams)
    monkeypatch.setattr(command, "install", lambda _tool: None)
    monkeypatch.setattr(command, "provided", lambda *_names: nullcontext({}))
    monkeypatch.setattr(command, "ids", lambda *_known: frozenset())
    assert command.main([]) == 0
    silent.append("DescribeVpcs (NotImplemented)")
    assert command.main([]) == 1
    assert "1 of them for no reason on file" in capsys.readouterr().out


def test_without_a_result_the_command_says_why(
    examined: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_lab(*_names: str) -> None:
        raise ExamError("The lab did not start.")

    examined()
    monkeypatch.setattr(command, "provided", no_lab)
    assert command.main([]) == 2
    assert capsys.readouterr().err == "exams: The lab did not start.\n"
