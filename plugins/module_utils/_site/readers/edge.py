# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A site's part of CloudFront."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ... import _distribution
from ..._resource import Resource
from ..._settings.names import NameRule
from ..scope import GLOBAL_REGION, ReadScope


def read_distributions(scope: ReadScope) -> list[Resource]:
    """Return the distributions."""
    client = scope.client("cloudfront", GLOBAL_REGION)
    found = []
    for summary in _distribution.list_distributions(client):
        tags = _distribution.list_tags(client, summary["ARN"])
        whole = _distribution.get_distribution(client, summary["Id"]) if scope.owns(tags) else None
        if whole:
            found.append({**_distribution.normalize(whole["Distribution"], tags), **_own_times(whole["Distribution"])})
    return found


def _own_times(distribution: Resource) -> Resource:
    """Return the caching times of a behaviour that has no cache policy; null if it has one."""
    behavior = distribution["DistributionConfig"]["DefaultCacheBehavior"]
    return {"min_ttl": behavior.get("MinTTL"), "default_ttl": behavior.get("DefaultTTL")}


def cloudfront(reader: Callable[[t.Any], list[Resource]], rule: NameRule) -> Callable[[ReadScope], list[Resource]]:
    """Return a reader of things of CloudFront that have a name but no tags."""

    def read(scope: ReadScope) -> list[Resource]:
        found = reader(scope.client("cloudfront", GLOBAL_REGION))
        return [row for row in found if row["name"] in scope.names_by(rule)]

    return read
