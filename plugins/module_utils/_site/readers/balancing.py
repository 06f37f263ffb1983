# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A site's load balancers and target groups."""

from __future__ import annotations

import typing as t

from ... import _listener_rules, _target_group
from ..._asking import asked, in_pieces, listed
from ..._resource import Resource
from ..assembly import PART_TAG
from ..scope import ReadScope

MAINTENANCE = "maintenance"
"""The part of which the rules of a listener are that give visitors a planned page."""


def _with_tags(client: t.Any, found: list[Resource], key: str) -> list[Resource]:
    tags: dict[str, t.Any] = {}
    for piece in in_pieces([resource[key] for resource in found], 20):
        for described in asked(client.describe_tags, ResourceArns=piece)["TagDescriptions"]:
            tags[described["ResourceArn"]] = described["Tags"]
    return [{**resource, "Tags": tags.get(resource[key], [])} for resource in found]


def _in_maintenance(client: t.Any, listeners: list[Resource]) -> bool:
    rules = [
        rule
        for listener in listeners
        if listener.get("Protocol") == "HTTPS"
        for rule in _listener_rules.read(client, listener["ListenerArn"])
    ]
    return any(rule["tags"].get(PART_TAG) == MAINTENANCE for rule in rules)


def _with_listeners(client: t.Any, balancer: Resource) -> Resource:
    listeners = listed(client, "describe_listeners", "Listeners", LoadBalancerArn=balancer["LoadBalancerArn"])
    return {**balancer, "Listeners": listeners, "Maintenance": _in_maintenance(client, listeners)}


def read_load_balancers(scope: ReadScope) -> list[Resource]:
    """Return the load balancers with their listeners, and whether these give visitors a planned page."""
    client = scope.here("elbv2")
    found = _with_tags(client, listed(client, "describe_load_balancers", "LoadBalancers"), "LoadBalancerArn")
    return [_with_listeners(client, balancer) for balancer in scope.owned(found)]


def read_target_groups(scope: ReadScope) -> list[Resource]:
    """Return the target groups with the health of their targets."""
    client = scope.here("elbv2")
    found = _with_tags(client, listed(client, "describe_target_groups", "TargetGroups"), "TargetGroupArn")
    return [_target_group.read(client, group["TargetGroupName"]) for group in scope.owned(found)]
