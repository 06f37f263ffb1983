# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""One look at a site by the API: its machines, its targets, its health check's checkers."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

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

    def __call__(self) -> dict[str, t.Any]:
        """Return the states, or the error that kept them from being read: the next look may succeed."""
        try:
            return {"instances": self._instances(), "targets": self._targets(), "checkers": self._checkers()}
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
