# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Zonal autoshift of a load balancer: AWS itself shifts it away from a zone in trouble, and practices that each week.

Practice runs have to be configured before autoshift is enabled, and may be removed only after it is disabled:
https://docs.aws.amazon.com/arc-zonal-shift/latest/api/API_DeletePracticeRunConfiguration.html
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from ._aws import ChangeResult, aws_call, aws_lookup, failure
from ._load_balancer_attributes import find
from ._resource import Resource

ALARMS = {"outcome_alarms": "outcomeAlarms", "blocking_alarms": "blockingAlarms"}
BLOCKERS = {
    "blocked_dates": "blockedDates",
    "blocked_windows": "blockedWindows",
    "allowed_windows": "allowedWindows",
}
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DAY = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
WINDOW = re.compile(rf"{DAY}:[0-9]{{2}}:[0-9]{{2}}-{DAY}:[0-9]{{2}}:[0-9]{{2}}")

# ---- pure


def refuse(params: Mapping[str, t.Any]) -> None:
    """Fail if AWS would not take this."""
    if not params["outcome_alarms"]:
        raise failure("outcome_alarms is empty, and AWS wants one alarm at least that tells whether the site is well.")
    for date in params["blocked_dates"]:
        if not DATE.fullmatch(date):
            raise failure(f"blocked_dates has {date}; write dates such as 2027-01-31 (UTC).")
    for name in ("blocked_windows", "allowed_windows"):
        for window in params[name]:
            if not WINDOW.fullmatch(window):
                raise failure(f"{name} has {window}; write days and times such as Mon:09:00-Mon:17:30 (UTC).")
    if params["blocked_windows"] and params["allowed_windows"]:
        raise failure("There are blocked_windows and allowed_windows; AWS takes one of them only.")


def normalize(managed: Mapping[str, t.Any]) -> Resource:
    """Return what a resource's owner has agreed to, the way the module returns it; empty if to nothing."""
    practice = managed.get("practiceRunConfiguration")
    if not practice:
        return {}
    return {
        "enabled": managed["zonalAutoshiftStatus"] == "ENABLED",
        **{key: sorted(alarm["alarmIdentifier"] for alarm in practice.get(name, [])) for key, name in ALARMS.items()},
        **{key: sorted(practice.get(name, [])) for key, name in BLOCKERS.items()},
    }


def wire(wanted: Mapping[str, t.Any], keys: t.Collection[str]) -> dict[str, t.Any]:
    """Return the parts of a practice run configuration as AWS takes them."""
    alarms = {
        name: [{"type": "CLOUDWATCH", "alarmIdentifier": arn} for arn in wanted[key]]
        for key, name in ALARMS.items()
        if key in keys
    }
    return {**alarms, **{name: wanted[key] for key, name in BLOCKERS.items() if key in keys}}


# ---- API


@aws_lookup("read what AWS may do with {arn}", "ResourceNotFoundException")
def _managed(client: t.Any, arn: str) -> Resource:
    return t.cast("Resource", client.get_managed_resource(resourceIdentifier=arn))


@aws_call("configure practice runs of {arn}")
def _create(client: t.Any, arn: str, given: Mapping[str, t.Any]) -> None:
    client.create_practice_run_configuration(resourceIdentifier=arn, **given)


@aws_call("change the practice runs of {arn}")
def _update(client: t.Any, arn: str, given: Mapping[str, t.Any]) -> None:
    client.update_practice_run_configuration(resourceIdentifier=arn, **given)


@aws_call("remove the practice runs of {arn}")
def _delete(client: t.Any, arn: str) -> None:
    client.delete_practice_run_configuration(resourceIdentifier=arn)


@aws_call("set the zonal autoshift of {arn} to {status}")
def _switch(client: t.Any, arn: str, status: str) -> None:
    client.update_zonal_autoshift_configuration(resourceIdentifier=arn, zonalAutoshiftStatus=status)


# ---- the whole


def ensure_present(client: t.Any, elbv2: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Have practice runs configured, and autoshift enabled or not."""
    refuse(params)
    wanted = {key: sorted(params[key]) for key in (*ALARMS, *BLOCKERS)}
    after = {"enabled": params["enabled"], **wanted}
    name = params["load_balancer"]
    balancer = find(elbv2, name)
    if balancer is None:
        if check_mode:
            return ChangeResult(True, {}, after)
        raise failure(f"There is no load balancer {name}; create it first.")
    arn = balancer["LoadBalancerArn"]
    managed = _managed(client, arn)
    if managed is None:
        if check_mode:
            return ChangeResult(True, {}, after)
        raise failure(
            f"The load balancer {name} is not registered for zonal shift. Set its attribute zonal_shift.config.enabled "
            "to true first (hasite.aws.elbv2_load_balancer_attributes)."
        )
    before = normalize(managed)
    different = [key for key in wanted if before.get(key) != wanted[key]]
    switched = before.get("enabled", False) != params["enabled"]
    if not check_mode:
        if not before:
            _create(client, arn, wire(wanted, [key for key in wanted if wanted[key]]))
        elif different:
            _update(client, arn, wire(wanted, different))
        if switched:
            _switch(client, arn, "ENABLED" if params["enabled"] else "DISABLED")
    return ChangeResult(bool(different) or switched, before, after)


def ensure_absent(client: t.Any, elbv2: t.Any, params: Mapping[str, t.Any], check_mode: bool) -> ChangeResult:
    """Have neither autoshift nor practice runs."""
    balancer = find(elbv2, params["load_balancer"])
    managed = _managed(client, balancer["LoadBalancerArn"]) if balancer else None
    before = normalize(managed) if managed else {}
    if before and not check_mode and balancer:
        if before["enabled"]:
            _switch(client, balancer["LoadBalancerArn"], "DISABLED")
        _delete(client, balancer["LoadBalancerArn"])
    return ChangeResult(bool(before), before, {})
