# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides whether a role's session, such as a machine, may make a call to a service whose calls are JSON.

Those are the services that machines use: SSM, Secrets Manager, KMS, CloudWatch Logs. S3 has its own rules; of
the other services the action alone is looked at, where signatures are checked (`lab.api.callers`). Who is no role's
session is the account's owner or a user, whose actions have been looked at there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from lab.api import signature
from lab.context import ACCOUNT, Backends
from lab.world.api_permissions import needed, parameter_arn

_KEY = re.compile(r"Credential=([^/, ]+)/")
_JSON = "application/x-amz-json-1"


class RefusedError(ServiceException):
    """A refusal; `code` is AWS's. moto looks for an exception of its own in the service that it is defined in."""


def role_session(call: Any, backends: Backends) -> signature.Caller | None:
    """Return the role's session that makes a call, None for anybody else; raise SignatureError if wrongly signed."""
    found = _KEY.search(call.headers.get("Authorization", ""))
    if found is None or backends.at("sts", "aws").get_assumed_role_from_access_key(found[1]) is None:
        return None
    request = signature.Request(call.method, call.uri, dict(call.headers), call.raw_body or b"")
    return signature.caller(request, backends)


def refusal(call: Any, action: str, backends: Backends) -> Any:
    """Return AWS's refusal of a call, as moto's answers are, or None if it may be made; under the API's lock."""
    if not call.headers.get("Content-Type", "").startswith(_JSON):
        return None
    try:
        who = role_session(call, backends)
        if who is not None:
            for each in needed(call.service_name, action, _parameters(call), _arns(call.region, backends)):
                signature.authorize(who, backends, each.action, each.resource)
    except signature.SignatureError as error:
        _status, headers, body = call.serialized(ActionResult(RefusedError(error.code, str(error))))
        return 400, headers, body
    return None


def _parameters(call: Any) -> Mapping[str, Any]:
    names = ("Name", "Names", "Path", "SecretId", "SecretIdList")
    return {name: value for name in names if (value := call._get_param(name))}


def _arns(region: str, backends: Backends) -> dict[str, Any]:
    def secret(name: str) -> str:
        # A policy that ends in the random characters does not fit a secret that isn't there.
        store = backends.at("secretsmanager", region).secrets
        return str(store[name].arn) if name in store else f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}"

    return {"parameter": lambda name: parameter_arn(region, ACCOUNT, name), "secret": secret}
