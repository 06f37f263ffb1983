# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's operators: they find that a zone is in trouble, and shift those away from it who have agreed."""

from __future__ import annotations

from lab.api.services.zonal_autoshift import PATH
from lab.base.endpoint import ask
from lab.base.errors import LabError
from lab.base.paths import LabPaths


def autoshift(place: LabPaths, zone: str | None) -> str:
    """Begin an autoshift away from a zone, or end all of them; return what has come of it."""
    found = ask(place, PATH, {"zone": zone})
    if zone is None:
        return f"AWS has ended {len(found['ended'])} autoshifts."
    if "began" not in found:
        raise LabError(f"There is no zone {zone}; the regions in use have {', '.join(sorted(found['zones']))}.")
    if not found["resources"]:
        return f"AWS shifts away from {zone}, and nobody with a resource there has agreed to it."
    return f"AWS shifts away from {zone}: {', '.join(found['resources'])}."
