# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A site's buckets and shares."""

from __future__ import annotations

from ... import _bucket, _efs_api
from ..._asking import asked
from ..._resource import Resource
from ..scope import ReadScope


def read_file_systems(scope: ReadScope) -> list[Resource]:
    """Return the file systems with their mount targets."""
    client = scope.here("efs")
    found = [_efs_api.summary(system, scope.region) for system in _efs_api.list_file_systems(client) or []]
    return [
        {**share, "mount_targets": _efs_api.list_mount_targets(client, share["file_system_id"]) or []}
        for share in found
        if scope.owns(share["tags"])
    ]


def read_buckets(scope: ReadScope) -> list[Resource]:
    """Return the buckets. Only those whose name begins as the site's do are asked for tags."""
    client = scope.here("s3")
    names = [
        bucket["Name"]
        for bucket in asked(client.list_buckets)["Buckets"]
        if bucket["Name"].startswith(f"{scope.site}-")
    ]
    tags = {name: _bucket.read_tags(client, name) or {} for name in names}
    return [
        {"name": name, "region": _bucket.read_region(client, name), "tags": found}
        for name, found in tags.items()
        if scope.owns(found)
    ]
