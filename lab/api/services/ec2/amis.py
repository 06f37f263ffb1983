# SPDX-License-Identifier: GPL-3.0-or-later
"""The images that an account finds in every region, and AWS's public parameters that name them.

The names are AWS's, so that an inventory for AWS works here; what a machine of each really runs is `system`.
A publisher puts a newer image behind his parameter when he has one, which becomes the parameter's next version, and the
older ones stay: https://docs.aws.amazon.com/linux/al2023/ug/ec2.html. Here somebody says when (`publisher`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.amis import Ami, AmiBackend
from moto.ssm.models import Parameter, ParameterDict

from lab.api.moto.extension import replaces
from lab.context import Context

PATH = "/_lab/publisher"
"""Where the API's server is told that a system's publisher has a newer image."""
_FIRST = datetime(2026, 9, 30, tzinfo=UTC)
_BETWEEN = timedelta(days=26)
"""The age of the first images, and how long after one the next is made."""


@dataclass(frozen=True)
class PublicImage:
    """A system's public images as DescribeImages shows them; their names and descriptions bear the day of each."""

    name: str
    description: str
    owner: str
    alias: str
    parameter: str
    system: str
    """Of which of the lab's own images its machines are: `lab.image.recipe`."""
    metadata_v2: bool
    """Whether its machines refuse version 1 of the metadata service unless told otherwise."""


IMAGES = (
    PublicImage(
        "al2023-ami-2023.12.{day}.0-kernel-6.12-x86_64",
        "Amazon Linux 2023 AMI 2023.12.{day}.0 x86_64 HVM kernel-6.12",
        "137112412989",
        "amazon",
        "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
        "amazon-linux-2023",
        # https://docs.aws.amazon.com/linux/al2023/ug/ec2.html
        metadata_v2=True,
    ),
    PublicImage(
        "debian-12-amd64-{day}-2251",
        "Debian 12 ({day}-2251)",
        "136693071363",
        "",
        "/aws/service/debian/release/12/latest/amd64",
        "debian-12",
        metadata_v2=False,
    ),
)
ROOT_DEVICE = "/dev/xvda"
ROOT_SIZE = 8


@dataclass(frozen=True)
class Edition:
    """One of a system's images: the first one, or the number of those that were published since."""

    image: PublicImage
    number: int = 0

    @property
    def made(self) -> datetime:
        """Return when its publisher has made it."""
        return _FIRST + self.number * _BETWEEN

    @property
    def name(self) -> str:
        """Return its name."""
        return self.image.name.format(day=f"{self.made:%Y%m%d}")

    def id(self, region: str) -> str:
        """Return its id, which AWS gives out for each region apart."""
        return f"ami-{hashlib.sha256(f'{region}/{self.name}'.encode()).hexdigest()[:17]}"


def editions(image: PublicImage, newer: Mapping[str, int]) -> Iterator[Edition]:
    """Yield a system's images, the newest one last."""
    yield from (Edition(image, number) for number in range(newer.get(image.system, 0) + 1))


def edition_of(image_id: str, region: str, newer: Mapping[str, int]) -> Edition:
    """Return which of the public images an AMI is; the first one of Debian if it is none of them."""
    known = {edition.id(region): edition for image in IMAGES for edition in editions(image, newer)}
    return known.get(image_id, Edition(IMAGES[-1]))


def publisher(context: Context, entry: Mapping[str, str] | None) -> dict[str, str]:
    """Put a newer image behind the parameter of `system`, in all regions; return the names of the newest images."""
    with context.lock:
        if entry:
            context.newer_images[entry["system"]] = context.newer_images.get(entry["system"], 0) + 1
            for _region, backend in context.backends.regional("ec2"):
                _offer(backend, context.newer_images)
        return {image.system: list(editions(image, context.newer_images))[-1].name for image in IMAGES}


def extend(context: Context) -> None:
    """Make moto show these images instead of its own, and resolve their parameters."""

    @replaces(AmiBackend, "_load_amis")
    def _load_amis(_original: Callable[..., None], self: Any) -> None:
        _offer(self, context.newer_images)

    @replaces(ParameterDict, "_check_loading_status")
    def _check_loading_status(original: Callable[..., None], self: Any, key: str) -> None:
        # moto would load its own list, whose images do not exist in this account.
        self.latest_amis_loaded = True
        original(self, key)
        if str(key or "").startswith("/aws/service/"):
            for image in IMAGES:
                there = dict.setdefault(self, image.parameter, [])
                there += [
                    _parameter(self, edition) for edition in list(editions(image, context.newer_images))[len(there) :]
                ]


def _offer(backend: Any, newer: Mapping[str, int]) -> None:
    """Show those of the public images in a region that are not shown there yet."""
    for edition in (edition for image in IMAGES for edition in editions(image, newer)):
        image, id_ = edition.image, edition.id(backend.region_name)
        if id_ in backend.amis:
            continue
        made = backend.amis[id_] = Ami(
            backend,
            id_,
            name=edition.name,
            description=image.description.format(day=f"{edition.made:%Y%m%d}"),
            owner_id=image.owner,
            owner_alias=image.alias or None,
            image_location=f"{image.alias or image.owner}/{edition.name}",
            public=True,
            virtualization_type="hvm",
            architecture="x86_64",
            creation_date=edition.made,
            hypervisor="xen",
            root_device_type="ebs",
            root_device_name=ROOT_DEVICE,
        )
        if image.metadata_v2:
            made.imds_support = "v2.0"


def _parameter(parameters: Any, edition: Edition) -> Any:
    return Parameter(
        account_id=parameters.account_id,
        name=edition.image.parameter,
        value=edition.id(parameters.region_name),
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=utcnow(),
        version=edition.number + 1,
        data_type="aws:ec2:image" if edition.image.alias != "amazon" else "text",
    )
