# SPDX-License-Identifier: GPL-3.0-or-later
"""Account Management: which regions an account has switched on; EC2 tells the same of them.

https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.account import urls
from moto.account.responses import AccountResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends

from lab.api.moto.extension import adds
from lab.context import Context

_STATUS = {"opt-in-not-required": "ENABLED_BY_DEFAULT", "not-opted-in": "DISABLED"}


class ValidationException(ServiceException):
    """A region or a status that does not exist."""

    code = "ValidationException"


def extend(context: Context) -> None:  # noqa: ARG001 - all extensions are called alike
    """Tell the regions; and refuse what is not known of this service in its own words."""
    urls.url_paths["{0}/(?P<lab_path>.+)$"] = AccountResponse.dispatch

    @adds(AccountResponse, "list_regions")
    def list_regions(self: Any) -> ActionResult:
        wanted = self._get_param("RegionOptStatusContains") or _STATUS.values()
        return ActionResult({"Regions": [region for region in _regions(self) if region["RegionOptStatus"] in wanted]})

    @adds(AccountResponse, "get_region_opt_status")
    def get_region_opt_status(self: Any) -> ActionResult:
        """https://docs.aws.amazon.com/accounts/latest/reference/API_GetRegionOptStatus.html."""
        name = self._get_param("RegionName")
        for region in _regions(self):
            if region["RegionName"] == name:
                return ActionResult(region)
        raise ValidationException(f"Invalid region name: {name}")


def _regions(call: Any) -> Iterable[dict[str, str]]:
    for region in ec2_backends[call.current_account]["us-east-1"].describe_regions():
        yield {"RegionName": region.name, "RegionOptStatus": _STATUS[region.opt_in_status]}
