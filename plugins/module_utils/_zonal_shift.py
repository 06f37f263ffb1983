# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Zonal shifts of the Application Recovery Controller: a resource's traffic leaves one zone for a time."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Mapping

from ._aws import UNKNOWN, ChangeResult, aws_call, aws_lookup, failure
from ._resource import Resource

DURATION = re.compile(r"([1-9][0-9]*)([mh])")
LONGEST = 72 * 60
"""Minutes: https://docs.aws.amazon.com/arc-zonal-shift/latest/api/API_StartZonalShift.html"""
NEVER_OPTED_IN = (
    "{resource} is not registered for zonal shift in this region. Set the load balancer's attribute "
    "zonal_shift.config.enabled to true (hasite.aws.elbv2_load_balancer_attributes)."
)

# ---- pure


def refuse_duration(expires_in: str) -> None:
    """Fail if this is no time after which AWS would end a shift."""
    found = DURATION.fullmatch(expires_in)
    minutes = int(found[1]) * (60 if found[2] == "h" else 1) if found else 0
    if not 0 < minutes <= LONGEST:
        raise failure(f"expires_in is {expires_in}; give minutes or hours such as 30m or 2h, up to 72h.")


def zone_id(wanted: str, zones: Mapping[str, str]) -> str:
    """Return the id of a zone that is given by its id or by its name in this account."""
    if wanted in zones.values():
        return wanted
    if wanted not in zones:
        raise failure(f"There is no zone {wanted}; the region has {', '.join(sorted(zones))}.")
    return zones[wanted]


def normalize(shift: Mapping[str, t.Any], zones: Mapping[str, str]) -> Resource:
    """Return a shift the way the module returns it."""
    names = {identity: name for name, identity in zones.items()}
    return {
        "zonal_shift_id": shift["zonalShiftId"],
        "resource": shift["resourceIdentifier"],
        "away_from": names.get(shift["awayFrom"], shift["awayFrom"]),
        "away_from_id": shift["awayFrom"],
        "start_time": shift["startTime"].isoformat(),
        "expiry_time": shift["expiryTime"].isoformat(),
        "comment": shift["comment"],
    }


# ---- reading


@aws_lookup("read what {resource} is shifted away from", "ResourceNotFoundException")
def _managed(client: t.Any, resource: str) -> Resource:
    return t.cast("Resource", client.get_managed_resource(resourceIdentifier=resource))


@aws_call("describe the availability zones")
def read_zones(ec2: t.Any) -> dict[str, str]:
    """Return the ids of the region's zones by their names in this account."""
    found = ec2.describe_availability_zones()["AvailabilityZones"]
    return {zone["ZoneName"]: zone["ZoneId"] for zone in found}


def read(client: t.Any, resource: str, zones: Mapping[str, str]) -> Resource:
    """Return the shift that a resource is in, empty if it is in none; shifts by AWS itself are none of ours."""
    managed = _managed(client, resource)
    if managed is None:
        raise failure(NEVER_OPTED_IN.format(resource=resource))
    own = [shift for shift in managed["zonalShifts"] if shift.get("shiftType", "ZONAL_SHIFT") == "ZONAL_SHIFT"]
    return normalize(own[0], zones) if own else {}


# ---- writing


@aws_call("shift {resource} away from {away_from}")
def _start(client: t.Any, resource: str, away_from: str, expires_in: str, comment: str) -> None:
    client.start_zonal_shift(resourceIdentifier=resource, awayFrom=away_from, expiresIn=expires_in, comment=comment)


@aws_call("change the zonal shift {shift}")
def _update(client: t.Any, shift: str, changes: Mapping[str, str]) -> None:
    client.update_zonal_shift(zonalShiftId=shift, **changes)


@aws_call("end the zonal shift {shift}")
def _cancel(client: t.Any, shift: str) -> None:
    client.cancel_zonal_shift(zonalShiftId=shift)


# ---- the whole


def ensure_present(client: t.Any, ec2: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Have a resource shifted away from a zone."""
    refuse_duration(params["expires_in"])
    zones, resource = read_zones(ec2), params["resource"]
    away_from = zone_id(params["away_from"], zones)
    before = read(client, resource, zones)
    changes = _changes(before, params) if before.get("away_from_id") == away_from else None
    if changes == {}:
        return ChangeResult(False, before, before)
    if check_mode:
        return ChangeResult(True, before, _planned(before, params, away_from, zones, changes))
    if changes is not None:
        _update(client, before["zonal_shift_id"], changes)
    else:
        # A resource is in one shift at most.
        if before:
            _cancel(client, before["zonal_shift_id"])
        _start(client, resource, away_from, params["expires_in"], params["comment"])
    return ChangeResult(True, before, read(client, resource, zones))


def _changes(before: Mapping[str, t.Any], params: Mapping[str, t.Any]) -> dict[str, str]:
    changes = {"comment": params["comment"]} if params["comment"] != before["comment"] else {}
    return {**changes, "expiresIn": params["expires_in"]} if params["renew"] else changes


def _planned(
    before: Resource,
    params: Mapping[str, t.Any],
    away_from: str,
    zones: Mapping[str, str],
    changes: Mapping[str, str] | None,
) -> Resource:
    names = {identity: name for name, identity in zones.items()}
    told = {"comment": params["comment"], "expiry_time": f"(in {params['expires_in']})"}
    if changes is not None:
        return {**before, **{key: told[key] for key in told if key == "comment" or params["renew"]}}
    new = {"zonal_shift_id": UNKNOWN, "start_time": UNKNOWN, "resource": params["resource"]}
    return {**new, "away_from": names[away_from], "away_from_id": away_from, **told}


def autoshift_of(client: t.Any, resource: str, zones: Mapping[str, str]) -> str:
    """Return the name of the zone from which AWS itself keeps a resource away, nothing if from none."""
    found = (_managed(client, resource) or {}).get("autoshifts", [])
    names = {identity: name for name, identity in zones.items()}
    return names.get(found[0]["awayFrom"], str(found[0]["awayFrom"])) if found else ""


def ensure_absent(
    client: t.Any, ec2: t.Any, params: Mapping[str, t.Any], check_mode: bool, warn: Callable[[str], None]
) -> ChangeResult:
    """End the shift that a resource is in; one of AWS's goes on."""
    zones = read_zones(ec2)
    before = read(client, params["resource"], zones)
    if zone := autoshift_of(client, params["resource"], zones):
        warn(
            f"AWS itself has shifted {params['resource']} away from {zone} (zonal autoshift), and ends that when the "
            "zone has recovered."
        )
    if before and not check_mode:
        _cancel(client, before["zonal_shift_id"])
    return ChangeResult(bool(before), before, {})
