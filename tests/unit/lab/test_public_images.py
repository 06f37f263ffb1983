# SPDX-License-Identifier: GPL-3.0-or-later
"""The images behind AWS's public parameters, when their publishers have newer ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.api.services.ec2 import amis
from tests.unit.lab.served import Served, serve

PARAMETERS = {image.system: image.parameter for image in amis.IMAGES}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path) as made:
        yield made


def newest(served: Served, system: str, region: str = "ap-northeast-1") -> dict[str, Any]:
    found: dict[str, Any] = served.client("ssm", region).get_parameter(Name=PARAMETERS[system])["Parameter"]
    return found


@pytest.mark.parametrize("system", PARAMETERS)
def test_a_newer_image_is_the_next_version_of_its_parameter_and_the_older_one_stays(
    served: Served, system: str
) -> None:
    before = newest(served, system)
    others = {other: newest(served, other)["Value"] for other in PARAMETERS if other != system}
    told = amis.publisher(served.context, {"system": system})
    after = newest(served, system)
    assert (before["Version"], after["Version"]) == (1, 2)
    images = {
        image["ImageId"]: image
        for image in served.client("ec2").describe_images(ImageIds=[before["Value"], after["Value"]])["Images"]
    }
    assert images[after["Value"]]["Name"] == told[system] != images[before["Value"]]["Name"]
    assert images[after["Value"]]["CreationDate"] > images[before["Value"]]["CreationDate"]
    assert {other: newest(served, other)["Value"] for other in others} == others


def test_regions_that_nobody_has_used_yet_have_it_too(served: Served) -> None:
    newest(served, "debian-12")
    amis.publisher(served.context, {"system": "debian-12"})
    amis.publisher(served.context, {"system": "debian-12"})
    elsewhere = newest(served, "debian-12", "eu-west-1")
    assert elsewhere["Version"] == 3
    assert elsewhere["Value"] != newest(served, "debian-12")["Value"]
    found = served.client("ec2", "eu-west-1").describe_images(ImageIds=[elsewhere["Value"]])["Images"]
    assert [image["Name"] for image in found] == [amis.publisher(served.context, None)["debian-12"]]


def test_what_is_asked_without_an_entry_publishes_nothing(served: Served) -> None:
    assert amis.publisher(served.context, None) == amis.publisher(served.context, None)
    assert newest(served, "debian-12")["Version"] == 1
