# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Checks of the machines and their volumes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from .facts import Facts, Rules, Seen

RULES = Rules()
LONGEST_STOP = timedelta(days=30)
STOPPED_AT = "User initiated ("
"""How EC2 begins the reason of a stop: `User initiated (2026-11-28 15:00:00 GMT)`."""


@RULES.rule("metadata-v2", "ec2: settings of machines")
def metadata_v2(facts: Facts) -> Iterator[Seen]:
    """Metadata need a token, which does not travel on."""
    for name, machine in facts.each("machines"):
        options = machine.get("MetadataOptions") or {}
        tokens, hops = options.get("HttpTokens"), options.get("HttpPutResponseHopLimit")
        yield Seen(name, tokens == "required" and hops == 1, f"HttpTokens={tokens}, HttpPutResponseHopLimit={hops}")


@RULES.rule("no-public-address", "ec2: settings of machines")
def no_public_address(facts: Facts) -> Iterator[Seen]:
    """No machine is on the internet."""
    for name, machine in facts.each("machines"):
        yield Seen(
            name, not machine.get("PublicIpAddress"), f"public address: {machine.get('PublicIpAddress') or 'none'}"
        )


@RULES.rule("managed-machines", "ec2: instances", "ssm: instance information")
def managed_machines(facts: Facts) -> Iterator[Seen]:
    """A running machine's agent answers."""
    for instance in facts.known.instances:
        if instance.state == "running":
            ping = instance.ssm_ping_status or None
            yield Seen(instance.name or instance.instance_id, ping == "Online", f"PingStatus={ping}")


@RULES.rule("volumes-encrypted", "ec2: volumes")
def volumes_encrypted(facts: Facts) -> Iterator[Seen]:
    """Volumes are encrypted."""
    for volume, described in facts.each("volumes"):
        yield Seen(
            f"volume {volume}", bool(described.get("Encrypted")), f"Encrypted={bool(described.get('Encrypted'))}"
        )


@RULES.rule("detailed-monitoring", "ec2: settings of machines")
def detailed_monitoring(facts: Facts) -> Iterator[Seen]:
    """Metrics come every minute."""
    for name, machine in facts.each("machines"):
        state = (machine.get("Monitoring") or {}).get("State")
        yield Seen(name, state in ("enabled", "pending"), f"Monitoring={state}")


@RULES.rule("ebs-optimized", "ec2: settings of machines", "ec2: instance types")
def ebs_optimized(facts: Facts) -> Iterator[Seen]:
    """The type gives volumes a bandwidth of their own, or the machine was started so."""
    types = dict(facts.each("types"))
    for name, machine in facts.each("machines"):
        support = types.get(machine.get("InstanceType"))
        met = bool(machine.get("EbsOptimized")) or support == "default"
        yield Seen(
            name, met, f"EbsOptimized={bool(machine.get('EbsOptimized'))}, {machine.get('InstanceType')}: {support}"
        )


def stopped_since(reason: str) -> datetime | None:
    """Return when a machine was stopped, by the reason that EC2 gives; None if it does not tell."""
    if not reason.startswith(STOPPED_AT):
        return None
    try:
        found = datetime.strptime(reason.removeprefix(STOPPED_AT)[:19], "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
    return found.replace(tzinfo=UTC)


@RULES.rule("stopped-machines", "ec2: settings of machines")
def stopped_machines(facts: Facts) -> Iterator[Seen]:
    """No machine has been forgotten."""
    now: datetime = facts.read.get("now") or datetime.now(UTC)
    for name, machine in facts.each("machines"):
        state = (machine.get("State") or {}).get("Name")
        since = stopped_since(str(machine.get("StateTransitionReason") or "")) if state == "stopped" else None
        long = bool(since and now - since > LONGEST_STOP)
        yield Seen(name, not long, f"{state}{f' since {since:%Y-%m-%d}' if since else ''}")
