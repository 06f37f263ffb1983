# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""VPC endpoints of AWS's services, and what of them can be changed later.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies

from ._aws import UNKNOWN, ChangeResult, Tags, aws_call, compare_tags, failure, pages, tag_dict, tag_list
from ._resource import Resource

LISTS = {"route_table_ids": "RouteTableId", "subnet_ids": "SubnetId", "security_group_ids": "SecurityGroupId"}
"""What an endpoint has several of, and EC2's name for one."""
_GONE = ("deleted", "deleting", "failed", "rejected", "expired")

# ---- pure


def normalize(endpoint: Mapping[str, t.Any]) -> Resource:
    """Return a described endpoint the way the module returns it."""
    return {
        "vpc_endpoint_id": endpoint["VpcEndpointId"],
        "vpc_id": endpoint["VpcId"],
        "service_name": endpoint["ServiceName"],
        "vpc_endpoint_type": endpoint["VpcEndpointType"],
        "policy": json.loads(endpoint.get("PolicyDocument") or "{}"),
        "route_table_ids": sorted(endpoint.get("RouteTableIds", [])),
        "subnet_ids": sorted(endpoint.get("SubnetIds", [])),
        "security_group_ids": sorted(one["GroupId"] for one in endpoint.get("Groups", [])),
        "private_dns_enabled": bool(endpoint.get("PrivateDnsEnabled")),
        "tags": tag_dict(endpoint.get("Tags")),
    }


def choose(found: Sequence[Resource], params: Mapping[str, t.Any]) -> Resource:
    """Return the endpoint that is meant, empty if there is none.

    A route table has one gateway endpoint of a service at most, and a private name leads to one endpoint, so another
    one can be there only for other subnets; it is somebody else's.
    """
    tables, subnets = set(params["route_table_ids"] or []), set(params["subnet_ids"] or [])
    ours = [
        one
        for one in found
        if one["tags"].items() & (params["tags"] or {}).items()
        or tables & set(one["route_table_ids"])
        or subnets & set(one["subnet_ids"])
    ]
    name = (params["tags"] or {}).get("Name")
    return next((one for one in ours if one["tags"].get("Name") == name), ours[0] if ours else {})


def wanted(params: Mapping[str, t.Any], before: Mapping[str, t.Any], policy: Resource, tags: Tags) -> Resource:
    """Return the endpoint that the options ask for. Route tables of others stay with it."""
    interface = params["vpc_endpoint_type"] == "Interface"
    present = set(before.get("route_table_ids", []))
    same = bool(before) and not compare_policies(before["policy"], policy)
    return {
        "vpc_endpoint_id": before.get("vpc_endpoint_id", UNKNOWN),
        "vpc_id": params["vpc_id"],
        "service_name": params["service"],
        "vpc_endpoint_type": params["vpc_endpoint_type"],
        "policy": before["policy"] if same else policy,
        "route_table_ids": sorted(present | set(params["route_table_ids"] or [])),
        "subnet_ids": sorted(params["subnet_ids"] or []),
        "security_group_ids": sorted(params["security_group_ids"] or []),
        "private_dns_enabled": interface,
        "tags": tags.after,
    }


def modification(before: Mapping[str, t.Any], after: Mapping[str, t.Any]) -> Resource:
    """Return what ModifyVpcEndpoint has to be told; nothing if it is as it is to be."""
    given: Resource = {}
    for key, name in LISTS.items():
        if add := sorted(set(after[key]) - set(before[key])):
            given[f"Add{name}s"] = add
        if remove := sorted(set(before[key]) - set(after[key])):
            given[f"Remove{name}s"] = remove
    if before["policy"] != after["policy"]:
        given["PolicyDocument"] = json.dumps(after["policy"])
    if before["private_dns_enabled"] != after["private_dns_enabled"]:
        given["PrivateDnsEnabled"] = after["private_dns_enabled"]
    return given


# ---- EC2


@aws_call("list the endpoints of {service} in {vpc_id}")
def _list(client: t.Any, vpc_id: str, service: str) -> list[Resource]:
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "service-name", "Values": [service]}]
    found = pages(client, "describe_vpc_endpoints", Filters=filters)["VpcEndpoints"]
    return [normalize(one) for one in found if one["State"].lower() not in _GONE]


@aws_call("create an endpoint of {after[service_name]} in {after[vpc_id]}")
def _create(client: t.Any, after: Resource) -> str:
    given = {f"{name}s": after[key] for key, name in LISTS.items() if after[key]}
    if after["tags"]:
        given["TagSpecifications"] = [{"ResourceType": "vpc-endpoint", "Tags": tag_list(after["tags"])}]
    if after["vpc_endpoint_type"] == "Interface":
        given["PrivateDnsEnabled"] = after["private_dns_enabled"]
    made = client.create_vpc_endpoint(
        VpcId=after["vpc_id"],
        ServiceName=after["service_name"],
        VpcEndpointType=after["vpc_endpoint_type"],
        PolicyDocument=json.dumps(after["policy"]),
        **given,
    )
    return t.cast("str", made["VpcEndpoint"]["VpcEndpointId"])


@aws_call("change the endpoint {endpoint_id}")
def _modify(client: t.Any, endpoint_id: str, given: Resource) -> None:
    client.modify_vpc_endpoint(VpcEndpointId=endpoint_id, **given)


@aws_call("change the tags of the endpoint {endpoint_id}")
def _tag(client: t.Any, endpoint_id: str, tags: Tags) -> None:
    if tags.to_unset:
        client.delete_tags(Resources=[endpoint_id], Tags=[{"Key": key} for key in tags.to_unset])
    if tags.to_set:
        client.create_tags(Resources=[endpoint_id], Tags=tags.to_set_list)


def ensure(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Have the endpoint with these settings; AWS rewrites a policy that it is given, so its meaning is compared."""
    try:
        policy: Resource = json.loads(params["policy"])
    except ValueError as error:
        raise failure(f"The policy for {params['service']} is no JSON: {error}. Correct it.") from error
    before = choose(_list(client, params["vpc_id"], params["service"]), params)
    tags = compare_tags(before.get("tags", {}), params["tags"], params["purge_tags"])
    after = wanted(params, before, policy, tags)
    given = modification(before, after) if before else {}
    changed = not before or bool(given) or tags.changed
    if not changed or check_mode:
        return ChangeResult(changed, before, after)
    if not before:
        return ChangeResult(True, before, {**after, "vpc_endpoint_id": _create(client, after)})
    if given:
        _modify(client, before["vpc_endpoint_id"], given)
    _tag(client, before["vpc_endpoint_id"], tags)
    return ChangeResult(True, before, after)
