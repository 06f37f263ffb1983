# SPDX-License-Identifier: GPL-3.0-or-later
"""What is switched on a running instance and touches no packet: detailed monitoring, and credits for bursts.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_MonitorInstances.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceCreditSpecification.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from lab.api.moto.extension import adds, replaces

_FAMILY = re.compile(r"t[2-4][a-z]*\Z")
_DEFAULTS = {"t2": "standard"}
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode-concepts.html"""
_CREDITS = ("standard", "unlimited")


def extend() -> None:
    """Add the operations."""
    _extend_monitoring()
    _extend_credits()


def _extend_monitoring() -> None:
    for operation, told, state in (
        ("monitor_instances", "pending", "enabled"),
        ("unmonitor_instances", "disabling", "disabled"),
    ):
        # moto names these operations and raises NotImplementedError.
        @replaces(EC2Response, operation)
        def switch(_original: Callable[..., Any], self: Any, told: str = told, state: str = state) -> ActionResult:
            self.error_on_dryrun()
            instances = [self.ec2_backend.get_instance(id_) for id_ in self._get_param("InstanceIds", [])]
            for instance in instances:
                instance.monitoring_state = state
            shown = [{"InstanceId": instance.id, "Monitoring": {"State": told}} for instance in instances]
            return ActionResult({"InstanceMonitorings": shown})


def _extend_credits() -> None:
    @replaces(EC2Response, "describe_instance_credit_specifications")
    def describe(_original: Callable[..., Any], self: Any) -> ActionResult:
        """Tell those that are asked for; without ids, those that may use more than they have earned."""
        self.error_on_dryrun()
        if ids := self._get_param("InstanceIds", []):
            found = [_burstable(self.ec2_backend.get_instance(id_)) for id_ in ids]
        else:
            found = [
                instance
                for instance in self.ec2_backend.all_instances()
                if _credits(self.ec2_backend, instance) == "unlimited"
            ]
        shown = [{"InstanceId": instance.id, "CpuCredits": _credits(self.ec2_backend, instance)} for instance in found]
        return ActionResult({"InstanceCreditSpecifications": shown})

    @adds(EC2Response, "modify_instance_credit_specification")
    def modify(self: Any) -> ActionResult:
        self.error_on_dryrun()
        done, not_done = [], []
        for wanted in self._get_param("InstanceCreditSpecifications", []):
            id_ = wanted.get("InstanceId", "")
            try:
                set_credits(self.ec2_backend.get_instance(id_), wanted.get("CpuCredits"))
                done.append({"InstanceId": id_})
            except EC2ClientError as error:
                refusal = {"Code": error.code, "Message": error.message}
                not_done.append({"InstanceId": id_, "Error": refusal})
        return ActionResult(
            {
                "SuccessfulInstanceCreditSpecifications": done,
                "UnsuccessfulInstanceCreditSpecifications": not_done,
            }
        )

    @adds(EC2Response, "get_default_credit_specification")
    def get_default(self: Any) -> ActionResult:
        self.error_on_dryrun()
        family = _family(self._get_param("InstanceFamily"))
        return ActionResult({"InstanceFamilyCreditSpecification": _default(self.ec2_backend, family)})

    @adds(EC2Response, "modify_default_credit_specification")
    def modify_default(self: Any) -> ActionResult:
        self.error_on_dryrun()
        family = _family(self._get_param("InstanceFamily"))
        _defaults(self.ec2_backend)[family] = _valid(self._get_param("CpuCredits"))
        return ActionResult({"InstanceFamilyCreditSpecification": _default(self.ec2_backend, family)})


def set_credits(instance: Any, credit: Any) -> None:
    """Set `standard` or `unlimited` for an instance; refuse another word, and an instance that is not burstable."""
    _burstable(instance).lab_credits = _valid(credit)


def _valid(credit: Any) -> str:
    if credit not in _CREDITS:
        raise EC2ClientError("InvalidParameterValue", f"Invalid value for CpuCredits: {credit}.")
    return str(credit)


def _family(name: Any) -> str:
    if not _FAMILY.match(str(name)):
        raise EC2ClientError("InvalidParameterValue", f"The instance family '{name}' is not burstable.")
    return str(name)


def _defaults(backend: Any) -> dict[str, str]:
    """Return family → the account's default in the backend's region, as far as it was changed."""
    found: dict[str, str] = backend.__dict__.setdefault("lab_credit_defaults", {})
    return found


def _default(backend: Any, family: str) -> dict[str, str]:
    standing = _DEFAULTS.get(family, "unlimited")
    return {"InstanceFamily": family, "CpuCredits": _defaults(backend).get(family, standing)}


def _burstable(instance: Any) -> Any:
    if not _FAMILY.match(instance.instance_type.partition(".")[0]):
        raise EC2ClientError(
            "InstanceCreditSpecification.NotSupported",
            f"The instance '{instance.id}' is of the type '{instance.instance_type}', which is not burstable.",
        )
    return instance


def _credits(backend: Any, instance: Any) -> str:
    family = instance.instance_type.partition(".")[0]
    if not _FAMILY.match(family):
        return ""
    if not hasattr(instance, "lab_credits"):
        # A default that is changed later is not that of machines that run already.
        instance.lab_credits = _default(backend, family)["CpuCredits"]
    return str(instance.lab_credits)
