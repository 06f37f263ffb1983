# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan backs up: its selections.

https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupSelection.html
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.backup.exceptions import AlreadyExistsException, InvalidParameterValueException, ResourceNotFoundException
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import unix_time
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from lab.api.moto.extension import adds
from lab.api.services.backup.requests import asked, own_plan_of, plan_of
from lab.world.access.permissions import AccessRequest, Principal, decide

_NAME = re.compile(r"[A-Za-z0-9\-_.]{1,50}\Z")
_BACKUP = Principal(service="backup.amazonaws.com")


@dataclass(frozen=True)
class Selection:
    """One selection of a plan."""

    inside: Mapping[str, Any]
    """Its name, its role and what it takes, as the API has them."""
    plan: str
    request: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    made: float = field(default_factory=unix_time)

    def outside(self) -> dict[str, Any]:
        """Return what tells one selection of a plan from another."""
        told = {"SelectionId": self.id, "BackupPlanId": self.plan, "CreationDate": self.made}
        return {**told, "CreatorRequestId": self.request} if self.request else told

    def listed(self) -> dict[str, Any]:
        """Return what a list of selections shows."""
        return {**self.outside(), **{key: self.inside[key] for key in ("SelectionName", "IamRoleArn")}}


def selections_of(plan: Any) -> dict[str, Selection]:
    """Return id → selection of a plan."""
    found: dict[str, Selection] = plan.__dict__.setdefault("lab_selections", {})
    return found


def extend() -> None:
    """Add the operations."""

    @adds(BackupResponse, "create_backup_selection")
    def create_backup_selection(self: Any) -> ActionResult:
        plan, told = own_plan_of(self), json.loads(self.body)
        inside = told["BackupSelection"]
        _check(inside, self.current_account, self.partition)
        selections = selections_of(plan)
        if any(selection.inside["SelectionName"] == inside["SelectionName"] for selection in selections.values()):
            raise AlreadyExistsException("Backup selection with the same selection document already exists.")
        made = Selection(inside, plan.backup_plan_id, told.get("CreatorRequestId"))
        selections[made.id] = made
        return ActionResult(made.outside())

    @adds(BackupResponse, "list_backup_selections")
    def list_backup_selections(self: Any) -> ActionResult:
        return ActionResult(
            {"BackupSelectionsList": [selection.listed() for selection in selections_of(plan_of(self)).values()]}
        )

    @adds(BackupResponse, "get_backup_selection")
    def get_backup_selection(self: Any) -> ActionResult:
        found = _require(plan_of(self), asked(self)[1])
        return ActionResult({**found.outside(), "BackupSelection": found.inside})

    @adds(BackupResponse, "delete_backup_selection")
    def delete_backup_selection(self: Any) -> EmptyResult:
        plan = own_plan_of(self)
        del selections_of(plan)[_require(plan, asked(self)[1]).id]
        return EmptyResult()


def _require(plan: Any, id_: str) -> Selection:
    if id_ not in selections_of(plan):
        raise ResourceNotFoundException("Failed reading Backup selection with provided id")
    return selections_of(plan)[id_]


def _check(selection: Mapping[str, Any], account: str, partition: str) -> None:
    if not _NAME.match(selection["SelectionName"]):
        raise InvalidParameterValueException(f"Invalid selection name: {selection['SelectionName']}")
    if not any(selection.get(key) for key in ("ListOfTags", "Resources", "Conditions")):
        raise InvalidParameterValueException(
            "Invalid backup selection. Either 'ListOfTags' or 'Resources' section must be non-empty."
        )
    arn = selection["IamRoleArn"]
    try:
        role = iam_backends[account][partition].get_role_by_arn(arn)
        trust = json.loads(role.assume_role_policy_document)
        trusted = decide(trust, AccessRequest("sts:AssumeRole", principal=_BACKUP), of_resource=True) == "allow"
    except NotFoundException:
        trusted = False
    if not trusted:
        raise InvalidParameterValueException(f"IAM Role {arn} cannot be assumed by AWS Backup")
