# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Who may do what: policies as IAM has them, and roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .shape import AwsShape


@dataclass(frozen=True)
class Statement(AwsShape):
    """A statement of a policy."""

    sid: str = ""
    effect: str = ""
    principal: object = None
    """A text, or a dictionary of texts by the kind of who is meant."""
    action: tuple[str, ...] = ()
    not_action: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    not_resource: tuple[str, ...] = ()
    condition: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy(AwsShape):
    """A policy."""

    statement: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class RolePolicies:
    """The policies of a role: the ARNs of those attached, its own ones by name, and its boundary's."""

    attached: tuple[str, ...] = ()
    own: Mapping[str, Policy] = field(default_factory=dict)
    boundary: Policy | None = None


@dataclass(frozen=True)
class Role:
    """A role, with the names of its instance profiles."""

    role_name: str = ""
    arn: str = ""
    assume_role_policy: Policy | None = None
    permissions_boundary_arn: str = ""
    instance_profiles: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Document:
    """A document of Systems Manager."""

    name: str = ""


@dataclass(frozen=True)
class LogGroup:
    """A log group."""

    log_group_name: str = ""


@dataclass(frozen=True)
class Key:
    """A KMS key."""

    alias: str = ""
    key_id: str = ""
    key_arn: str = ""
    key_state: str = ""
