# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Names: zones and their records, health checks, certificates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Name:
    """A name of the site."""

    name: str = ""
    kind: str = ""
    zone_id: str | None = None


@dataclass(frozen=True)
class Value:
    """A value of a record."""

    value: str = ""


@dataclass(frozen=True)
class AliasTarget:
    """Where an alias leads."""

    dns_name: str = ""
    evaluate_target_health: bool = False


@dataclass(frozen=True)
class Record:
    """A record, with what tells its routing policy."""

    name: str = ""
    type: str = ""
    ttl: int | None = None
    resource_records: tuple[Value, ...] = ()
    alias_target: AliasTarget = AliasTarget()
    failover: str = ""
    health_check_id: str = ""
    weight: int | None = None
    region: str | None = None
    geo_location: Mapping[str, object] | None = None
    geo_proximity_location: Mapping[str, object] | None = None
    multi_value_answer: bool | None = None
    cidr_routing_config: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Zone:
    """A hosted zone."""

    id: str = ""
    name: str = ""
    name_servers: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()


@dataclass(frozen=True)
class SigningKey:
    """A key-signing key of a zone."""

    name: str = ""
    status: str = ""
    status_message: str = ""
    kms_key_arn: str = ""
    ds_record: str = ""


@dataclass(frozen=True)
class Signing:
    """How a zone is signed."""

    status: str = ""
    keys: tuple[SigningKey, ...] = ()


@dataclass(frozen=True)
class CheckConfig:
    """What a health check asks, and how often."""

    fully_qualified_domain_name: str = ""
    port: int | None = None
    resource_path: str = ""
    request_interval: int = 0
    failure_threshold: int = 0
    disabled: bool = False
    inverted: bool = False


@dataclass(frozen=True)
class Checkers:
    """How many checkers find the thing healthy, of how many."""

    healthy: int | None = None
    all: int | None = None


@dataclass(frozen=True)
class Observation:
    """What a checker says."""

    status: str = ""


@dataclass(frozen=True)
class HealthCheck:
    """A health check with its checkers' verdicts."""

    id: str = ""
    name: str = ""
    config: CheckConfig = CheckConfig()
    healthy: bool | None = None
    checkers: Checkers = Checkers()
    observations: tuple[Observation, ...] = ()


@dataclass(frozen=True)
class ProofRecord:
    """A record that validates a certificate."""

    name: str = ""
    type: str = ""
    value: str = ""


@dataclass(frozen=True)
class Validation:
    """How one of a certificate's names is validated."""

    resource_record: ProofRecord = ProofRecord()


@dataclass(frozen=True)
class Certificate:
    """A certificate."""

    certificate_arn: str = ""
    region: str = ""
    domain_name: str = ""
    subject_alternative_names: tuple[str, ...] = ()
    status: str = ""
    failure_reason: str | None = None
    in_use_by: tuple[str, ...] = ()
    not_after: str | None = None
    renewal_eligibility: str | None = None
    type: str | None = None
    domain_validation_options: tuple[Validation, ...] = ()
