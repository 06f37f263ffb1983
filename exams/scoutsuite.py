# SPDX-License-Identifier: GPL-3.0-or-later
"""ScoutSuite: rules over a picture of the account, each with the items that it flags."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from exams.finding import Finding, Result
from exams.tools import SCOUTSUITE, ExamError, folder_of, run

SERVICES = (
    "acm",
    "cloudfront",
    "cloudtrail",
    "cloudwatch",
    "config",
    "ec2",
    "efs",
    "elbv2",
    "iam",
    "kms",
    "route53",
    "s3",
    "vpc",
)


def examine(keys: Mapping[str, str], account: str, regions: Iterable[str]) -> Result:
    """Run ScoutSuite and read its report."""
    words = ["aws", "--no-browser", "--report-dir", "out", "--report-name", "exam", "--regions", *regions]
    done = run(SCOUTSUITE, [*words, "--services", *SERVICES], keys, account)
    reports = sorted((folder_of(SCOUTSUITE) / "out").rglob("scoutsuite_results_*.js"))
    if not reports:
        raise ExamError(f"scout ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-500:]}")
    return read(reports[0], done.stdout + done.stderr)


def read(report: Path, log: str) -> Result:
    """Return what a report says; its first line gives the data a name."""
    data = json.loads(report.read_text().partition("\n")[2])
    result = Result("scoutsuite")
    for service, told in data["services"].items():
        for rule, found in (told.get("findings") or {}).items():
            items = found.get("items") or []
            if not found.get("checked_items"):
                result.quiet.append(rule)
                continue
            result.passed += not items
            result.findings += [_finding(data, service, rule, found, item) for item in items]
    result.silent = sorted({line.strip()[:200] for line in log.splitlines() if " ERROR " in line})
    return result


def _finding(data: Any, service: str, rule: str, found: Mapping[str, Any], item: str) -> Finding:
    """Return a finding, named by the resource that the item's path leads to."""
    place, named = data["services"], f"{service}/{item}"
    for key in item.split("."):
        place = place.get(key) if isinstance(place, dict) else None
        if isinstance(place, dict) and (name := place.get("arn") or place.get("name") or place.get("id")):
            named = str(name)
    return Finding(
        rule, named, str(found.get("description")), json.dumps(place.get("tags")) if isinstance(place, dict) else ""
    )
