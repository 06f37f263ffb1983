# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A site's load balancers and target groups."""

from __future__ import annotations

import typing as t

from ... import _target_group
from ..asking import asked, in_pieces, listed
from ..model import Resource
from ..scope import ReadScope


def _with_tags(client: t.Any, found: list[Resource], key: str) -> list[Resource]:
    tags: dict[str, t.Any] = {}
    for piece in in_pieces([one[key] for one in found], 20):
        for described in asked(client.describe_tags, ResourceArns=piece)["TagDescriptions"]:
            tags[described["ResourceArn"]] = described["Tags"]
    return [{**one, "Tags": tags.get(one[key], [])} for one in found]


def read_load_balancers(scope: ReadScope) -> list[Resource]:
    """Return the load balancers with their listeners."""
    client = scope.here("elbv2")
    found = _with_tags(client, listed(client, "describe_load_balancers", "LoadBalancers"), "LoadBalancerArn")
    return [
        {**one, "Listeners": listed(client, "describe_listeners", "Listeners", LoadBalancerArn=one["LoadBalancerArn"])}
        for one in scope.owned(found)
    ]


def read_target_groups(scope: ReadScope) -> list[Resource]:
    """Return the target groups with the health of their targets."""
    client = scope.here("elbv2")
    found = _with_tags(client, listed(client, "describe_target_groups", "TargetGroups"), "TargetGroupArn")
    return [_target_group.read(client, one["TargetGroupName"]) for one in scope.owned(found)]
