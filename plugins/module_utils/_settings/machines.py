# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The machines: whether both zones offer the instance type, and whether it can start the image."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence

from .error import SettingsError

_EXAMPLES = {"x86_64": "t3.small", "arm64": "t4g.small"}
_PARAMETERS = {
    architecture: f"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
    for architecture in _EXAMPLES
}
_LEGACY, _UEFI = "legacy-bios", "uefi"


def check_offered(instance_type: str, region: str, zones: Sequence[str], offering: Collection[str]) -> None:
    """Refuse an instance type that one of the site's zones lacks; `offering` are all zones that have it.

    A type is not offered in every zone of a region:
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-discovery.html
    """
    if not offering:
        raise SettingsError(
            f"site_instance_type is {instance_type!r}, which {region} does not offer; choose one such as t3.small."
        )
    for zone in zones:
        if zone not in offering:
            have = sorted(offering)
            other = f", or set site_availability_zones to [{', '.join(have[:2])}]" if len(have) > 1 else ""
            raise SettingsError(
                f"site_instance_type is {instance_type!r}, which the zone {zone} does not offer; choose another "
                f"type{other}."
            )


def check_image(parameter: str, image: Mapping[str, t.Any], instance_type: str, offer: Mapping[str, t.Any]) -> None:
    """Refuse an instance type that can't start the image.

    `image` is an image of DescribeImages, `offer` a type of DescribeInstanceTypes. RunInstances compares them alike:
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resize-limitations.html
    """
    _check_architecture(parameter, str(image["Architecture"]), instance_type, offer)
    _check_one_of(parameter, instance_type, image.get("VirtualizationType"), offer.get("SupportedVirtualizationTypes"))
    _check_one_of(parameter, instance_type, image.get("RootDeviceType"), offer.get("SupportedRootDeviceTypes"))
    if image.get("RootDeviceType", "ebs") != "ebs":
        raise SettingsError(
            f"site_ami_parameter is {parameter!r}, whose image has no EBS root volume; choose an image that has one."
        )
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-boot.html: uefi-preferred starts either way.
    if image.get("BootMode") in (_LEGACY, _UEFI):
        _check_one_of(parameter, instance_type, image["BootMode"], offer.get("SupportedBootModes"))


def _check_architecture(parameter: str, needed: str, instance_type: str, offer: Mapping[str, t.Any]) -> None:
    supported = list(offer["ProcessorInfo"]["SupportedArchitectures"])
    if needed in supported:
        return
    example = _EXAMPLES.get(needed)
    other = next((_PARAMETERS[name] for name in supported if name in _PARAMETERS), None)
    advice = [
        f"choose a type of that architecture{f' such as {example}' if example else ''}",
        *([f"set site_ami_parameter to an image for {supported[0]} such as {other}"] if other else []),
    ]
    raise SettingsError(
        f"site_instance_type is {instance_type!r}, which runs {' and '.join(supported)}, but the image of "
        f"site_ami_parameter {parameter} is for {needed}; {', or '.join(advice)}."
    )


def _check_one_of(parameter: str, instance_type: str, needed: t.Any, supported: Sequence[str] | None) -> None:
    if needed and supported and needed not in supported:
        raise SettingsError(
            f"site_instance_type is {instance_type!r}, which starts {' and '.join(supported)} only, but the image of "
            f"site_ami_parameter {parameter} is {needed}; choose another type or another image."
        )
