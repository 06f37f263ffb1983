# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The systems that the web role knows, and the versions of PHP that each of them packages."""

from __future__ import annotations

import re
import typing as t

from .._settings.error import SettingsError


class System(t.NamedTuple):
    """A distribution's release."""

    title: str
    family: str
    """`Debian` or `RedHat`: whose way of naming packages it has."""
    versions: tuple[str, ...]
    """The versions of PHP that it packages; the first is the one that it gets by default."""
    prefix: str
    """What a package's name of a version begins with."""


# https://packages.debian.org/bookworm/php-fpm, https://packages.debian.org/trixie/php-fpm
# https://packages.ubuntu.com/jammy/php-fpm, https://packages.ubuntu.com/noble/php-fpm
# https://docs.aws.amazon.com/linux/al2023/ug/php.html
SYSTEMS: t.Final[t.Mapping[str, System]] = {
    "Debian 12": System("Debian 12", "Debian", ("8.2",), "php{version}-"),
    "Debian 13": System("Debian 13", "Debian", ("8.4",), "php{version}-"),
    "Ubuntu 22": System("Ubuntu 22.04", "Debian", ("8.1",), "php{version}-"),
    "Ubuntu 24": System("Ubuntu 24.04", "Debian", ("8.3",), "php{version}-"),
    "Amazon 2023": System("Amazon Linux 2023", "RedHat", ("8.4", "8.1", "8.2", "8.3", "8.5"), "php{version}-"),
    "Enterprise Linux 9": System("Enterprise Linux 9", "RedHat", ("8.0",), "php-"),
}
_CLONES = ("RedHat", "Rocky", "AlmaLinux", "CentOS", "OracleLinux")
# The public parameters of the images: https://docs.aws.amazon.com/linux/al2023/ug/ec2.html,
# https://wiki.debian.org/Cloud/AmazonEC2Image, https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/
_IMAGES = (
    (re.compile(r"^/aws/service/ami-amazon-linux-latest/al(2023)-"), "Amazon"),
    (re.compile(r"^/aws/service/debian/release/(\d+)/"), "Debian"),
    (re.compile(r"^/aws/service/canonical/ubuntu/[a-z-]+/(\d+)\.04/"), "Ubuntu"),
)


def system_of(distribution: str) -> System:
    """Return the system by what Ansible calls it, such as `Debian 12`."""
    name, dummy, major = distribution.partition(" ")
    found = SYSTEMS.get(f"Enterprise Linux {major}" if name in _CLONES else distribution)
    if found is None:
        raise SettingsError(
            f"The machine runs {distribution}, which the role web does not know; choose an image of "
            f"{', '.join(system.title for system in SYSTEMS.values())} (site_ami_parameter)."
        )
    return found


def system_of_image(parameter: str) -> System | None:
    """Return the system of an image by the public parameter that names it; None if the name does not tell."""
    for pattern, name in _IMAGES:
        found = pattern.match(parameter)
        if found:
            return SYSTEMS.get(f"{name} {found[1]}")
    return None


def version_of(wanted: str | None, system: System | None) -> str | None:
    """Return the version of PHP that a system is to have; None if neither is known yet."""
    if not wanted:
        return system.versions[0] if system else None
    offered = (
        system.versions if system else tuple({version for every in SYSTEMS.values() for version in every.versions})
    )
    if wanted in offered:
        return wanted
    where = system.title if system else "the systems that the role web knows"
    verb = "has" if system else "have"
    raise SettingsError(
        f"site_php.version is {wanted}, but {where} {verb} PHP {', '.join(sorted(offered))}; "
        "set it to one of these, or leave it out."
    )
