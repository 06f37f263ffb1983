# SPDX-License-Identifier: GPL-3.0-or-later
"""Prowler: checks of each service that a site uses and of the account's own."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from exams.finding import Finding, Result
from exams.tools import PROWLER, ExamError, folder_of, run

SERVICES = (
    *("accessanalyzer", "acm", "backup", "cloudfront", "cloudtrail", "cloudwatch", "config", "ec2", "efs", "elbv2"),
    *("guardduty", "iam", "kms", "route53", "s3", "ssm", "vpc"),
)
_CHECKS = "prowler/providers/aws/services"
_CALL = re.compile(r"calling the (\w+) operation")
_CODE = re.compile(r"An error occurred \(([^)]+)\)")


def examine(keys: Mapping[str, str], account: str, regions: Iterable[str]) -> Result:
    """Run prowler and read its report."""
    words = ["aws", "--region", *regions, "--service", *SERVICES, "--output-formats", "csv"]
    words += ["--output-directory", "out", "--output-filename", "exam", "--log-level", "ERROR", "--log-file", "log"]
    done = run(PROWLER, [*words, "--ignore-exit-code-3", "--no-banner", "--no-color"], keys, account)
    folder = folder_of(PROWLER)
    report = folder / "out" / "exam.csv"
    if done.returncode or not report.exists():
        raise ExamError(f"prowler ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-500:]}")
    log = folder / "log"
    return read(report, (log.read_text() if log.exists() else "") + done.stdout + done.stderr, checks())


def checks() -> set[str]:
    """Return the checks of the services asked about, which prowler keeps in a folder each."""
    services = [
        folder for service in SERVICES for folder in PROWLER.folder.glob(f"lib/*/site-packages/{_CHECKS}/{service}")
    ]
    return {found.parent.name for folder in services for found in folder.glob("*/*.metadata.json")}


def read(report: Path, log: str, known: Iterable[str]) -> Result:
    """Return what a report says about the known checks."""
    result, seen = Result("prowler"), set()
    with report.open(newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            seen.add(row["CHECK_ID"])
            if row["STATUS"] == "PASS":
                result.passed += 1
            elif row["STATUS"] == "FAIL":
                result.findings.append(
                    Finding(row["CHECK_ID"], row["RESOURCE_UID"], row["STATUS_EXTENDED"], row["RESOURCE_TAGS"])
                )
    result.quiet = sorted(set(known) - seen)
    result.silent = sorted({said for line in log.splitlines() if (said := _silent(line))})
    return result


def _silent(line: str) -> str:
    """Return which call or check failed and how, if a line of the log, JSON or plain, tells of one."""
    try:
        told = json.loads(line)
    except ValueError:
        told = {"level": "ERROR" if "An error occurred" in line else "", "message": line.strip()}
    if told.get("level") not in ("ERROR", "CRITICAL"):
        return ""
    said = str(told.get("message"))
    call, code = _CALL.search(said), _CODE.search(said)
    if call and code:
        return f"{call[1]} ({code[1]})"
    return f"{told.get('module', 'prowler')}: {said}"[:200]
