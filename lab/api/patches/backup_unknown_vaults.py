# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Backup refuses to describe a vault that is not there as one that may not be seen.

https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DescribeBackupVault.html lists ResourceNotFoundException;
what comes is AccessDeniedException, as the upstream collection and Terraform's provider heed it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.backup.exceptions import BackupClientError
from moto.backup.models import BackupBackend

from lab.api.moto.extension import replaces


class VaultDeniedError(BackupClientError):
    """What AWS says of a vault that is not there."""

    code = 403

    def __init__(self) -> None:
        super().__init__("AccessDeniedException", "Insufficient privileges to perform this action.")


def extend() -> None:
    """Refuse so."""

    @replaces(BackupBackend, "describe_backup_vault")
    def describe_backup_vault(original: Callable[..., Any], self: Any, backup_vault_name: str) -> Any:
        if backup_vault_name not in self.vaults:
            raise VaultDeniedError
        return original(self, backup_vault_name)
