# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies of docs/policies: what IAM accepts, what our modules need, and what the pages say."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab.world.access.call_permissions import judged_by_tags
from lab.world.access.least_policy import LARGEST, actions, size

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "docs" / "policies").glob("*.json"))
PLAYBOOKS = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
WITHIN_SITE = {"provision", "configure", "publish", "verify", "machines", "resize", "plan", "planned"}
"""Site's own parts: they need no more than site does."""
OPEN = re.compile(
    r"(acm|cloudfront|ec2|elasticfilesystem|kms|pricing|route53|servicequotas|route53domains):"
    r"|[a-z0-9-]+:(Describe|List)|iam:GetAccount|s3:GetAccount|ssm:GetServiceSetting|wafv2:GetWebACL"
    r"|logs:(Put|Delete)ResourcePolicy"
)
"""What may be allowed on everything: it has no names, or they are not the site's."""


def tool() -> Any:
    path = str(ROOT / "tools" / "playbook-policies")
    loader = importlib.machinery.SourceFileLoader("playbook_policies", path)
    spec = importlib.util.spec_from_loader("playbook_policies", loader)
    assert spec
    made = importlib.util.module_from_spec(spec)
    loader.exec_module(made)
    return made


def documents() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in FILES]


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_every_playbook_has_its_policies() -> None:
    assert {re.sub(r"-\d$", "", path.stem) for path in FILES} == PLAYBOOKS - WITHIN_SITE | {"repair"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_policy_is_one_that_iam_accepts(path: Path) -> None:
    policy = json.loads(path.read_text())
    assert policy["Version"] == "2012-10-17"
    assert size(policy) <= LARGEST
    for statement in policy["Statement"]:
        assert set(statement) <= {"Effect", "Action", "Resource", "Condition"}
        assert statement["Effect"] == "Allow"
        assert all(re.fullmatch(r"[a-z0-9-]+:[A-Z]\w+", one) for one in listed(statement["Action"]))
        assert all(re.fullmatch(r"\*|arn:aws:[a-z0-9]+:\*?:\*?:\S+", one) for one in listed(statement["Resource"]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_has_a_name_is_allowed_by_the_sites_name_only(path: Path) -> None:
    assert not re.search(r"demo|hasite\.test|123456789012", path.read_text())
    for statement in json.loads(path.read_text())["Statement"]:
        if "*" in listed(statement["Resource"]):
            assert not [one for one in listed(statement["Action"]) if not OPEN.match(one)]
        else:
            own = (
                "SITE",
                "role/aws-service-role/",
                "parameter/aws/service/",
                "session/${aws:",
                "instance/*",
                "regional/managedruleset/*",
                "iam::*:policy/*",
            )
            assert all(any(part in one for part in own) for one in listed(statement["Resource"]))


def test_what_bears_tags_is_ended_or_changed_by_the_sites_tag_only() -> None:
    for statement in (one for policy in documents() for one in policy["Statement"]):
        if any(judged_by_tags(one) for one in listed(statement["Action"])):
            assert statement["Condition"] == {"StringEquals": {"aws:ResourceTag/hasite:site": "SITE"}}


def test_roles_and_everything_are_never_open() -> None:
    for statement in (one for policy in documents() for one in policy["Statement"]):
        named = [one for one in listed(statement["Action"]) if re.match(r"iam:(?!List|GetAccount)", one)]
        assert not (named and "*" in listed(statement["Resource"])), named


def test_what_our_modules_source_calls_is_in_a_policy() -> None:
    policies = set(actions(documents()))
    found = tool().in_source()
    assert len(found) > 100
    assert not {name: sorted(needed) for name, needed in found.items() if not needed & policies}


def test_the_pages_tables_are_the_datas() -> None:
    done = subprocess.run(
        [ROOT / "tools" / "playbook-policies", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
