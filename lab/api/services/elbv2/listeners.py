# SPDX-License-Identifier: GPL-3.0-or-later
"""Listeners of the API: which certificates, policies, ports and actions they may have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend

from lab.api.moto.extension import replaces
from lab.api.services.elbv2 import refusals
from lab.base.backends import Backends
from lab.context import Context

Original = Callable[..., Any]


def extend(context: Context) -> None:
    """Replace what moto does with listeners."""
    _creation(context.backends)
    _change(context.backends)
    _certificates(context.backends)


def _check_certificates(backends: Backends, backend: Any, arns: list[str]) -> None:
    acm = backends.at("acm", backend.region_name)
    refusals.check_certificates(arns, backend.region_name, acm, backends.at("iam", "aws"))


def _listed(certificates: Any) -> list[str]:
    return [certificate["CertificateArn"] for certificate in certificates or []]


def _creation(backends: Backends) -> None:
    @replaces(ELBv2Backend, "create_listener")
    def create_listener(original: Original, self: Any, **kwargs: Any) -> Any:
        arns = [kwargs["certificate"]] if kwargs.get("certificate") else []
        if balancer := self.load_balancers.get(kwargs["load_balancer_arn"]):
            self._validate_port_and_protocol(balancer.type, kwargs["port"], kwargs["protocol"])
            refusals.check_listener(kwargs["protocol"], arns, kwargs.get("ssl_policy"))
            _check_certificates(backends, self, arns)
            refusals.check_port(kwargs["port"], balancer)
            refusals.check_actions(kwargs["actions"], balancer, self)
        if kwargs["protocol"] == "HTTP":
            kwargs["ssl_policy"] = None
        listener = original(self, **kwargs)
        listener.attributes = {"routing.http.response.server.enabled": "true"}
        return listener


def _change(backends: Backends) -> None:
    @replaces(ELBv2Backend, "modify_listener")
    def modify_listener(
        original: Original, self: Any, arn: str, port: Any, protocol: Any, policy: Any, certificates: Any, actions: Any
    ) -> Any:
        listener = self.describe_listeners(None, [arn])[0]
        balancer = self.load_balancers[listener.load_balancer_arn]
        arns = _listed(certificates)
        becoming = protocol or listener.protocol
        kept = listener.certificates if becoming == "HTTPS" else []
        refusals.check_listener(becoming, arns or kept, policy)
        _check_certificates(backends, self, arns)
        if port is not None:
            refusals.check_port(port, balancer, but=arn)
        if actions:
            refusals.check_actions(actions, balancer, self)
        original(self, arn, port, protocol, policy, certificates or [], actions or [])
        # The list has the new default certificate only; the others stay.
        listener.certificates = [*arns, *(arn for arn in kept[1:] if arn not in arns)] if arns else kept
        listener.certificate = listener.certificates[0] if listener.certificates else None
        return listener


def _certificates(backends: Backends) -> None:
    @replaces(ELBv2Backend, "add_listener_certificates")
    def add_listener_certificates(original: Original, self: Any, arn: str, certificates: Any) -> Any:
        arns = _listed(certificates)
        _check_certificates(backends, self, arns)
        listener = self.describe_listeners(None, [arn])[0]
        return original(
            self,
            arn,
            [certificate for certificate in certificates if certificate["CertificateArn"] not in listener.certificates],
        )

    @replaces(ELBv2Backend, "remove_listener_certificates")
    def remove_listener_certificates(original: Original, self: Any, arn: str, certificates: Any) -> None:
        listener = self.describe_listeners(None, [arn])[0]
        if listener.certificate in _listed(certificates):
            raise ELBClientError(
                "OperationNotPermitted",
                f"Default certificate '{listener.certificate}' cannot be removed from the listener",
            )
        original(self, arn, certificates)
