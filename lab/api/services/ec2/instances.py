# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances whose state is that of a real machine: a call only begins a change, the machine's supervisor ends it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance, InstanceBackend, InstanceState, MetadataOptions, StateReason

from lab.api.moto.extension import replaces
from lab.api.services.ec2 import amis, launch
from lab.base.backends import Backends
from lab.context import Context

_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html"""
_terminate = Instance.terminate
"""moto's own: takes the interface, the volumes and the profile away."""


def _become(instance: Any, state: str) -> InstanceState:
    """Change an instance's state and return the one before."""
    previous = copy.copy(instance._state)
    instance._state.name, instance._state.code = state, _CODES[state]
    return previous


def _explain(instance: Any, code: str = "", message: str = "") -> None:
    by_user = code == "Client.UserInitiatedShutdown"
    instance._reason = f"User initiated ({utcnow():%Y-%m-%d %H:%M:%S} GMT)" if by_user else ""
    instance.state_reason = StateReason(f"{code}: {message}" if code else "", code)


def settle(backends: Backends, instance_id: str, state: str, reason: str = "") -> None:
    """Bring an instance's state to what its machine has become; the caller holds the API's lock.

    A machine that powers itself off is stopped, or terminated if its owner wished so:
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_ChangingInstanceInitiatedShutdownBehavior.html
    """
    instance = _find(backends, instance_id)
    if instance is None or instance.state == "terminated":
        return
    if state == "running" and instance.state == "pending":
        _become(instance, "running")
    elif state == "stopped" and instance.state in ("running", "stopping"):
        _settle_stopped(instance)
    elif state == "terminated":
        kept = instance._reason, instance.state_reason
        _terminate(instance)
        instance._reason, instance.state_reason = kept
        if reason:
            _explain(instance, reason.partition(":")[0], reason.partition(":")[2].strip())


def _settle_stopped(instance: Any) -> None:
    if instance.state == "running":
        _explain(instance, "Client.InstanceInitiatedShutdown", "Instance initiated shutdown")
        if instance.instance_initiated_shutdown_behavior == "terminate":
            _become(instance, "shutting-down")
            return
    for interface in instance.nics.values():
        interface.stop()
    _become(instance, "stopped")


def _find(backends: Backends, instance_id: str) -> Any:
    for _region, backend in backends.regional("ec2"):
        if (instance := backend.get_instance_by_id(instance_id)) is not None:
            return instance
    return None


def _refuse(instance: Any, verb: str) -> None:
    raise EC2ClientError(
        "IncorrectInstanceState", f"The instance '{instance.id}' is not in a state from which it can be {verb}."
    )


def extend(context: Context) -> None:
    """Make instances follow their machines."""
    amis.extend(context)
    launch.extend(context)
    _extend_transitions(context)
    _extend_refusals()
    _extend_status(context)
    _extend_metadata_options()
    _extend_groups()


def _extend_transitions(context: Context) -> None:
    @replaces(Instance, "start")
    def start(_original: Callable[..., Any], self: Any) -> InstanceState:
        if self.state != "stopped":
            return copy.copy(self._state)
        for interface in self.nics.values():
            interface.start()
        self.launch_time = utcnow()
        _explain(self)
        previous = _become(self, "pending")
        context.waits.begin("instance, start", self.id, then=lambda: _count_start(self))
        return previous

    @replaces(Instance, "stop")
    def stop(_original: Callable[..., Any], self: Any) -> InstanceState:
        if self.state != "running":
            return copy.copy(self._state)
        _explain(self, "Client.UserInitiatedShutdown", "User initiated shutdown")
        context.waits.begin("instance, stop", self.id)
        return _become(self, "stopping")

    @replaces(Instance, "terminate")
    def terminate(_original: Callable[..., Any], self: Any) -> InstanceState:
        if self.state in ("shutting-down", "terminated"):
            return copy.copy(self._state)
        _explain(self, "Client.UserInitiatedShutdown", "User initiated shutdown")
        context.waits.begin("instance, termination", self.id)
        return _become(self, "shutting-down")

    @replaces(Instance, "reboot")
    def reboot(_original: Callable[..., Any], self: Any) -> None:
        self.reboots = getattr(self, "reboots", 0) + 1


def _count_start(instance: Any) -> None:
    """Start the machine: its supervisor looks for another start than the last one."""
    instance.starts = getattr(instance, "starts", 0) + 1


_MAY_STOP = ("running", "stopping", "stopped")
_MAY_START = ("stopped", "pending", "running")
_MAY_REBOOT = ("pending", "running")


def _extend_refusals() -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (IncorrectInstanceState)."""
    for name, states, verb in (
        ("stop_instances", _MAY_STOP, "stopped"),
        ("start_instances", _MAY_START, "started"),
        ("reboot_instances", _MAY_REBOOT, "rebooted"),
    ):
        _refuse_unless(name, states, verb)


def _refuse_unless(name: str, states: tuple[str, ...], verb: str) -> None:
    @replaces(InstanceBackend, name)
    def change(original: Callable[..., Any], self: Any, instance_ids: list[str]) -> Any:
        # All or none: an instance in the wrong state leaves the others of the call as they are.
        for instance in self.get_multi_instances_by_id(instance_ids):
            if instance.state not in states:
                _refuse(instance, verb)
        return original(self, instance_ids)


def _extend_status(context: Context) -> None:
    """Pass the reachability check once the machine has booted.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html
    """

    def status(self: Any) -> dict[str, Any]:
        if self.state != "running":
            return {"Status": "not-applicable"}
        booted = self.id in context.observed.booted
        detail = {"Name": "reachability", "Status": "passed" if booted else "initializing"}
        return {"Details": [detail], "Status": "ok" if booted else "initializing"}

    Instance.instance_status = property(status)


def _extend_groups() -> None:
    @replaces(InstanceBackend, "modify_instance_security_groups")
    def modify(original: Callable[..., Any], self: Any, instance_id: str, new_group_id_list: list[str]) -> Any:
        """Give the groups to the primary interface too, whose they are.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
        """
        instance = original(self, instance_id, new_group_id_list)
        instance.nics[0]._group_set = list(instance.security_groups)
        return instance


def _extend_metadata_options() -> None:
    @replaces(InstanceBackend, "modify_instance_metadata_options")
    def modify(_original: Callable[..., Any], self: Any, instance_id: str, **wanted: Any) -> MetadataOptions:
        # What a call does not name stays as it is; moto would fall back to its defaults.
        options = self.get_instance(instance_id).metadata_options
        for theirs, ours in {
            "http_tokens": "http_tokens",
            "hop_limit": "http_put_response_hop_limit",
            "http_endpoint": "http_endpoint",
            "http_protocol": "http_protocol_ipv6",
            "metadata_tags": "instance_metadata_tags",
        }.items():
            if wanted.get(theirs) is not None:
                setattr(options, ours, wanted[theirs])
        return options
