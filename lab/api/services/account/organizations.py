# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Organizations: an account that is in no organization is told so by every operation about one.

The error is AWSOrganizationsNotInUseException:
https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeAccount.html
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from moto.organizations.exceptions import AWSOrganizationsNotInUseException
from moto.organizations.models import organizations_backends
from moto.organizations.responses import OrganizationsResponse

from lab.api.moto.extension import replaces
from lab.context import Context

_WITHOUT = ("create_organization",)
"""What may be called without an organization."""


def in_organization(account: str) -> bool:
    """Tell whether an account is in an organization, as its management account or as a member."""
    if account in organizations_backends.master_accounts:
        return True
    return any(backend.org for backend in list(organizations_backends[account].values()))


def extend(context: Context) -> None:  # noqa: ARG001 - all extensions are called alike
    """Refuse where moto says that the account, policy or unit is not known, or lists what can't be."""
    methods = [name for name, member in vars(OrganizationsResponse).items() if inspect.isfunction(member)]
    for operation in methods:
        if not operation.startswith("_") and operation not in _WITHOUT:

            @replaces(OrganizationsResponse, operation)
            def about_organization(original: Callable[..., Any], self: Any) -> Any:
                if not in_organization(self.current_account):
                    raise AWSOrganizationsNotInUseException
                return original(self)
