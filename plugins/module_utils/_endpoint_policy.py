# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The policies of VPC endpoints."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping

from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies

from ._aws import ChangeResult, aws_call, failure
from ._resource import Resource


@aws_call("look at the endpoint {endpoint_id}")
def _read(client: t.Any, endpoint_id: str) -> Resource:
    (found,) = client.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    return {
        "vpc_endpoint_id": endpoint_id,
        "service_name": found["ServiceName"],
        "policy": json.loads(found.get("PolicyDocument") or "{}"),
    }


@aws_call("write the policy of the endpoint {endpoint_id}")
def _write(client: t.Any, endpoint_id: str, policy: Resource) -> None:
    client.modify_vpc_endpoint(VpcEndpointId=endpoint_id, PolicyDocument=json.dumps(policy))


def ensure(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Have the endpoint's policy be the wanted one; AWS rewrites what it is given, so the meaning is compared."""
    try:
        wanted: Resource = json.loads(params["policy"])
    except ValueError as error:
        raise failure(f"The policy for {params['vpc_endpoint_id']} is no JSON: {error}. Correct it.") from error
    before = _read(client, params["vpc_endpoint_id"])
    different = compare_policies(before["policy"], wanted)
    if different and not check_mode:
        _write(client, params["vpc_endpoint_id"], wanted)
    return ChangeResult(different, before, {**before, "policy": wanted if different else before["policy"]})
