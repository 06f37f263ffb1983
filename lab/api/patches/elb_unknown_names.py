# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing's older API refuses the name of a load balancer that is not there, whatever is asked of it.

https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DescribeLoadBalancerAttributes.html
(LoadBalancerNotFound)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.elb.exceptions import LoadBalancerNotFoundError
from moto.elb.responses import ELBResponse

from lab.api.moto.extension import replaces

_ON_ONE = (
    *("describe_load_balancer_attributes", "modify_load_balancer_attributes", "describe_instance_health"),
    *("create_load_balancer_listeners", "delete_load_balancer_listeners", "configure_health_check"),
    *("register_instances_with_load_balancer", "deregister_instances_from_load_balancer"),
    *("set_load_balancer_listener_ssl_certificate", "create_load_balancer_policy", "describe_load_balancer_policies"),
    *("set_load_balancer_policies_of_listener", "set_load_balancer_policies_for_backend_server"),
)


def extend() -> None:
    """Look the name up first; it is optional in DescribeLoadBalancerPolicies alone."""
    for operation in _ON_ONE:

        @replaces(ELBResponse, operation)
        def act(original: Callable[..., Any], self: Any) -> Any:
            name = self._get_param("LoadBalancerName")
            if name and self.elb_backend.get_load_balancer(name) is None:
                raise LoadBalancerNotFoundError(name)
            return original(self)
