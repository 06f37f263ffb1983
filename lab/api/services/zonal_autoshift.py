# SPDX-License-Identifier: GPL-3.0-or-later
"""Zonal autoshift: who has agreed to be shifted by AWS itself, with practice runs, and the shifts that AWS begins.

Who owns the lab begins and ends them (`lab autoshift`). Practice runs begin on demand; AWS's weekly ones never do.
https://docs.aws.amazon.com/r53recovery/latest/dg/arc-zonal-autoshift.how-it-works.html
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

from lab.context import Context
from lab.world.balancer.zonal_shift import Autoshift, PracticeRuns, autoshift_of, is_within, window_is_one

PATH = "/_lab/autoshift"
"""Where the API's server takes from which zone AWS is to shift."""

_FIELDS = {
    "outcomeAlarms": "outcome_alarms",
    "blockingAlarms": "blocking_alarms",
    "blockedDates": "blocked_dates",
    "blockedWindows": "blocked_windows",
    "allowedWindows": "allowed_windows",
}
_ALARMS = ("outcomeAlarms", "blockingAlarms")


class ZonalShiftError(ServiceException):
    """What the service refuses, with the reason that some of its errors have."""

    def __init__(self, code: str, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        if reason:
            self.reason = reason


def invalid(message: str, reason: str) -> ZonalShiftError:
    """Return a refusal of a value."""
    return ZonalShiftError("ValidationException", message, reason)


def _conflict(message: str, reason: str) -> ZonalShiftError:
    return ZonalShiftError("ConflictException", message, reason)


class Autoshifts:
    """A region's part of it, kept by the backend."""

    account_id: str
    region_name: str
    practices: dict[str, PracticeRuns]
    """By the resource's ARN."""
    willing: set[str]
    """The resources whose zonal autoshift is enabled."""
    autoshifts: list[Autoshift]

    def configure(self, resource: str, given: Mapping[str, Any], *, new: bool) -> None:
        """Create or change what a resource's practice runs need."""
        held = self.practices.get(resource)
        if new and held:
            raise _conflict(f"{resource} has a practice run configuration.", "PracticeConfigurationAlreadyExists")
        if not new and held is None:
            raise _none(resource)
        told = {_FIELDS[name]: self._read(name, value) for name, value in given.items() if value is not None}
        wanted = replace(held, **told) if held else PracticeRuns(**told)
        self._check(wanted)
        self.practices[resource] = wanted

    def _read(self, name: str, value: Any) -> tuple[str, ...]:
        return tuple(alarm["alarmIdentifier"] for alarm in value) if name in _ALARMS else tuple(value)

    def _check(self, wanted: PracticeRuns) -> None:
        if not wanted.outcome_alarms:
            raise invalid("An outcome alarm is required.", "MissingValue")
        known = self._alarms()
        for alarm in (*wanted.outcome_alarms, *wanted.blocking_alarms):
            if alarm not in known:
                raise invalid(f"There is no alarm {alarm} in {self.region_name}.", "InvalidAlarmCondition")
        for date in wanted.blocked_dates:
            if not _is_date(date):
                raise invalid(f"{date} is no date.", "InvalidPracticeBlocker")
        for window in (*wanted.blocked_windows, *wanted.allowed_windows):
            if not window_is_one(window):
                raise invalid(f"{window} does not begin and end on one day.", "InvalidPracticeWindows")
        if wanted.blocked_windows and wanted.allowed_windows:
            raise invalid("There may be blocked windows or allowed windows, not both.", "InvalidPracticeWindows")

    def _alarms(self) -> dict[str, str]:
        """Return the states of the region's alarms."""
        found = cloudwatch_backends[self.account_id][self.region_name].alarms.values()
        return {alarm.alarm_arn: alarm.state_value for alarm in found}

    def gone_off(self, alarms: Iterable[str]) -> bool:
        """Tell whether one of the alarms has."""
        states = self._alarms()
        return any(states.get(alarm) == "ALARM" for alarm in alarms)

    def refuse_practice(self, resource: str, now: float) -> None:
        """Fail if no practice run of a resource may begin now."""
        practice, moment = self.practices.get(resource), datetime.datetime.fromtimestamp(now, datetime.UTC)
        if practice is None:
            raise _none(resource)
        if autoshift_of(self.autoshifts, resource):
            raise _conflict(f"AWS has shifted {resource} itself.", "ZonalAutoshiftActive")
        if self.gone_off(practice.outcome_alarms):
            raise _conflict("An outcome alarm has gone off.", "PracticeOutcomeAlarmsRed")
        if self.gone_off(practice.blocking_alarms):
            raise _conflict("A blocking alarm has gone off.", "PracticeBlockingAlarmsRed")
        if moment.date().isoformat() in practice.blocked_dates:
            raise _conflict("Today is a blocked date.", "PracticeInBlockedDates")
        if any(is_within(window, moment) for window in practice.blocked_windows):
            raise _conflict("This is a blocked window.", "PracticeInBlockedWindows")
        if practice.allowed_windows and not any(is_within(window, moment) for window in practice.allowed_windows):
            raise _conflict("This is no allowed window.", "PracticeOutsideAllowedWindows")

    def unconfigure(self, resource: str) -> None:
        """Remove what a resource's practice runs need; autoshifts come with it, so they are disabled before."""
        if resource not in self.practices:
            raise _none(resource)
        if resource in self.willing:
            raise _conflict(f"Zonal autoshift is enabled for {resource}.", "AutoShiftEnabled")
        del self.practices[resource]

    def enable(self, resource: str, wanted: bool) -> None:
        """Have AWS shift a resource by itself from now on, or no longer."""
        if wanted and resource not in self.practices:
            raise _none(resource)
        (self.willing.add if wanted else self.willing.discard)(resource)

    def begin(self, away_from: str, resources: Iterator[str], now: float) -> Autoshift:
        """Begin an autoshift away from a zone, of the resources whose owners have agreed."""
        made = Autoshift(away_from, now, frozenset(resources))
        for resource in made.resources:
            self.interrupt_practice(resource)
        self.autoshifts.append(made)
        return made

    def interrupt_practice(self, resource: str) -> None:
        """End a resource's practice run, if there is one."""
        raise NotImplementedError

    def end_all(self, now: float) -> list[Autoshift]:
        """End every autoshift; return those that were active."""
        ended = [autoshift for autoshift in self.autoshifts if autoshift.ended is None]
        self.autoshifts = [
            autoshift if autoshift.ended is not None else replace(autoshift, ended=now) for autoshift in self.autoshifts
        ]
        return ended


def _none(resource: str) -> ZonalShiftError:
    return _conflict(f"{resource} has no practice run configuration.", "PracticeConfigurationDoesNotExist")


def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


class AutoshiftAnswers:
    """Answers the calls about it."""

    _backend: Any
    _get_param: Callable[..., Any]

    def create_practice_run_configuration(self) -> ActionResult:
        """Configure a resource's practice runs."""
        return self._configured(new=True)

    def update_practice_run_configuration(self) -> ActionResult:
        """Change what is named of a resource's practice runs."""
        return self._configured(new=False)

    def _configured(self, *, new: bool) -> ActionResult:
        balancer = self._backend.resource(self._get_param("resourceIdentifier"))
        self._backend.configure(balancer.arn, {name: self._get_param(name) for name in _FIELDS}, new=new)
        return ActionResult({"arn": balancer.arn, "name": balancer.name, **self.agreement(balancer.arn)})

    def delete_practice_run_configuration(self) -> ActionResult:
        """Have no more practice runs of a resource."""
        balancer = self._backend.resource(self._get_param("resourceIdentifier"))
        self._backend.unconfigure(balancer.arn)
        return ActionResult({"arn": balancer.arn, "name": balancer.name, "zonalAutoshiftStatus": "DISABLED"})

    def update_zonal_autoshift_configuration(self) -> ActionResult:
        """Enable or disable a resource's autoshifts."""
        balancer, status = self._backend.resource(self._get_param("resourceIdentifier")), "zonalAutoshiftStatus"
        self._backend.enable(balancer.arn, self._get_param(status) == "ENABLED")
        return ActionResult({"resourceIdentifier": balancer.arn, status: self._get_param(status)})

    def list_autoshifts(self) -> ActionResult:
        """Return AWS's shifts, the present ones first."""
        wanted = self._get_param("status")
        rows = [
            {
                "awayFrom": autoshift.away_from,
                "startTime": autoshift.started,
                **({} if autoshift.ended is None else {"endTime": autoshift.ended}),
                "status": "ACTIVE" if autoshift.ended is None else "COMPLETED",
            }
            for autoshift in reversed(self._backend.autoshifts)
        ]
        return ActionResult({"items": [row for row in rows if wanted in (None, row["status"])]})

    def agreement(self, resource: str) -> dict[str, Any]:
        """Return what a resource's owner has agreed to."""
        practice = self._backend.practices.get(resource)
        status = "ENABLED" if resource in self._backend.willing else "DISABLED"
        return {"zonalAutoshiftStatus": status, **({"practiceRunConfiguration": _told(practice)} if practice else {})}

    def autoshifts_of(self, resource: str, *, applied: bool) -> list[dict[str, Any]]:
        """Return the autoshift that a resource is in; the owner's own shift comes before it.

        https://docs.aws.amazon.com/r53recovery/latest/dg/arc-zonal-autoshift.how-it-works.precedence.html
        """
        found = autoshift_of(self._backend.autoshifts, resource)
        status = "APPLIED" if applied else "NOT_APPLIED"
        return [{"appliedStatus": status, "awayFrom": found.away_from, "startTime": found.started}] if found else []


def _told(practice: PracticeRuns) -> dict[str, Any]:
    held = asdict(practice)
    found = {name: list(held[kept]) for name, kept in _FIELDS.items()}
    return {
        name: [{"type": "CLOUDWATCH", "alarmIdentifier": alarm} for alarm in values] if name in _ALARMS else values
        for name, values in found.items()
        if values
    }


def console(context: Context, entry: Mapping[str, str | None] | None) -> dict[str, Any]:
    """Have AWS begin an autoshift away from a zone of a region, or end those of all; return what has come of it."""
    told: dict[str, Any] = {"zones": [], "resources": [], "ended": []}
    with context.lock:
        for region, backend in context.backends.regional("arczonalshift"):
            zones = backend.zone_ids()
            told["zones"] += zones
            wanted = (entry or {}).get("zone")
            if wanted in zones:
                made = backend.begin(zones[wanted], backend.agreed(zones[wanted]), context.clock.time())
                told["resources"] += sorted(made.resources)
                told["began"] = region
            elif entry and wanted is None:
                told["ended"] += [autoshift.away_from for autoshift in backend.end_all(context.clock.time())]
    if entry:
        context.mark_dirty()
    return told
