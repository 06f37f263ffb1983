# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The load balancer, what it does with a request, and where it sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RedirectConfig:
    """Where an action redirects to."""

    protocol: str = ""


@dataclass(frozen=True)
class WeightedGroup:
    """A target group to which an action forwards."""

    target_group_arn: str = ""
    weight: int | None = None


@dataclass(frozen=True)
class ForwardConfig:
    """Where an action forwards to."""

    target_groups: tuple[WeightedGroup, ...] = ()


@dataclass(frozen=True)
class Action:
    """What is done with a request."""

    type: str = ""
    target_group_arn: str = ""
    redirect_config: RedirectConfig = RedirectConfig()
    forward_config: ForwardConfig = ForwardConfig()


@dataclass(frozen=True)
class Patterns:
    """What a condition asks for."""

    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """What a request has to be like."""

    field: str = ""
    host_header_config: Patterns = Patterns()
    path_pattern_config: Patterns = Patterns()
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListenerRule:
    """A rule of a listener."""

    rule_arn: str = ""
    priority: str = ""
    is_default: bool = False
    conditions: tuple[Condition, ...] = ()
    actions: tuple[Action, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Listener:
    """A listener."""

    listener_arn: str = ""
    port: int | None = None
    protocol: str = ""
    ssl_policy: str = ""
    default_actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class EnabledZone:
    """A zone in which the load balancer is."""

    zone_name: str = ""
    subnet_id: str = ""


@dataclass(frozen=True)
class LoadBalancer:
    """The load balancer."""

    load_balancer_arn: str = ""
    load_balancer_name: str = ""
    name: str = ""
    dns_name: str = ""
    maintenance: bool = False
    availability_zones: tuple[EnabledZone, ...] = ()
    listeners: tuple[Listener, ...] = ()


@dataclass(frozen=True)
class Target:
    """A machine in a target group, with what the load balancer finds of it."""

    id: str = ""
    port: int | None = None
    state: str = ""
    reason: str | None = None
    description: str | None = None
    override: str | None = None


@dataclass(frozen=True)
class TargetGroup:
    """A target group."""

    target_group_arn: str = ""
    target_group_name: str = ""
    port: int | None = None
    protocol: str = ""
    health_check_port: str = ""
    health_check_protocol: str = ""
    health_check_path: str | None = None
    health_check_interval_seconds: int = 0
    healthy_threshold_count: int = 0
    unhealthy_threshold_count: int = 0
    matcher: str = ""
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class WebAcl:
    """The web ACL before the load balancer, with what it does by default."""

    name: str = ""
    default_action: str = ""
