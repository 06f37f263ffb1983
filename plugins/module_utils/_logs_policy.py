# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The resource policies of CloudWatch Logs, which say what AWS's services may write to log groups."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping

from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies

from ._aws import ChangeResult, aws_call, aws_lookup, failure, pages
from ._resource import Resource


@aws_call("look for the resource policy {name} of CloudWatch Logs")
def _find(client: t.Any, name: str) -> Resource:
    found = pages(client, "describe_resource_policies").get("resourcePolicies", [])
    texts = [policy.get("policyDocument") for policy in found if policy["policyName"] == name]
    return {"name": name, "policy": json.loads(texts[0] or "{}")} if texts else {}


@aws_call("write the resource policy {name} of CloudWatch Logs")
def _write(client: t.Any, name: str, policy: Resource) -> None:
    client.put_resource_policy(policyName=name, policyDocument=json.dumps(policy))


@aws_lookup("remove the resource policy {name} of CloudWatch Logs", "ResourceNotFoundException")
def _delete(client: t.Any, name: str) -> None:
    client.delete_resource_policy(policyName=name)


def ensure(client: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Have the policy be the wanted one, or none of this name."""
    name = params["name"]
    before = _find(client, name)
    if params["state"] == "absent":
        if before and not check_mode:
            _delete(client, name)
        return ChangeResult(bool(before), before, {})
    try:
        wanted: Resource = json.loads(params["policy"])
    except ValueError as error:
        raise failure(f"The policy {name} is no JSON: {error}. Correct it.") from error
    if before and not compare_policies(before["policy"], wanted):
        return ChangeResult(False, before, before)
    if not check_mode:
        _write(client, name, wanted)
    return ChangeResult(True, before, {"name": name, "policy": wanted})
