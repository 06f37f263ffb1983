# SPDX-License-Identifier: GPL-3.0-or-later
"""GuardDuty: what moto does not know of it is refused, or an empty list, as the service words it.

https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moto.guardduty import urls
from moto.guardduty.responses import GuardDutyResponse

from lab.context import Context


def extend(context: Context) -> None:  # noqa: ARG001 - all extensions are called alike
    """Send every path to the part that plays the service; moto routes only those it knows."""
    urls.url_paths["{0}/(?P<lab_path>.+)$"] = GuardDutyResponse.dispatch
