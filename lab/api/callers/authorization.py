# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides whether a role's session, such as a machine, or an IAM user may make a call to a service that speaks JSON.

Those are the services that machines and operators use: SSM, Secrets Manager, KMS, CloudWatch Logs. S3 has its own
rules; of the other services the action alone is looked at, where signatures are checked (`callers.py`). The account's
owner may do everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from lab.api.callers import key_policies, s3_callers, signature
from lab.api.callers.resource_tags import as_context, tags
from lab.base.backends import ACCOUNT, Backends
from lab.context import Context
from lab.world.access.api_permissions import Permission, log_arn, needed, parameter_arn
from lab.world.access.bucket_access import Caller
from lab.world.access.permissions import AccessRequest, Decision, Principal, conceivable, role_boundary, role_policies

_KEY = re.compile(r"Credential=([^/, ]+)/")
_JSON = "application/x-amz-json-1"
_PREFIXES = {"service-quotas": "servicequotas"}
"""IAM's prefix of services that moto knows by another name."""


class RefusedError(ServiceException):
    """A refusal; `code` is AWS's. moto looks for an exception of its own in the service that it is defined in."""


def role_session(call: Any, backends: Backends) -> signature.Caller | None:
    """Return the role's session that makes a call, None for anybody else; raise SignatureError if wrongly signed."""
    found = _KEY.search(call.headers.get("Authorization", ""))
    if found is None or backends.at("sts", "aws").get_assumed_role_from_access_key(found[1]) is None:
        return None
    request = signature.SignedRequest(call.method, call.uri, dict(call.headers), call.raw_body or b"")
    return signature.caller(request, backends)


def caller_of(call: Any, backends: Backends) -> Caller | None:
    """Return who makes a call, None for the account's owner, who needs no policy."""
    known = s3_callers.CURRENT.get()
    if known is not None:
        return None if known.root else known
    session = role_session(call, backends)
    if session is None:
        return None
    iam = backends.at("iam", "aws")
    principal = Principal(arns=(session.role, session.arn), account=ACCOUNT)
    return Caller(
        principal, policies=tuple(role_policies(iam, session.role)), boundary=role_boundary(iam, session.role)
    )


def authorize(who: Caller, permission: Permission) -> None:
    """Raise SignatureError unless the caller's policies allow it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html has AWS's words.
    """
    decision = decision_on(who, permission)
    if decision != "allow":
        why = (
            "with an explicit deny in an identity-based policy"
            if decision == "deny"
            else f"because no identity-based policy allows the {permission.action} action"
        )
        on = f" on resource: {permission.resource}" if permission.resource else ""
        raise signature.SignatureError(
            "AccessDeniedException", f"User: {who.arn} is not authorized to perform: {permission.action}{on} {why}"
        )


def decision_on(who: Caller, permission: Permission) -> Decision:
    """Return what the caller's policies decide; without a resource, whether they could allow it on some."""
    if permission.resource is None:
        sides = (who.policies, *([] if who.boundary is None else [(who.boundary,)]))
        return "allow" if all(conceivable(side, permission.action) for side in sides) else "none"
    request = AccessRequest(
        permission.action, permission.resource, {**who.variables, **permission.context}, who.principal
    )
    return who.decide(request)


def refusal(call: Any, action: str, context: Context) -> Any:
    """Return AWS's refusal of a call, as moto's answers are, or None if it may be made; under the API's lock."""
    if not call.headers.get("Content-Type", "").startswith(_JSON):
        return None
    try:
        who = caller_of(call, context.backends)
        if who is not None:
            service = _PREFIXES.get(call.service_name, call.service_name)
            for permission in needed(service, action, _parameters(call), _arns(call.region, context.backends)):
                authorize(who, _with_tags(permission, call.region, context.backends))
                context.calls.note(who.arn, permission.action, permission.resource)
        key_policies.check(call, action, who.principal if who else key_policies.OWNER, context.backends)
    except signature.SignatureError as error:
        _status, headers, body = call.serialized(ActionResult(RefusedError(error.code, str(error))))
        return 400, headers, body
    return None


def _with_tags(asked: Permission, region: str, backends: Backends) -> Permission:
    """Return what is asked for with the tags of the key that it is about, if it is about one."""
    if not (asked.action.startswith("kms:") and asked.resource):
        return asked
    return replace(asked, context={**asked.context, **as_context(tags(backends, region, "kms", asked.resource))})


def _parameters(call: Any) -> Mapping[str, Any]:
    names = ("Name", "Names", "Path", "SecretId", "SecretIdList", "SessionId", "KeyId", "logGroupName", "logStreamName")
    return {name: value for name in names if (value := call._get_param(name))}


def _arns(region: str, backends: Backends) -> dict[str, Any]:
    def secret(name: str) -> str:
        # A policy that ends in the random characters does not fit a secret that isn't there.
        store = backends.at("secretsmanager", region).secrets
        return str(store[name].arn) if name in store else f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}"

    def key(name: str) -> str:
        store = backends.at("kms", region)
        found = store.keys.get(store.any_id_to_key_id(name)) if name else None
        return str(found.arn) if found else f"arn:aws:kms:{region}:{ACCOUNT}:key/{name}"

    return {
        "parameter": lambda name: parameter_arn(region, ACCOUNT, name),
        "secret": secret,
        "key": key,
        "session": lambda name: f"arn:aws:ssm:{region}:{ACCOUNT}:session/{name}",
        "log": lambda name: log_arn(region, ACCOUNT, *name.rsplit(":", 1)),
    }
