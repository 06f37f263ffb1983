# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Attributes of a load balancer by AWS's own names."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ._aws import ChangeResult, aws_call, aws_lookup, failure, tag_dict
from ._resource import Resource


def attribute_text(value: object) -> str:
    """Write an attribute's value as AWS does."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@aws_lookup("describe load balancer {name}", "LoadBalancerNotFound", "LoadBalancerNotFoundException")
def find(client: t.Any, name: str) -> Resource:
    """Return a load balancer as AWS describes it."""
    return t.cast("Resource", client.describe_load_balancers(Names=[name])["LoadBalancers"][0])


@aws_call("read the attributes of load balancer {arn}")
def read(client: t.Any, arn: str) -> dict[str, str]:
    """Return all attributes of a load balancer."""
    return tag_dict(client.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"])


@aws_call("set the attributes of load balancer {arn}")
def _write(client: t.Any, arn: str, attributes: list[dict[str, str]]) -> None:
    client.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)


def ensure(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Give a load balancer these attributes, and leave the others as they are."""
    wanted = {key: attribute_text(value) for key, value in params["attributes"].items()}
    balancer = find(client, params["name"])
    if balancer is None:
        if check_mode:
            return ChangeResult(True, {}, {"attributes": wanted})
        raise failure(f"There is no load balancer {params['name']}; create it first.")
    arn = balancer["LoadBalancerArn"]
    before = read(client, arn)
    if unknown := sorted(wanted.keys() - before.keys()):
        raise failure(f"The load balancer {params['name']} has no attribute {', '.join(unknown)}; see its attributes.")
    different = [{"Key": key, "Value": value} for key, value in wanted.items() if before[key] != value]
    if different and not check_mode:
        _write(client, arn, different)
    after = {**before, **wanted} if check_mode or not different else read(client, arn)
    told = {"load_balancer_arn": arn}
    return ChangeResult(bool(different), {**told, "attributes": before}, {**told, "attributes": after})
