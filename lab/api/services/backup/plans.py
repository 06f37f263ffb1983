# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and their versions: each change of a plan is a version of its own, and earlier ones can still be read.

https://docs.aws.amazon.com/aws-backup/latest/devguide/API_UpdateBackupPlan.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from typing import Any

from moto.backup.exceptions import InvalidRequestException, ResourceNotFoundException
from moto.backup.models import BackupBackend, Plan
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult

from lab.api.moto.extension import adds, replaces
from lab.api.services.backup.requests import own_plan_of, plan_of
from lab.api.services.backup.selections import selections_of


def _earlier(plan: Plan) -> list[Plan]:
    """Return the versions that a plan had before, oldest first."""
    found: list[Plan] = plan.__dict__.setdefault("lab_earlier", [])
    return found


def extend() -> None:
    """Add what moto's plans lack."""

    @replaces(BackupResponse, "get_backup_plan")
    def get_backup_plan(_original: Callable[..., Any], self: Any) -> ActionResult:
        plan, version = plan_of(self), self._get_param("versionId")
        for edition in (plan, *_earlier(plan)):
            if edition.version_id == (version or plan.version_id):
                return ActionResult(edition.to_get_dict())
        raise ResourceNotFoundException("Failed reading Backup plan with provided version")

    @adds(BackupResponse, "list_backup_plan_versions")
    def list_backup_plan_versions(self: Any) -> ActionResult:
        plan = plan_of(self)
        return ActionResult(
            {"BackupPlanVersionsList": [edition.to_list_dict() for edition in (plan, *_earlier(plan)[::-1])]}
        )

    @adds(BackupResponse, "update_backup_plan")
    def update_backup_plan(self: Any) -> ActionResult:
        plan = own_plan_of(self)
        changed = Plan(json.loads(self.body)["BackupPlan"], plan.creator_request_id, self.backup_backend)
        _earlier(plan).append(copy(plan))
        for name in ("backup_plan", "version_id", "advanced_backup_settings"):
            setattr(plan, name, getattr(changed, name))
        return ActionResult({**plan.to_dict(), "CreationDate": changed.creation_date})

    @replaces(BackupBackend, "delete_backup_plan")
    def delete_backup_plan(original: Callable[..., Any], self: Any, backup_plan_id: str) -> Any:
        if selections_of(self.get_backup_plan(backup_plan_id, None)):
            raise InvalidRequestException(
                "Related backup plan selections must be deleted prior to backup plan deletion"
            )
        return original(self, backup_plan_id)

    @replaces(BackupResponse, "delete_backup_plan")
    def delete_by_path(_original: Callable[..., Any], self: Any) -> ActionResult:
        # moto takes what is behind the last slash, and some ids have slashes.
        told = self.backup_backend.delete_backup_plan(own_plan_of(self).backup_plan_id)
        return ActionResult(
            dict(zip(("BackupPlanId", "BackupPlanArn", "DeletionDate", "VersionId"), told, strict=True))
        )
