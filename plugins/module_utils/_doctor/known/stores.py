# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Where files are: the share and the buckets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .shape import AwsShape


@dataclass(frozen=True)
class MountTarget:
    """A mount target of the share."""

    mount_target_id: str = ""
    name: str = ""
    availability_zone_name: str = ""
    life_cycle_state: str = ""
    network_interface_id: str = ""


@dataclass(frozen=True)
class FileSystem:
    """The share."""

    file_system_id: str = ""
    name: str = ""
    mount_targets: tuple[MountTarget, ...] = ()


@dataclass(frozen=True)
class Bucket:
    """A bucket."""

    name: str = ""
    part: str = ""


@dataclass(frozen=True)
class BucketSettings:
    """What keeps a bucket's objects."""

    versioning: bool | None = None
    public_access_block: Mapping[str, bool] = field(default_factory=dict)
    lifecycle_rules: tuple[Mapping[str, object], ...] = ()
    """As S3 has them, so that all of them can be written again."""


@dataclass(frozen=True)
class ContentState:
    """Whether a content bucket holds the release that it offers."""

    missing: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class ErrorObject:
    """A page that an error response shows."""

    content_length: int | None = None
    content_type: str | None = None


# ---- rules of a bucket's lifecycle, as S3 has them


@dataclass(frozen=True)
class Removal(AwsShape):
    """What takes objects away, and when."""

    days: int | None = None
    date: str = ""
    storage_class: str = ""


@dataclass(frozen=True)
class FilterParts(AwsShape):
    """A filter of several parts."""

    prefix: str = ""
    tags: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True)
class RuleFilter(AwsShape):
    """Which objects a rule is about."""

    prefix: str = ""
    tag: Mapping[str, object] | None = None
    and_: FilterParts = FilterParts()


@dataclass(frozen=True)
class LifecycleRule(AwsShape):
    """A rule of a bucket's lifecycle."""

    id: str = ""
    status: str = ""
    prefix: str = ""
    filter: RuleFilter = RuleFilter()
    expiration: Removal = Removal()
    transitions: tuple[Removal, ...] = ()
