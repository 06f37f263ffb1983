# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Backup: the vault and the plan that EFS makes for file systems with automatic backups, and what reads them.

No backup ever runs here, so there are no recovery points: StartBackupJob is refused, and the plan's hour passes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from moto.backup import urls
from moto.backup.exceptions import BackupClientError, ResourceNotFoundException
from moto.backup.models import BackupBackend, Plan, backup_backends
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult

from lab.api.kms.kms import aws_managed_key
from lab.api.moto.extension import adds, replaces
from lab.context import Context

SYSTEM_TAG = "aws:elasticfilesystem:default-backup"
"""https://docs.aws.amazon.com/efs/latest/ug/automatic-backups.html: `enabled` while automatic backups are on."""
VAULT = "aws/efs/automatic-backup-vault"
_PLAN_ID = "aws/efs/73d922fb-9312-3a70-99c3-e69367f9fdad"
"""The same in every account."""
_PLAN: dict[str, Any] = {
    "BackupPlanName": "aws/efs/automatic-backup-plan",
    "Rules": [
        {
            "RuleName": "aws/efs/automatic-backup-rule",
            "TargetBackupVaultName": VAULT,
            "ScheduleExpression": "cron(0 5 ? * * *)",
            "StartWindowMinutes": 480,
            "CompletionWindowMinutes": 10080,
            "Lifecycle": {"DeleteAfterDays": 35},
        }
    ],
}
_IN_PATH = re.compile(r"/backup/plans/(?P<plan>.+?)/?(?:selections/(?P<selection>[^/]*)/?)?\Z")


def extend(context: Context) -> None:  # noqa: ARG001 - all extensions are called alike
    """Add what reads plans and recovery points."""
    # moto routes few of the service's paths, and none with a slash in a name.
    urls.url_paths["{0}/(?P<lab_path>.+)$"] = BackupResponse.dispatch
    _plans()
    _selections()
    _recovery_points()
    _deletions()


def begin_automatic(account: str, region: str) -> None:
    """Make the vault and the plan that EFS backs up by, unless they are there.

    https://docs.aws.amazon.com/efs/latest/ug/awsbackup.html
    """
    backend = backup_backends[account][region]
    if VAULT not in backend.vaults:
        key = aws_managed_key(account, region, "backup", "Backup data")
        backend.create_backup_vault(VAULT, {}, key.arn, "")
    if _PLAN_ID not in backend.plans:
        plan = Plan({**_PLAN, "Rules": [dict(rule) for rule in _PLAN["Rules"]]}, "", backend)
        plan.backup_plan_arn = plan.backup_plan_arn.replace(plan.backup_plan_id, _PLAN_ID)
        plan.backup_plan_id = _PLAN_ID
        backend.plans[_PLAN_ID] = plan


def _asked(self: Any) -> tuple[str, str]:
    """Return the ids of the plan and of the selection in a call's path; EFS's own plan has slashes in its id."""
    found = _IN_PATH.search(unquote(self.path))
    return (found["plan"], found["selection"] or "") if found else ("", "")


def _plans() -> None:
    @replaces(BackupResponse, "get_backup_plan")
    def get_backup_plan(_original: Callable[..., Any], self: Any) -> ActionResult:
        plan = self.backup_backend.get_backup_plan(_asked(self)[0], self._get_param("versionId"))
        return ActionResult(plan.to_get_dict())


def _selections() -> None:
    @adds(BackupResponse, "list_backup_selections")
    def list_backup_selections(self: Any) -> ActionResult:
        plan = self.backup_backend.get_backup_plan(_asked(self)[0], None)
        shown = ("SelectionId", "SelectionName", "BackupPlanId", "CreationDate", "IamRoleArn")
        found = [{key: each[key] for key in shown} for each in _selections_of(plan, self.current_account)]
        return ActionResult({"BackupSelectionsList": found})

    @adds(BackupResponse, "get_backup_selection")
    def get_backup_selection(self: Any) -> ActionResult:
        plan_id, selection_id = _asked(self)
        plan = self.backup_backend.get_backup_plan(plan_id, None)
        for each in _selections_of(plan, self.current_account):
            if each["SelectionId"] == selection_id:
                inside = {key: each[key] for key in ("SelectionName", "IamRoleArn", "ListOfTags")}
                outside = {key: each[key] for key in ("SelectionId", "BackupPlanId", "CreationDate")}
                return ActionResult({**outside, "BackupSelection": inside})
        raise ResourceNotFoundException("Failed reading Backup selection with provided id")


def _selections_of(plan: Any, account: str) -> Iterator[dict[str, Any]]:
    """Yield what a plan backs up: EFS's own takes what bears the system tag; others have none, as none can be made."""
    if plan.backup_plan_id == _PLAN_ID:
        tagged = {"ConditionType": "STRINGEQUALS", "ConditionKey": SYSTEM_TAG, "ConditionValue": "enabled"}
        role = "aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
        yield {
            "SelectionId": "automatic-backup-selection",
            "SelectionName": "aws/efs/automatic-backup-selection",
            "BackupPlanId": plan.backup_plan_id,
            "CreationDate": plan.creation_date,
            "IamRoleArn": f"arn:aws:iam::{account}:role/{role}",
            "ListOfTags": [tagged],
        }


def _recovery_points() -> None:
    """Answer what there is while nothing has been backed up."""

    @adds(BackupResponse, "list_recovery_points_by_resource")
    def list_by_resource(self: Any) -> ActionResult:  # noqa: ARG001
        return ActionResult({"RecoveryPoints": []})

    @adds(BackupResponse, "list_recovery_points_by_backup_vault")
    def list_by_vault(self: Any) -> ActionResult:
        self.backup_backend.describe_backup_vault(unquote(self.path).split("/", 2)[2].rpartition("/recovery-points")[0])
        return ActionResult({"RecoveryPoints": []})

    @adds(BackupResponse, "list_protected_resources")
    def list_protected(self: Any) -> ActionResult:  # noqa: ARG001
        return ActionResult({"Results": []})

    @adds(BackupResponse, "list_backup_jobs")
    def list_jobs(self: Any) -> ActionResult:  # noqa: ARG001
        return ActionResult({"BackupJobs": []})


def _deletions() -> None:
    """Keep what EFS has made: it can't be deleted."""

    @replaces(BackupResponse, "delete_backup_plan")
    def delete_plan(original: Callable[..., Any], self: Any) -> Any:
        if _asked(self)[0] == _PLAN_ID:
            raise BackupClientError("AccessDeniedException", "Insufficient privileges to perform this action.")
        return original(self)

    @replaces(BackupBackend, "delete_backup_vault")
    def delete_vault(original: Callable[..., Any], self: Any, backup_vault_name: str) -> None:
        if backup_vault_name == VAULT:
            raise BackupClientError("AccessDeniedException", "Insufficient privileges to perform this action.")
        original(self, backup_vault_name)

    for operation in ("delete_backup_vault", "describe_backup_vault"):

        @replaces(BackupResponse, operation)
        def by_name(_original: Callable[..., Any], self: Any, operation: str = operation) -> ActionResult:
            # moto takes what is behind the last slash.
            name = unquote(self.path).split("/", 2)[2].rstrip("/")
            return ActionResult(getattr(self.backup_backend, operation)(name) or {})
