# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The machines' images beside the one that new machines get."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ._aws import aws_call
from ._resource import Resource


@aws_call("describe the machines' images")
def describe(ec2: t.Any, image_ids: Iterable[str]) -> dict[str, Resource]:
    """Return those of the images that still exist, by their ids.

    Asked by a filter: an unknown id would fail the whole call. Publishers deprecate an image after some months, and
    then only who asks for deprecated ones is told of it:
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
    """
    wanted = [{"Name": "image-id", "Values": sorted(set(image_ids))}]
    return {image["ImageId"]: image for image in ec2.describe_images(Filters=wanted, IncludeDeprecated=True)["Images"]}


def compared(machines: Sequence[Mapping[str, t.Any]], wanted: str, known: Mapping[str, Resource]) -> Resource:
    """Return each machine's image beside the wanted one, and what a person is told if any has another."""
    rows = [
        {
            "name": machine["name"],
            "instance_id": machine["instance_id"],
            "outdated": machine["image_id"] != wanted,
            **_image(machine["image_id"], known),
        }
        for machine in machines
    ]
    return {"wanted": _image(wanted, known), "machines": rows, "told": _told(rows, _image(wanted, known))}


def _image(image_id: str, known: Mapping[str, Resource]) -> Resource:
    found = known.get(image_id, {})
    return {"image_id": image_id, "image_name": found.get("Name"), "creation_date": found.get("CreationDate")}


def _told(rows: Sequence[Resource], wanted: Resource) -> list[str]:
    if not any(row["outdated"] for row in rows):
        return []
    return [
        *(f"{row['name']} has the image {_shown(row)}." for row in rows),
        f"New machines get {_shown(wanted)}; these keep theirs until you run playbooks/replace.yml.",
    ]


def _shown(image: Resource) -> str:
    made = image["creation_date"]
    about = f"{image['image_name']}, made on {made[:10]}" if made else "which AWS does not show any more"
    return f"{image['image_id']} ({about})"
