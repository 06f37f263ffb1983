# SPDX-License-Identifier: GPL-3.0-or-later
"""What is entered by hand outside AWS is checked before it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from lab.api.services.ec2 import amis
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.commands import outsiders
from lab.plane.names import forger, registrar

PLACE = LabPaths("unit")
DIGEST = "AB" * 32


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    monkeypatch.setattr(outsiders, "ask", lambda _place, path, told: found.append((path, told)))
    return found


def test_a_ds_record_is_entered_and_removed(sent: list[tuple[str, Any]]) -> None:
    said = outsiders.enter_signer(PLACE, "Example.test.", f"4217 13 2 {DIGEST}")
    assert "example.test" in said
    outsiders.enter_signer(PLACE, "example.test", None)
    text = f"4217 13 2 {DIGEST.lower()}"
    assert sent == [
        (registrar.SIGNERS_PATH, {"example.test": [text]}),
        (registrar.SIGNERS_PATH, {"example.test": None}),
    ]


@pytest.mark.parametrize("record", ["", "x", "4217 13 2", f"4217 13 2 {DIGEST[:-2]}", f"99999 13 2 {DIGEST}"])
def test_what_is_no_ds_record_is_refused_in_a_sentence(sent: list[tuple[str, Any]], record: str) -> None:
    with pytest.raises(LabError, match="is no DS record"):
        outsiders.enter_signer(PLACE, "example.test", record)
    assert sent == []


def test_a_forger_tells_addresses_only(sent: list[tuple[str, Any]]) -> None:
    outsiders.forge(PLACE, "www.example.test", "203.0.113.66")
    outsiders.forge(PLACE, "www.example.test", None)
    assert [told for _, told in sent] == [{"www.example.test": "203.0.113.66"}, {"www.example.test": None}]
    assert {path for path, _ in sent} == {forger.PATH}
    with pytest.raises(LabError, match="is no IPv4 address"):
        outsiders.forge(PLACE, "www.example.test", "::1; x")


def test_a_publisher_is_told_of_a_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outsiders, "ask", lambda _place, path, told: {told["system"]: f"newer, by {path}"})
    said = outsiders.publish_image(PLACE, "debian-12")
    assert said == f"/aws/service/debian/release/12/latest/amd64 names newer, by {amis.PATH} now."
