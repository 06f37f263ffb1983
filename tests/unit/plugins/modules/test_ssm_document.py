# SPDX-License-Identifier: GPL-3.0-or-later
"""A document of Systems Manager in four steps, and what it said before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._ssm import ensure_document

from tests.unit.plugins.modules.route53_account import REGION, open_account

NAME = "shop-session"


@pytest.fixture
def ssm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with open_account(tmp_path, monkeypatch) as account:
        yield account.client("ssm", REGION)


def content(minutes: int) -> dict[str, Any]:
    return {
        "schemaVersion": "1.0",
        "description": "Shell sessions",
        "sessionType": "Standard_Stream",
        "inputs": {"idleSessionTimeout": str(minutes)},
    }


def wanted(minutes: int, **tags: str) -> dict[str, Any]:
    shape = {"state": "present", "name": NAME, "document_type": "Session", "purge_tags": True}
    return {**shape, "content": content(minutes), "tags": tags}


def test_four_steps(ssm: Any) -> None:
    assert ensure_document(ssm, wanted(20), True).changed
    assert ssm.list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])["DocumentIdentifiers"] == []
    made = ensure_document(ssm, wanted(20, team="shop"), False)
    assert (made.changed, made.before, made.after["content"]) == (True, {}, content(20))
    for check in (True, False):
        assert not ensure_document(ssm, wanted(20, team="shop"), check).changed


def test_what_it_said_before_is_an_earlier_version(ssm: Any) -> None:
    """AWS takes no second version with the same content, so the earlier one becomes the default again."""
    for minutes in (20, 60, 30, 20, 60):
        assert ensure_document(ssm, wanted(minutes), True).changed
        assert ensure_document(ssm, wanted(minutes), False).changed
        assert ensure_document(ssm, wanted(minutes), False).after["content"] == content(minutes)
        assert not ensure_document(ssm, wanted(minutes), False).changed
    versions = ssm.list_document_versions(Name=NAME)["DocumentVersions"]
    assert len(versions) == 3
    assert [version["DocumentVersion"] for version in versions if version["IsDefaultVersion"]] == ["2"]


def test_it_is_removed(ssm: Any) -> None:
    ensure_document(ssm, wanted(20), False)
    assert ensure_document(ssm, {**wanted(20), "state": "absent"}, False).changed
    assert not ensure_document(ssm, {**wanted(20), "state": "absent"}, False).changed
