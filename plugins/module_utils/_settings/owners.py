# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Whether names that the site needs are somebody else's in the account."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Mapping

from .. import _aws
from .._resource import Resource
from .error import SettingsError

Clients = Callable[[str], t.Any]

_TAG = "hasite:site"


def check_owner(site: str, resource: str, name: str, tags: Mapping[str, str]) -> None:
    """Refuse a resource of the site's name that is not the site's: the site would change it."""
    if tags.get(_TAG) == site:
        return
    owner = f"the site {tags[_TAG]}" if _TAG in tags else "nobody's site"
    raise SettingsError(
        f"site_name is {site!r}, but {resource} named {name!r} is in the account already and belongs to {owner}; "
        f"choose another name, or rename or tag it ({_TAG}={site}) if it is this site's."
    )


def check_names(clients: Clients, site: str) -> None:
    """Refuse a site name by which load balancers, target groups or roles of others go."""
    for resource, name, tags in _found(clients, site):
        check_owner(site, resource, name, tags)


def _found(clients: Clients, site: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    elbv2, iam = clients("elbv2"), clients("iam")
    for balancer in _load_balancers(elbv2, site) or []:
        yield "a load balancer", site, _elb_tags(elbv2, balancer["LoadBalancerArn"])
    for group in _target_groups(elbv2, site) or []:
        yield "a target group", site, _elb_tags(elbv2, group["TargetGroupArn"])
    for name in (f"{site}-web", f"{site}-flow-logs"):
        if role := _role(iam, name):
            yield "an IAM role", name, _aws.tag_dict(role.get("Tags"))


@_aws.aws_lookup("look for the load balancer {name}", "LoadBalancerNotFound")
def _load_balancers(elbv2: t.Any, name: str) -> list[Resource]:
    return t.cast("list[Resource]", elbv2.describe_load_balancers(Names=[name])["LoadBalancers"])


@_aws.aws_lookup("look for the target group {name}", "TargetGroupNotFound")
def _target_groups(elbv2: t.Any, name: str) -> list[Resource]:
    return t.cast("list[Resource]", elbv2.describe_target_groups(Names=[name])["TargetGroups"])


@_aws.aws_call("read the tags of {arn}")
def _elb_tags(elbv2: t.Any, arn: str) -> dict[str, str]:
    return _aws.tag_dict(elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


@_aws.aws_lookup("look for the IAM role {name}", "NoSuchEntity")
def _role(iam: t.Any, name: str) -> Resource:
    return t.cast("Resource", iam.get_role(RoleName=name)["Role"])
