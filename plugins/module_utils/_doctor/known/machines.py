# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The machines, as EC2 has them and as they tell themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .visit import Fetch


@dataclass(frozen=True)
class MetadataOptions:
    """How a machine's metadata answer."""

    http_tokens: str = ""
    http_endpoint: str = ""


@dataclass(frozen=True)
class Instance:
    """A machine, with what Systems Manager says of it."""

    instance_id: str = ""
    name: str = ""
    state: str = ""
    subnet_id: str = ""
    availability_zone: str = ""
    public_ip_address: str = ""
    security_group_ids: tuple[str, ...] | None = None
    iam_instance_profile_arn: str = ""
    metadata_options: MetadataOptions = MetadataOptions()
    launch_time: str = ""
    ssm_ping_status: str = ""
    ssm_last_ping_date_time: str = ""


@dataclass(frozen=True)
class StatusChecks:
    """The results of EC2's two status checks."""

    instance: str = ""
    system: str = ""


# ---- from inside


@dataclass(frozen=True)
class Unit:
    """A unit of systemd."""

    active: bool = False
    enabled: bool = False
    name: str = ""
    masked: bool = False

    def __str__(self) -> str:
        start = "masked" if self.masked else "enabled" if self.enabled else "disabled"
        return f"{self.name}: {'active' if self.active else 'inactive'}, {start}"


@dataclass(frozen=True)
class Configuration:
    """What a program says of its written configuration."""

    valid: bool | None = None
    complaint: str | None = None


@dataclass(frozen=True)
class Disk:
    """A local file system."""

    path: str = ""
    bytes: int = 0
    free_bytes: int = 0
    inodes: int = 0
    free_inodes: int = 0


@dataclass(frozen=True)
class FstabLine:
    """The share's line in /etc/fstab."""

    source: str = ""
    options: str = ""


@dataclass(frozen=True)
class Mount:
    """What is mounted."""

    source: str = ""
    read_only: bool = False


@dataclass(frozen=True)
class Turn:
    """Who has the turn to install updates, and since when, in seconds since 1970."""

    holder: str = ""
    since: float = 0


@dataclass(frozen=True)
class Machine:
    """What a machine told. None is what it could not tell."""

    units: Mapping[str, Unit] = field(default_factory=dict)
    """By role: agent, web_server, php, mount_timer, mount, tunnel. A unit that is not installed is not there."""
    configurations: Mapping[str, Configuration] = field(default_factory=dict)
    """By program, web_server and php."""
    up_seconds: float | None = None
    """For how long it runs."""
    disks: tuple[Disk, ...] = ()
    share: str = ""
    """The share's mount point."""
    fstab: FstabLine | None = None
    mount: Mount | None = None
    """What is mounted at the share's mount point."""
    turn: Turn | None = None
    document_root: str | None = None
    document_root_exists: bool | None = None
    document_root_mount: str | None = None
    """The mount point below which the document root's files lie."""
    release: str = ""
    unreadable: str = ""
    """The first path in the release that the web server cannot read; empty if there is none."""
    health: Fetch | None = None
    """The target group's health page, asked on the machine."""
    keep_alive_seconds: int | None = None
    """0 if connections are not kept."""
    name_servers: tuple[str, ...] = ()
    listening: tuple[str, ...] | None = None
    """Where TCP is listened, as `address:port`."""
    clock: float | None = None
    """The machine's time in seconds since 1970."""
    php: Mapping[str, str] = field(default_factory=dict)
    """PHP's settings."""
