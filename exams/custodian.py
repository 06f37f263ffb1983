# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud Custodian: a policy a question, each of which lists what does not meet it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from exams.finding import Finding, Result
from exams.tools import CUSTODIAN, ExamError, folder_of, run

POLICIES = Path(__file__).parent / "policies" / "site.yml"
# A resource's own id before those of what it is in.
_NAMES = ("LoadBalancerArn", "Arn", "ARN", "arn", "InstanceId", "VolumeId", "GroupId", "FileSystemId", "NetworkAclId",
          "SubnetId", "NetworkInterfaceId", "VpcId", "Name", "logGroupName", "KeyId", "account_id")  # fmt: skip
_ID = re.compile(r"(Id|Arn|ARN|Name)$")


def examine(keys: Mapping[str, str], account: str, regions: Iterable[str]) -> Result:
    """Run all policies and read what each has found."""
    words = ["run", "--output-dir", "out", "--cache-period", "0"]
    for region in regions:
        words += ["--region", region]
    done = run(CUSTODIAN, [*words, str(POLICIES)], keys, account)
    out = folder_of(CUSTODIAN) / "out"
    if not out.exists():
        raise ExamError(f"custodian ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return read(out, [policy["name"] for policy in yaml.safe_load(POLICIES.read_text())["policies"]])


def read(out: Path, policies: Iterable[str]) -> Result:
    """Return what the policies have found; one without a list of resources has not come to an end."""
    result = Result("custodian")
    for policy in policies:
        lists = sorted(out.rglob(f"{policy}/resources.json"))
        if not lists:
            result.silent.append(f"{policy} ({_why(out, policy)})")
            continue
        found = [resource for file in lists for resource in json.loads(file.read_text())]
        result.findings += [
            Finding(policy, _name(resource), "listed by the policy", _tags(resource)) for resource in found
        ]
        result.passed += not found
    return result


def _why(out: Path, policy: str) -> str:
    logs = sorted(out.rglob(f"{policy}/custodian-run.log"))
    said = logs[-1].read_text().strip().splitlines() if logs else []
    return said[-1][-200:] if said else "it has left no log"


def _name(resource: Mapping[str, object]) -> str:
    for key in _NAMES:
        if resource.get(key):
            return str(resource[key])
    return next((str(value) for key, value in resource.items() if _ID.search(key)), "a resource without a name")


def _tags(resource: Mapping[str, object]) -> str:
    found = resource.get("Tags") or []
    return " | ".join(f"{tag['Key']}={tag['Value']}" for tag in found) if isinstance(found, list) else ""
