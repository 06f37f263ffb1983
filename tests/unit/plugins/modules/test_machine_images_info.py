# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines' images beside the one that new machines get."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._machine_images import compared, describe

from lab.api.services.ec2 import amis
from tests.unit.lab.served import Served, serve

DEBIAN = next(image for image in amis.IMAGES if image.system == "debian-12")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path) as made:
        yield made


def newest(served: Served) -> str:
    return str(served.client("ssm").get_parameter(Name=DEBIAN.parameter)["Parameter"]["Value"])


def machine(letter: str, image_id: str) -> dict[str, Any]:
    return {"name": f"demo-web-{letter}", "instance_id": f"i-{letter}", "image_id": image_id, "state": "running"}


def look(served: Served, machines: list[dict[str, Any]], wanted: str) -> dict[str, Any]:
    known = describe(served.client("ec2"), [wanted, *(one["image_id"] for one in machines)])
    found: dict[str, Any] = compared(machines, wanted, known)
    return found


def test_nothing_is_said_of_machines_that_have_the_newest_image(served: Served) -> None:
    found = look(served, [machine("a", newest(served)), machine("c", newest(served))], newest(served))
    assert [one["outdated"] for one in found["machines"]] == [False, False]
    assert found["told"] == []
    assert look(served, [], newest(served))["told"] == []


def test_image_in_use_and_newest_are_told_by_name_and_day(served: Served) -> None:
    before = newest(served)
    amis.publisher(served.context, {"system": "debian-12"})
    after = newest(served)
    found = look(served, [machine("a", before), machine("c", after)], after)
    assert {one["name"]: one["outdated"] for one in found["machines"]} == {"demo-web-a": True, "demo-web-c": False}
    assert found["wanted"]["image_id"] == after
    assert found["told"] == [
        f"demo-web-a has the image {before} (debian-12-amd64-20260930-2251, made on 2026-09-30).",
        f"demo-web-c has the image {after} (debian-12-amd64-20261026-2251, made on 2026-10-26).",
        f"New machines get {after} (debian-12-amd64-20261026-2251, made on 2026-10-26); "
        "these keep theirs until you run playbooks/replace.yml.",
    ]


def test_an_image_that_is_gone_is_told_by_its_id(served: Served) -> None:
    found = look(served, [machine("a", "ami-0123456789abcdef0")], newest(served))
    assert found["told"][0] == ("demo-web-a has the image ami-0123456789abcdef0 (which AWS does not show any more).")
