# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes through an interface endpoint of a VPC is judged by that endpoint's policy, beside the caller's own.

https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
"""

from __future__ import annotations

import json
from typing import Any

from lab.api.callers.signature import SignatureError
from lab.base.backends import ACCOUNT, Backends
from lab.world.access.api_permissions import Permission
from lab.world.access.permissions import AccessRequest, Principal, decide

INTERFACE = "lab.interface"
"""The key of the WSGI environment that has the id of the endpoint's interface through which a request came."""


def check(backends: Backends, interface: str, who: Principal, wanted: Permission) -> None:
    """Raise SignatureError unless the policy of the interface's endpoint allows the caller this; under the API's lock.

    An endpoint that is just being deleted decides nothing any more.
    """
    endpoint = _endpoint_of(backends, interface)
    if endpoint is None or not endpoint.policy_document:
        return
    document = json.loads(endpoint.policy_document)
    if wanted.resource is None:
        document = _of_any_resource(document)
    owned = f":{ACCOUNT}:" in (wanted.resource or "")
    context = {
        **wanted.context,
        "aws:PrincipalAccount": who.account,
        "aws:PrincipalArn": who.arns[0] if who.arns else "",
        **({"aws:ResourceAccount": ACCOUNT} if owned else {}),
        "aws:SourceVpc": endpoint.vpc_id,
        "aws:SourceVpce": endpoint.id,
    }
    asked = AccessRequest(wanted.action, wanted.resource or "*", context, who)
    if decide(document, asked, of_resource=True) != "allow":
        on = f" on resource: {wanted.resource}" if wanted.resource else ""
        raise SignatureError(
            "AccessDeniedException",
            f"User: {who.arns[-1] if who.arns else 'anonymous'} is not authorized to perform: {wanted.action}{on} "
            f"because no VPC endpoint policy allows the {wanted.action} action",
        )


def interface_at(backends: Backends, instance: str, address: str) -> str:
    """Return the id of the endpoint interface with this address in an instance's VPC; an empty text if none has it."""
    for _region, ec2 in backends.regional("ec2"):
        machine = ec2.get_instance_by_id(instance)
        for endpoint in ec2.vpc_end_points.values() if machine else ():
            for id_ in endpoint.network_interface_ids if endpoint.vpc_id == machine.vpc_id else ():
                if id_ in ec2.enis and ec2.enis[id_].private_ip_address == address:
                    return str(id_)
    return ""


def _endpoint_of(backends: Backends, interface: str) -> Any:
    for _region, ec2 in backends.regional("ec2"):
        for endpoint in ec2.vpc_end_points.values():
            if interface and interface in (endpoint.network_interface_ids or ()):
                return endpoint
    return None


def _of_any_resource(document: dict[str, Any]) -> dict[str, Any]:
    """Return a policy that decides about a call whose resource is not known: it might be one that is allowed."""
    statements = document.get("Statement", [])
    kept = [
        {name: value for name, value in statement.items() if name != "Resource"}
        for statement in (statements if isinstance(statements, list) else [statements])
        if statement.get("Effect") == "Allow" or statement.get("Resource") in ("*", ["*"])
    ]
    return {**document, "Statement": kept}
