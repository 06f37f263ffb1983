# SPDX-License-Identifier: GPL-3.0-or-later
"""Zonal shifts of load balancers by the Application Recovery Controller; moto has no part of it.

Those that AWS begins itself are in `lab.api.services.zonal_autoshift`. Other kinds of resources are refused, like all
operations that the lab does not know.
https://docs.aws.amazon.com/arc-zonal-shift/latest/api/Welcome.html
"""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from moto import backend_index
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from lab.api.services.zonal_autoshift import AutoshiftAnswers, Autoshifts, ZonalShiftError, invalid
from lab.base.clock import Clock
from lab.context import Context
from lab.world.balancer import zonal_shift
from lab.world.balancer.zonal_shift import Shift

_NAME = "arczonalshift"
_SERVICE = "arc-zonal-shift"
_HOST = r"https?://arc-zonal-shift\.(.+)\.amazonaws\.com"
_OPT_IN = "zonal_shift.config.enabled"


class ZonalShiftBackend(Autoshifts, BaseBackend):
    """A region's shifts."""

    clock = Clock()
    """The lab's."""
    mark_dirty_after: Any = staticmethod(lambda _seconds: None)
    """Asks for another look at the world when so many seconds are over."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.shifts: dict[str, Shift] = {}
        self.practices, self.willing, self.autoshifts = {}, set(), []

    @property
    def _url_module(self) -> Any:
        paths = {"{0}/.*$": ZonalShiftResponse.dispatch, "{0}/$": ZonalShiftResponse.dispatch}
        return SimpleNamespace(url_bases=[_HOST], url_paths=paths)

    # ---- resources

    def resources(self) -> Iterator[Any]:
        """Yield the load balancers whose owner has opted in."""
        for balancer in elbv2_backends[self.account_id][self.region_name].load_balancers.values():
            if balancer.attrs.get(_OPT_IN) == "true":
                yield balancer

    def resource(self, identifier: str) -> Any:
        """Return one of them."""
        for balancer in self.resources():
            if balancer.arn == identifier:
                return balancer
        raise ZonalShiftError("ResourceNotFoundException", f"{identifier} is not registered for zonal shift.")

    def zones(self, balancer: Any) -> list[str]:
        """Return the ids of a load balancer's zones."""
        ids = self.zone_ids()
        return sorted(ids[subnet.availability_zone] for subnet in balancer.subnets)

    def zone_ids(self) -> dict[str, str]:
        """Return the ids of the region's zones by their names."""
        return {zone.name: zone.zone_id for zone in self._ec2().describe_availability_zones()}

    def agreed(self, zone: str) -> Iterator[str]:
        """Yield the resources in a zone that AWS may shift by itself."""
        return (
            resource.arn
            for resource in self.resources()
            if resource.arn in self.willing and zone in self.zones(resource)
        )

    def _ec2(self) -> Any:
        return ec2_backends[self.account_id][self.region_name]

    def active(self, resource: str) -> Shift | None:
        """Return the shift that a resource is in; a practice run ends when an alarm goes off."""
        found = zonal_shift.active(self.shifts.values(), resource, self.clock.time())
        practice = self.practices.get(resource)
        if found and found.kind == "PRACTICE_RUN" and practice and self.gone_off(practice.outcome_alarms):
            self._keep(replace(found, canceled=True, failed=True))
            return None
        return found

    def zone_away_from(self, resource: str) -> str:
        """Return the name of the zone that a resource is shifted away from, nothing if it is in no shift.

        The owner's own shift comes before AWS's.
        """
        shift = self.active(resource) or zonal_shift.autoshift_of(self.autoshifts, resource)
        return next((name for name, zone in self.zone_ids().items() if zone == shift.away_from), "") if shift else ""

    # ---- shifts

    def start(self, identifier: str, away_from: str, expires_in: str, comment: str) -> Shift:
        """Begin a shift: one at a time, away from a zone that the resource is in, and from another one left."""
        balancer = self.resource(identifier)
        zones = self.zones(balancer)
        if away_from not in zones:
            raise invalid(f"The resource is not in the Availability Zone {away_from}.", "InvalidAz")
        seconds = self._seconds(expires_in)
        self.interrupt_practice(balancer.arn)
        return self._begin(balancer.arn, away_from, seconds, comment, "ZONAL_SHIFT")

    def practice(self, identifier: str, away_from: str, comment: str) -> Shift:
        """Begin a practice run on demand."""
        balancer = self.resource(identifier)
        if away_from not in self.zones(balancer):
            raise invalid(f"The resource is not in the Availability Zone {away_from}.", "InvalidAz")
        self.refuse_practice(balancer.arn, self.clock.time())
        return self._begin(balancer.arn, away_from, zonal_shift.PRACTICE_SECONDS, comment, "PRACTICE_RUN")

    def _begin(self, resource: str, away_from: str, seconds: int, comment: str, kind: zonal_shift.Kind) -> Shift:
        if self.active(resource):
            raise ZonalShiftError(
                "ConflictException", "There is an active zonal shift for the resource.", "ZonalShiftAlreadyExists"
            )
        now = self.clock.time()
        return self._keep(Shift(str(uuid.uuid4()), resource, away_from, now, now + seconds, comment, kind=kind))

    def interrupt_practice(self, resource: str) -> None:
        """End a resource's practice run, if there is one: others come before it.

        https://docs.aws.amazon.com/r53recovery/latest/dg/arc-zonal-autoshift.how-it-works.precedence.html
        """
        found = self.active(resource)
        if found and found.kind == "PRACTICE_RUN":
            self._keep(replace(found, canceled=True))

    def cancel_practice(self, shift_id: str) -> Shift:
        """End a practice run that is active."""
        if self._ongoing(shift_id).kind != "PRACTICE_RUN":
            raise invalid(f"{shift_id} is no practice run.", "UnsupportedPracticeCancelShiftType")
        return self.cancel(shift_id)

    def update(self, shift_id: str, expires_in: str | None, comment: str | None) -> Shift:
        """Change a shift that is active; the new time counts from now."""
        shift = self._ongoing(shift_id)
        expires = shift.expires if expires_in is None else self.clock.time() + self._seconds(expires_in)
        return self._keep(replace(shift, expires=expires, comment=shift.comment if comment is None else comment))

    def cancel(self, shift_id: str) -> Shift:
        """End a shift that is active."""
        return self._keep(replace(self._ongoing(shift_id), canceled=True))

    def _keep(self, shift: Shift) -> Shift:
        self.shifts[shift.id] = shift
        self.mark_dirty_after(shift.expires - self.clock.time())
        return shift

    def _ongoing(self, shift_id: str) -> Shift:
        shift = self.shifts.get(shift_id)
        if shift is None:
            raise ZonalShiftError("ResourceNotFoundException", f"There is no zonal shift {shift_id}.")
        if (status := shift.status(self.clock.time())) != "ACTIVE":
            raise ZonalShiftError(
                "ConflictException", f"The zonal shift {shift_id} is {status}.", "ZonalShiftStatusNotActive"
            )
        return shift

    @staticmethod
    def _seconds(expires_in: str) -> int:
        seconds = zonal_shift.seconds_of(expires_in)
        if seconds is None:
            raise invalid(
                f"expiresIn is {expires_in}; it must be minutes or hours such as 30m or 2h, up to three days.",
                "InvalidExpiresIn",
            )
        return seconds


class ZonalShiftResponse(AutoshiftAnswers, BaseResponse):
    """Answers from the region's shifts."""

    def __init__(self) -> None:
        super().__init__(service_name=_SERVICE)
        self.automated_parameter_parsing = True

    @property
    def _backend(self) -> ZonalShiftBackend:
        found: ZonalShiftBackend = arczonalshift_backends[self.current_account][self.region]
        return found

    def start_zonal_shift(self) -> ActionResult:
        """Begin a shift."""
        names = ("resourceIdentifier", "awayFrom", "expiresIn", "comment")
        return ActionResult(self._told(self._backend.start(*(self._get_param(name) for name in names))))

    def update_zonal_shift(self) -> ActionResult:
        """Change a shift's end or comment."""
        names = ("zonalShiftId", "expiresIn", "comment")
        return ActionResult(self._told(self._backend.update(*(self._get_param(name) for name in names))))

    def cancel_zonal_shift(self) -> ActionResult:
        """End a shift."""
        return ActionResult(self._told(self._backend.cancel(self._get_param("zonalShiftId"))))

    def start_practice_run(self) -> ActionResult:
        """Begin a practice run on demand."""
        names = ("resourceIdentifier", "awayFrom", "comment")
        return ActionResult(self._told(self._backend.practice(*(self._get_param(name) for name in names))))

    def cancel_practice_run(self) -> ActionResult:
        """End a practice run."""
        return ActionResult(self._told(self._backend.cancel_practice(self._get_param("zonalShiftId"))))

    def list_zonal_shifts(self) -> ActionResult:
        """Return the shifts, those of one status or one resource if that is asked for."""
        status, resource = self._get_param("status"), self._get_param("resourceIdentifier")
        found = [self._typed(shift) for shift in self._backend.shifts.values()]
        return ActionResult(
            {
                "items": [
                    shift
                    for shift in found
                    if status in (None, shift["status"]) and resource in (None, shift["resourceIdentifier"])
                ]
            }
        )

    def get_managed_resource(self) -> ActionResult:
        """Return a load balancer with what it is in."""
        return ActionResult(self._managed(self._backend.resource(self._get_param("resourceIdentifier"))))

    def list_managed_resources(self) -> ActionResult:
        """Return all load balancers whose owner has opted in."""
        rows = [self._row(resource) for resource in self._backend.resources()]
        return ActionResult({"items": rows})

    def _row(self, balancer: Any) -> dict[str, Any]:
        row = {**self._managed(balancer), "availabilityZones": self._backend.zones(balancer)}
        practice = row.pop("practiceRunConfiguration", None)
        return {**row, "practiceRunStatus": "ENABLED" if practice else "DISABLED"}

    def _managed(self, balancer: Any) -> dict[str, Any]:
        shift = self._backend.active(balancer.arn)
        zones = self._backend.zones(balancer)
        away_from = self._backend.zone_ids().get(self._backend.zone_away_from(balancer.arn))
        applied = {**self._typed(shift), "appliedStatus": "APPLIED"} if shift else None
        return {
            "arn": balancer.arn,
            "name": balancer.name,
            "appliedWeights": {zone: 0.0 if zone == away_from else 1.0 for zone in zones},
            "zonalShifts": [applied] if applied else [],
            "autoshifts": self.autoshifts_of(balancer.arn, applied=shift is None),
            **self.agreement(balancer.arn),
        }

    def _typed(self, shift: Shift) -> dict[str, Any]:
        practice = shift.kind == "PRACTICE_RUN"
        outcome = {"practiceRunOutcome": shift.outcome(self._backend.clock.time())} if practice else {}
        return {**self._told(shift), "shiftType": shift.kind, **outcome}

    def _told(self, shift: Shift) -> dict[str, Any]:
        return {
            "zonalShiftId": shift.id,
            "resourceIdentifier": shift.resource,
            "awayFrom": shift.away_from,
            "startTime": shift.started,
            "expiryTime": shift.expires,
            "status": shift.status(self._backend.clock.time()),
            "comment": shift.comment,
        }


arczonalshift_backends = BackendDict(ZonalShiftBackend, _SERVICE)
"""Moto looks for it by this name."""


def extend(context: Context) -> None:
    """Register this module with moto as the part that plays the service."""

    def mark_dirty_after(seconds: float) -> None:
        def begin() -> None:
            # A moment later, so that the shift is over by then.
            context.loop.call_later(context.clock.real(seconds) + 0.05, lambda: context.mark_dirty())

        context.loop.call_soon_threadsafe(begin)

    ZonalShiftBackend.clock = context.clock
    ZonalShiftBackend.mark_dirty_after = staticmethod(mark_dirty_after)
    sys.modules[f"moto.{_NAME}"] = sys.modules[__name__]
    if _NAME not in (name for name, _host in backend_index.backend_url_patterns):
        backend_index.backend_url_patterns.append((_NAME, re.compile(_HOST)))


def resume(context: Context) -> None:
    """Wait for the ends of the shifts of a world that has come back."""
    for _region, backend in context.backends.regional(_NAME):
        for shift in backend.shifts.values():
            if (left := shift.expires - context.clock.time()) > 0:
                backend.mark_dirty_after(left)
