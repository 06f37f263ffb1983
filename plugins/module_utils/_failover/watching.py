# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""One look at a site by the API: its machines, its targets, its health check's checkers, and alarms."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from dataclasses import dataclass, field

from .stopping import place_of

try:
    from botocore.exceptions import BotoCoreError, ClientError

    AWS_ERRORS: tuple[type[Exception], ...] = (BotoCoreError, ClientError)
except ImportError:
    AWS_ERRORS = ()  # AnsibleAWSModule tells the user


@dataclass(frozen=True)
class Look:
    """What to look at, and with which clients."""

    ec2: t.Any
    elbv2: t.Any
    route53: t.Any
    instance_ids: list[str]
    target_group_arn: str
    health_check_id: str | None
    alarms: list[str] = field(default_factory=list)
    cloudwatch: t.Callable[[str], t.Any] | None = None
    """Gives the client of a region."""
    region: str = ""

    def __call__(self) -> dict[str, t.Any]:
        """Return the states, or the error that kept them from being read: the next look may succeed."""
        try:
            seen = {"instances": self._instances(), "targets": self._targets(), "checkers": self._checkers()}
            if not (self.alarms and self.cloudwatch):
                return seen
            return {**seen, "alarms": alarm_states(self.alarms, self.cloudwatch, self.region)}
        except AWS_ERRORS as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def _instances(self) -> dict[str, str]:
        answer = self.ec2.describe_instances(InstanceIds=self.instance_ids)
        machines = (instance for reservation in answer["Reservations"] for instance in reservation["Instances"])
        return {machine["InstanceId"]: machine["State"]["Name"] for machine in machines}

    def _targets(self) -> dict[str, str]:
        answer = self.elbv2.describe_target_health(TargetGroupArn=self.target_group_arn)
        return {
            description["Target"]["Id"]: description["TargetHealth"]["State"]
            for description in answer["TargetHealthDescriptions"]
        }

    def _checkers(self) -> dict[str, int] | None:
        if not self.health_check_id:
            return None
        answer = self.route53.get_health_check_status(HealthCheckId=self.health_check_id)
        told = [observation["StatusReport"]["Status"] for observation in answer["HealthCheckObservations"]]
        return {"healthy": sum(one.startswith("Success") for one in told), "all": len(told)}


def alarm_states(alarms: Iterable[str], cloudwatch: t.Callable[[str], t.Any], region: str) -> dict[str, str]:
    """Return the state of each alarm that exists, by the name or ARN by which it is asked for.

    Composite alarms are not among the answers unless they are asked for:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    """
    places = {alarm: place_of(alarm, region) for alarm in alarms}
    found: dict[tuple[str, str], str] = {}
    for each in sorted({place.region for place in places.values()}):
        names = sorted({place.name for place in places.values() if place.region == each})
        answer = cloudwatch(each).describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        for one in [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]:
            found[each, one["AlarmName"]] = one["StateValue"]
    return {alarm: found[place] for alarm, place in places.items() if place in found}
