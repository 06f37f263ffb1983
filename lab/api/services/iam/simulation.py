# SPDX-License-Identifier: GPL-3.0-or-later
"""SimulatePrincipalPolicy: what a role's, user's or group's policies decide, asked before it is tried.

Resource policies and permissions boundaries of the call are refused, as the lab would leave them out; which statements
have decided is not told.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.exceptions import InvalidInput
from moto.iam.responses import IamResponse

from lab.api.moto.extension import adds
from lab.api.moto.paging import TokenError, page
from lab.api.services.iam.reports import entity
from lab.world.access.permissions import AccessRequest, Decision, Document, combine, decide

_WORDS: dict[Decision, str] = {"allow": "allowed", "deny": "explicitDeny", "none": "implicitDeny"}
_REFUSED = ("PermissionsBoundaryPolicyInputList", "PolicyExclusionList", "ResourcePolicy", "CallerArn")
_PAGE = 100


def extend() -> None:
    """Add the operation, which moto lacks."""

    @adds(IamResponse, "simulate_principal_policy")
    def simulate_principal_policy(self: Any) -> ActionResult:
        if given := [key for key in _REFUSED if self._get_param(key)]:
            raise InvalidInput(f"The lab does not simulate with {', '.join(given)}.")
        _, policies = entity(self.backend, str(self._get_param("PolicySourceArn")))
        policies = [*policies, *_parsed(self._get_param("PolicyInputList", []))]
        entries = self._get_param("ContextEntries", [])
        context = {entry["ContextKeyName"]: tuple(entry.get("ContextKeyValues", ())) for entry in entries}
        found = [
            _result(policies, AccessRequest(str(action), str(resource), context))
            for action in self._get_param("ActionNames", [])
            for resource in self._get_param("ResourceArns", []) or ["*"]
        ]
        try:
            shown, marker = page(found, self._get_param("Marker"), self._get_int_param("MaxItems", _PAGE))
        except TokenError as error:
            raise InvalidInput(str(error)) from error
        return ActionResult({"EvaluationResults": shown, "IsTruncated": marker is not None, "Marker": marker})


def _parsed(texts: Iterable[str]) -> list[Document]:
    try:
        return [json.loads(text) for text in texts]
    except ValueError as error:
        raise InvalidInput("A policy of PolicyInputList is no JSON.") from error


def _result(policies: Sequence[Document], request: AccessRequest) -> dict[str, Any]:
    decided = combine(decide(policy, request) for policy in policies)
    return {
        "EvalActionName": request.action,
        "EvalResourceName": request.resource,
        "EvalDecision": _WORDS[decided],
        "MatchedStatements": [],
        "MissingContextValues": [],
    }
