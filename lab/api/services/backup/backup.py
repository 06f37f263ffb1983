# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Backup: the vault and the plan that EFS makes for file systems with automatic backups, and what reads them.

No backup ever runs here, so there are no recovery points: StartBackupJob is refused, and the plan's hour passes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.backup import urls
from moto.backup.exceptions import ResourceNotFoundException
from moto.backup.models import BackupBackend, Plan, backup_backends
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult

from lab.api.moto.extension import adds, replaces
from lab.api.services.backup import plans, selections
from lab.api.services.backup.requests import OfAServiceError
from lab.api.services.backup.selections import Selection
from lab.api.services.kms.kms import aws_managed_key
from lab.context import Context

SYSTEM_TAG = "aws:elasticfilesystem:default-backup"
"""https://docs.aws.amazon.com/efs/latest/ug/automatic-backups.html: `enabled` while automatic backups are on."""
VAULT = "aws/efs/automatic-backup-vault"
_PLAN_ID = "aws/efs/73d922fb-9312-3a70-99c3-e69367f9fdad"
"""The same in every account."""
_SELECTION_ID = "automatic-backup-selection"
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


def extend(context: Context) -> None:  # noqa: ARG001 - all extensions are called alike
    """Add what reads plans and recovery points."""
    # moto routes few of the service's paths, and none with a slash in a name.
    urls.url_paths["{0}/(?P<lab_path>.+)$"] = BackupResponse.dispatch
    plans.extend()
    selections.extend()
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
        selections.selections_of(plan)[_SELECTION_ID] = _selection(account, plan)


def _selection(account: str, plan: Plan) -> Selection:
    """Return what EFS's own plan takes: what bears the system tag."""
    tagged = {"ConditionType": "STRINGEQUALS", "ConditionKey": SYSTEM_TAG, "ConditionValue": "enabled"}
    role = "aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
    inside = {
        "SelectionName": "aws/efs/automatic-backup-selection",
        "IamRoleArn": f"arn:aws:iam::{account}:role/{role}",
        "ListOfTags": [tagged],
    }
    return Selection(inside, plan.backup_plan_id, id=_SELECTION_ID, made=plan.creation_date)


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

    @adds(BackupResponse, "describe_restore_job")
    def describe_restore_job(self: Any) -> ActionResult:
        name = unquote(self.path).rstrip("/").rpartition("/")[2]
        raise ResourceNotFoundException(f"Restore job {name} was not found.")

    @adds(BackupResponse, "list_backup_jobs")
    def list_jobs(self: Any) -> ActionResult:  # noqa: ARG001
        return ActionResult({"BackupJobs": []})


def _deletions() -> None:
    """Keep what EFS has made: it can't be deleted."""

    @replaces(BackupBackend, "delete_backup_vault")
    def delete_vault(original: Callable[..., Any], self: Any, backup_vault_name: str) -> None:
        if backup_vault_name == VAULT:
            raise OfAServiceError
        original(self, backup_vault_name)

    for operation in ("delete_backup_vault", "describe_backup_vault"):

        @replaces(BackupResponse, operation)
        def by_name(_original: Callable[..., Any], self: Any, operation: str = operation) -> ActionResult:
            # moto takes what is behind the last slash.
            name = unquote(self.path).split("/", 2)[2].rstrip("/")
            return ActionResult(getattr(self.backup_backend, operation)(name) or {})
