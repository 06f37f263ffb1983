# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM's reports: the credentials of the root user and when they were used, and which services were accessed last.

The root user has the lab's owner's access key, no MFA device, and a password that nobody signs in with.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.exceptions import InvalidInput, NotFoundException
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse

from lab.api.moto.extension import adds, replaces
from lab.api.moto.paging import TokenError, page
from lab.api.services.account.organizations import in_organization
from lab.base.history import Event, now
from lab.context import Context
from lab.world.access.permissions import Document, default_policy, policies_of
from lab.world.access.service_names import NAMES

_DATE = "%Y-%m-%dT%H:%M:%S+00:00"
_PAGE = 100


class OrganizationNotFoundException(ServiceException):
    """The account is in no organization."""

    code = "OrganizationNotFoundException"


@dataclass(frozen=True)
class Job:
    """A report on what an entity has accessed."""

    entities: tuple[str, ...]
    """The ARNs whose calls count."""
    namespaces: tuple[str, ...]
    """The services that its policies give access to."""
    made: Any


def extend(context: Context) -> None:
    """Answer what was used, and when."""
    _credential_report(context)
    _last_accessed(context)

    @adds(IamResponse, "list_organizations_features")
    def list_organizations_features(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOrganizationsFeatures.html."""
        if not in_organization(self.current_account):
            raise OrganizationNotFoundException("The account is not part of an organization.")
        raise NotImplementedError


# ---- credentials


def _credential_report(context: Context) -> None:
    @replaces(IAMBackend, "get_account_summary")
    def get_account_summary(original: Callable[..., Any], self: Any) -> Any:
        found = original(self)
        found._account_access_keys_present = 1
        return found

    @replaces(IAMBackend, "get_credential_report")
    def get_credential_report(original: Callable[..., Any], self: Any) -> str:
        head, _, users = original(self).partition("\n")
        return f"{head}\n{root_line(head.split(','), self.account_id, context)}\n{users}"

    @replaces(IamResponse, "get_credential_report")
    def respond(_original: Callable[..., Any], self: Any) -> ActionResult:
        report = self.backend.get_credential_report()
        return ActionResult({"Content": report, "ReportFormat": "text/csv", "GeneratedTime": now()})


def root_line(columns: Iterable[str], account: str, context: Context) -> str:
    """Return the root user's line of a credential report.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
    """
    arn = f"arn:aws:iam::{account}:root"
    begun, used = context.history.begun.strftime(_DATE), context.history.newest(arn)
    known: Mapping[str, str] = {
        "user": "<root_account>",
        "arn": arn,
        "user_creation_time": begun,
        "password_enabled": "not_supported",
        "password_last_used": "no_information",
        "password_last_changed": "not_supported",
        "password_next_rotation": "not_supported",
        "access_key_1_active": "true",
        "access_key_1_last_rotated": begun,
        "access_key_1_last_used_date": used.time.strftime(_DATE) if used else "N/A",
        "access_key_1_last_used_region": used.region if used else "N/A",
        "access_key_1_last_used_service": used.service if used else "N/A",
    }
    missing = {True: "false", False: "N/A"}
    return ",".join(known.get(column) or missing[column.endswith("_active")] for column in columns)


# ---- services


def _jobs(backend: Any) -> dict[str, Job]:
    """Return the account's jobs, by id."""
    found: dict[str, Job] = backend.__dict__.setdefault("last_accessed_jobs", {})
    return found


def _last_accessed(context: Context) -> None:
    @adds(IamResponse, "generate_service_last_accessed_details")
    def generate(self: Any) -> ActionResult:
        if self._get_param("Granularity", "SERVICE_LEVEL") not in ("SERVICE_LEVEL", "ACTION_LEVEL"):
            raise InvalidInput("Granularity is SERVICE_LEVEL or ACTION_LEVEL.")
        entities, policies = entity(self.backend, str(self._get_param("Arn")))
        job = str(uuid.uuid4())
        _jobs(self.backend)[job] = Job(entities, tuple(sorted(namespaces(policies))), now())
        return ActionResult({"JobId": job})

    @adds(IamResponse, "get_service_last_accessed_details")
    def get(self: Any) -> ActionResult:
        job = _jobs(self.backend).get(str(self._get_param("JobId")))
        if job is None:
            raise NotFoundException(f"The job {self._get_param('JobId')} cannot be found.")
        try:
            shown, marker = page(job.namespaces, self._get_param("Marker"), self._get_int_param("MaxItems", _PAGE))
        except TokenError as error:
            raise InvalidInput(str(error)) from error
        return ActionResult(
            {
                "JobStatus": "COMPLETED",
                "JobType": "SERVICE_LEVEL",
                "JobCreationDate": job.made,
                "JobCompletionDate": job.made,
                "ServicesLastAccessed": [_accessed(entity, job, context) for entity in shown],
                "IsTruncated": marker is not None,
                "Marker": marker,
            }
        )


def _accessed(namespace: str, job: Job, context: Context) -> dict[str, Any]:
    found: list[Event] = [
        event
        for (who, service), event in context.history.last.items()
        if who in job.entities and _namespace(service) == namespace
    ]
    told: dict[str, Any] = {
        "ServiceName": NAMES.get(namespace, namespace),
        "ServiceNamespace": namespace,
        "TotalAuthenticatedEntities": len({event.entity for event in found}),
    }
    if found:
        newest = max(found, key=lambda event: event.time)
        told |= {
            "LastAuthenticated": newest.time,
            "LastAuthenticatedEntity": newest.entity,
            "LastAuthenticatedRegion": newest.region,
        }
    return told


def _namespace(service: str) -> str:
    """Return the prefix of a service's actions; CloudWatch alone signs with another name."""
    return "cloudwatch" if service == "monitoring" else service


def namespaces(policies: Iterable[Document]) -> set[str]:
    """Return the services that policies allow something of; `*` allows all that the lab can name."""
    found: set[str] = set()
    for policy in policies:
        statements = policy.get("Statement", [])
        for statement in statements if isinstance(statements, list) else [statements]:
            if statement.get("Effect") == "Allow":
                actions = statement.get("Action", "*")  # with NotAction it is nearly everything
                for action in actions if isinstance(actions, list) else [actions]:
                    prefix = action.partition(":")[0].lower()
                    found |= set(NAMES) if "*" in prefix else {prefix}
    return found


def entity(backend: Any, arn: str) -> tuple[tuple[str, ...], list[Document]]:
    """Return the entities that an ARN stands for, and their policies."""
    for principal in (*backend.roles.values(), *backend.users.values()):
        if principal.arn == arn:
            groups = [group for group in backend.groups.values() if principal in group.users]
            return (arn,), [policy for holder in (principal, *groups) for policy in policies_of(holder)]
    for group in backend.groups.values():
        if group.arn == arn:
            return tuple(user.arn for user in group.users), policies_of(group)
    policy = backend.managed_policies.get(arn)
    if policy is None:
        raise NotFoundException(f"ARN {arn} is not valid or not found.")
    holders = (*backend.roles.values(), *backend.users.values())
    return tuple(holder.arn for holder in holders if arn in holder.managed_policies), [default_policy(policy)]
