# SPDX-License-Identifier: GPL-3.0-or-later
"""The images that an account finds in every region, and AWS's public parameters that name them.

The names are AWS's, so that an inventory for AWS works here; what a machine of each really runs is `system`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.amis import Ami, AmiBackend
from moto.ssm.models import Parameter, ParameterDict

from lab.api.moto.extension import replaces


@dataclass(frozen=True)
class PublicImage:
    """A public image as DescribeImages shows it."""

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
        "al2023-ami-2023.12.20260930.0-kernel-6.12-x86_64",
        "Amazon Linux 2023 AMI 2023.12.20260930.0 x86_64 HVM kernel-6.12",
        "137112412989",
        "amazon",
        "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
        "amazon-linux-2023",
        # https://docs.aws.amazon.com/linux/al2023/ug/ec2.html
        metadata_v2=True,
    ),
    PublicImage(
        "debian-12-amd64-20260929-2251",
        "Debian 12 (20260929-2251)",
        "136693071363",
        "",
        "/aws/service/debian/release/12/latest/amd64",
        "debian-12",
        metadata_v2=False,
    ),
)
ROOT_DEVICE = "/dev/xvda"
ROOT_SIZE = 8


def image_id(image: PublicImage, region: str) -> str:
    """Return the image's id, which AWS gives out for each region apart."""
    return f"ami-{hashlib.sha256(f'{region}/{image.name}'.encode()).hexdigest()[:17]}"


def system_of(image: str, region: str) -> str:
    """Return of which of the lab's images the machines of an AMI are; Debian's if it is none of AWS's public ones."""
    return next((one.system for one in IMAGES if image_id(one, region) == image), IMAGES[-1].system)


def extend() -> None:
    """Make moto show these images instead of its own, and resolve their parameters."""

    @replaces(AmiBackend, "_load_amis")
    def _load_amis(_original: Callable[..., None], self: Any) -> None:
        for image in IMAGES:
            made = Ami(
                self,
                image_id(image, self.region_name),
                name=image.name,
                description=image.description,
                owner_id=image.owner,
                owner_alias=image.alias or None,
                image_location=f"{image.alias or image.owner}/{image.name}",
                public=True,
                virtualization_type="hvm",
                architecture="x86_64",
                hypervisor="xen",
                root_device_type="ebs",
                root_device_name=ROOT_DEVICE,
            )
            if image.metadata_v2:
                made.imds_support = "v2.0"
            self.amis[made.id] = made

    @replaces(ParameterDict, "_check_loading_status")
    def _check_loading_status(original: Callable[..., None], self: Any, key: str) -> None:
        # moto would load its own list, whose images do not exist in this account.
        self.latest_amis_loaded = True
        original(self, key)
        if str(key or "").startswith("/aws/service/"):
            for image in IMAGES:
                if not dict.__contains__(self, image.parameter):
                    dict.__setitem__(self, image.parameter, [_parameter(self, image)])


def _parameter(parameters: Any, image: PublicImage) -> Any:
    return Parameter(
        account_id=parameters.account_id,
        name=image.parameter,
        value=image_id(image, parameters.region_name),
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=utcnow(),
        version=1,
        data_type="aws:ec2:image" if image.alias != "amazon" else "text",
    )
