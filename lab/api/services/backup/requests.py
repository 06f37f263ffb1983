# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call to AWS Backup names in its path."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from moto.backup.exceptions import BackupClientError

_IN_PATH = re.compile(r"/backup/plans/(?P<plan>.+?)/?(?:(?:selections/(?P<selection>[^/]*)|versions)/?)?\Z")


class OfAServiceError(BackupClientError):
    """What a service of AWS has made is nobody's to change."""

    def __init__(self) -> None:
        super().__init__("AccessDeniedException", "Insufficient privileges to perform this action.")


def asked(response: Any) -> tuple[str, str]:
    """Return the ids of the plan and of the selection in a call's path; EFS's own plan has slashes in its id."""
    found = _IN_PATH.search(unquote(response.path))
    return (found["plan"], found["selection"] or "") if found else ("", "")


def plan_of(response: Any) -> Any:
    """Return the plan that a call names, or refuse."""
    return response.backup_backend.get_backup_plan(asked(response)[0], None)


def own_plan_of(response: Any) -> Any:
    """Return the plan that a call changes, or refuse: what a service of AWS has made stays as it is."""
    plan = plan_of(response)
    if plan.backup_plan_id.startswith("aws/"):
        raise OfAServiceError
    return plan
