# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers of the API: their nodes' network interfaces, names, states, and what may be done to them."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any

from moto.elbv2.exceptions import DuplicateLoadBalancerName, ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer

from lab.api.moto.extension import replaces
from lab.api.services.account import service_quotas
from lab.api.services.elbv2 import nodes, refusals
from lab.api.services.elbv2.defaults import ATTRIBUTES, CANONICAL_ZONES
from lab.context import Context
from lab.world.account import quotas

Original = Callable[..., Any]


def extend(context: Context) -> None:
    """Replace what moto does with load balancers."""
    _tell_states(context)
    _creation(context)
    _deletion(context)
    _changes()


def _tell_states(context: Context) -> None:
    """Return the state that the plane has seen; what moto assigns while it makes its objects is not kept."""

    def state(self: Any) -> str:
        return "active" if self.arn in context.observed.balancers else "provisioning"

    FakeLoadBalancer.state = property(state, lambda _self, _value: None)


def dns_name(name: str, arn: str, scheme: str, region: str) -> str:
    """Return a load balancer's own name, in which AWS puts a number of its own."""
    number = int(hashlib.sha256(arn.encode()).hexdigest(), 16) % 10**10
    prefix = "internal-" if scheme == "internal" else ""
    return f"{prefix}{name}-{number:010d}.{region}.elb.amazonaws.com".lower()


def _creation(context: Context) -> None:
    @replaces(ELBv2Backend, "create_load_balancer")
    def create_load_balancer(original: Original, self: Any, **kwargs: Any) -> Any:
        if (kwargs.get("loadbalancer_type") or "application") != "application":
            raise ELBClientError("NotImplemented", "The lab has Application Load Balancers only.")
        kwargs["scheme"] = scheme = kwargs.get("scheme") or "internet-facing"
        refusals.check_name(kwargs["name"])
        ids = [*kwargs["subnet_ids"], *(mapping["SubnetId"] for mapping in kwargs.get("subnet_mappings") or [])]
        subnets = refusals.subnets_of(ids, self.ec2_backend)
        refusals.check_subnets(subnets, scheme, self.ec2_backend)
        vpc_id = subnets[0].vpc_id
        default = self.ec2_backend.get_default_security_group(vpc_id)
        kwargs["security_groups"] = groups = kwargs["security_groups"] or [default.id]
        refusals.check_groups(groups, vpc_id, self.ec2_backend)
        if same := next(
            (balancer for balancer in self.load_balancers.values() if balancer.name == kwargs["name"]), None
        ):
            return _existing(same, ids, groups, scheme)
        if len(self.load_balancers) >= service_quotas.limit(self, quotas.LOAD_BALANCERS):
            raise ELBClientError("TooManyLoadBalancers", "The maximum number of load balancers has been reached.")
        balancer = original(self, **kwargs)
        balancer.dns_name = dns_name(balancer.name, balancer.arn, scheme, self.region_name)
        balancer.canonical_hosted_zone_id = CANONICAL_ZONES.get(self.region_name, CANONICAL_ZONES["us-east-1"])
        balancer.attrs = dict(ATTRIBUTES)
        nodes.converge(balancer, self.ec2_backend)
        context.waits.begin("load balancer", balancer.arn, label=balancer.name, withholds=[balancer.arn])
        return balancer


def _deletion(context: Context) -> None:
    @replaces(ELBv2Backend, "delete_load_balancer")
    def delete_load_balancer(original: Original, self: Any, arn: str) -> None:
        balancer = self.load_balancers.get(arn)
        if balancer is None:
            return
        if balancer.attrs.get("deletion_protection.enabled") == "true":
            raise ELBClientError(
                "OperationNotPermitted",
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            )
        # The balancer is gone at once, its interfaces are not: what they use can't be deleted until then.
        end = functools.partial(nodes.clear, balancer, self.ec2_backend)
        context.waits.begin("load balancer, deletion of its interfaces", arn, label=balancer.name, then=end)
        original(self, arn)


def _changes() -> None:
    @replaces(ELBv2Backend, "set_security_groups")
    def set_security_groups(original: Original, self: Any, arn: str, sec_groups: list[str]) -> None:
        if balancer := self.load_balancers.get(arn):
            refusals.check_groups(sec_groups, balancer.vpc_id, self.ec2_backend)
        original(self, arn, sec_groups)
        nodes.converge(self.load_balancers[arn], self.ec2_backend)

    @replaces(ELBv2Backend, "set_subnets")
    def set_subnets(original: Original, self: Any, arn: str, subnets: list[str], mappings: list[Any]) -> Any:
        if balancer := self.load_balancers.get(arn):
            ids = [*subnets, *(mapping["SubnetId"] for mapping in mappings or [])]
            found = refusals.subnets_of(ids, self.ec2_backend)
            refusals.check_subnets(found, balancer.scheme, self.ec2_backend)
        answer = original(self, arn, subnets, mappings or [])
        nodes.converge(self.load_balancers[arn], self.ec2_backend)
        return answer


def _existing(balancer: Any, subnets: list[str], groups: list[str], scheme: str) -> Any:
    """Return the balancer that has the name already: creating it with the same settings is allowed."""
    same = (
        {subnet.id for subnet in balancer.subnets} == set(subnets)
        and set(balancer.security_groups) == set(groups)
        and balancer.scheme == scheme
    )
    if same:
        return balancer
    raise DuplicateLoadBalancerName(
        f"A load balancer with the same name '{balancer.name}' exists, but with different settings"
    )
