# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the machines themselves, now and at their next start."""

from __future__ import annotations

from collections.abc import Iterator

from .._web_machine import TURN
from .access import maybe_starting, out_of_reach, silence
from .evidence import Evidence
from .finding import CONFIGURE, CRITICAL, NOTICE, WARNING, Area, Occurrence, RuleInfo, Where
from .known.machines import Configuration, Machine
from .needs import INSIDE
from .places import display_name, on

AREA = Area("machines")
LONGEST_TURN = 3 * 3600
"""Seconds after which a machine is not installing updates any more: systemd ends it after two hours."""
LEAST_SHARE, LEAST_BYTES = 0.05, 256 << 20
"""A disk is full where both less than this share and less than this many bytes are left."""
STARTING = 180
"""Seconds after which a machine is expected to be in service."""
NO_SPACE = "No space left on device"


def shortage(seen: Machine) -> Iterator[str]:
    """Say of each disk that is full what is left of it."""
    for disk in seen.disks:
        size, free, inodes, spare = disk.bytes, disk.free_bytes, disk.inodes, disk.free_inodes
        if size and free < LEAST_BYTES and free < size * LEAST_SHARE:
            yield f"{disk.path}: {free >> 20} of {size >> 20} MiB free"
        elif inodes and spare < inodes * LEAST_SHARE / 5:
            yield f"{disk.path}: {spare} of {inodes} inodes free"


@AREA.rule(
    RuleInfo(
        "disk-full",
        CRITICAL,
        "What writes there fails: logs, sessions, updates, and whoever wants to look into the machine.",
        "On the machine: see what takes the room with `du -xh / | sort -h | tail`, and delete it; what fills it, such "
        "as a log, will do so again.",
        (
            *("agent-stopped", "machine-unreachable", "httpd-down", "php-fpm-down", "target-unhealthy"),
            *("health-page-500", "release-fails", "health-page-hangs"),
        ),
    ),
    "ec2: instances",
    INSIDE,
)
def disk_full(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine's disk is full."""
    for instance, seen in evidence.asked():
        if found := list(shortage(seen)):
            yield on(instance, f"The disk of {display_name(instance)} is full.", "; ".join(found))
    for instance in evidence.running:
        identity = instance.instance_id
        told = evidence.silent.get(identity) or evidence.failed.get(identity) or ""
        if NO_SPACE in told:
            yield on(instance, f"The disk of {display_name(instance)} is full.", NO_SPACE)


@AREA.rule(
    RuleInfo(
        "machine-starting",
        NOTICE,
        "Its agent is back within three minutes, and the load balancer sends visitors to it again after some checks "
        "that it has passed.",
        "Ask again in three minutes.",
        ("target-unhealthy", "machine-unreachable"),
        inferred=True,
        passing=True,
    ),
    "ec2: instances",
    "ssm: instance information",
    "elbv2: target groups",
    INSIDE,
)
def machine_starting(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine is just starting again, or has just started."""
    unhealthy = {target.id for dummy, target in evidence.targets if target.state in ("unhealthy", "initial")}
    for instance, seen in evidence.asked():
        if seen.up_seconds is not None and seen.up_seconds < STARTING and instance.instance_id in unhealthy:
            what = f"{display_name(instance)} has just started, and is not back behind the load balancer yet."
            yield on(instance, what, f"up for {seen.up_seconds:.0f} s")
    for instance in out_of_reach(evidence):
        if maybe_starting(evidence, instance):
            yield on(instance, f"{display_name(instance)} may be just starting again.", silence(evidence, instance))


@AREA.rule(
    RuleInfo(
        "unit-masked",
        CRITICAL,
        "systemd refuses to start a masked unit, at boot and by hand.",
        f"On the machine: systemctl unmask UNIT. Then {CONFIGURE}",
        (
            *("agent-not-enabled", "httpd-down", "php-fpm-down", "httpd-not-enabled", "mount-timer-stopped"),
            *("share-tunnel-stopped", "share-not-mounted", "target-unhealthy"),
        ),
    ),
    "ec2: instances",
    INSIDE,
)
def unit_masked(evidence: Evidence) -> Iterator[Occurrence]:
    """A unit that a machine needs is masked."""
    for instance, seen in evidence.asked():
        for unit in seen.units.values():
            if unit.masked:
                yield on(
                    instance,
                    f"{unit.name} on {display_name(instance)} is masked.",
                    str(unit),
                    remedy=f"on the machine: systemctl unmask {unit.name}. Then {CONFIGURE}",
                    severity=WARNING if unit.active else None,
                )


def refusals(evidence: Evidence, program: str, role: str, name: str) -> Iterator[Occurrence]:
    """Return the machines on which a program does not take its configuration."""
    for instance, seen in evidence.asked():
        told = seen.configurations.get(program, Configuration())
        if told.valid is False:
            unit = seen.units.get(role)
            yield on(
                instance,
                f"{name} on {display_name(instance)} does not take its configuration any more.",
                str(told.complaint),
                severity=WARNING if unit and unit.active else None,
            )


RUNS_ON = "What runs has loaded an older one, and goes on until it is reloaded or the machine is started again."
REPAIR = (
    "On the machine: take back what was changed in the file that the complaint names, or delete the file if it is not "
    f"the roles'. To write the roles' own files anew, {CONFIGURE}"
)


@AREA.rule(
    RuleInfo("web-server-settings-broken", CRITICAL, RUNS_ON, REPAIR, ("httpd-down", "target-unhealthy")),
    "ec2: instances",
    INSIDE,
)
def web_server_settings_broken(evidence: Evidence) -> Iterator[Occurrence]:
    """The web server on a machine does not take its configuration any more."""
    yield from refusals(evidence, "web_server", "web_server", "The web server")


@AREA.rule(
    RuleInfo(
        "php-settings-broken",
        CRITICAL,
        RUNS_ON,
        REPAIR,
        ("php-fpm-down", "target-unhealthy", "health-page-500", "release-fails"),
    ),
    "ec2: instances",
    INSIDE,
)
def php_settings_broken(evidence: Evidence) -> Iterator[Occurrence]:
    """PHP on a machine does not take its configuration any more."""
    yield from refusals(evidence, "php", "php", "PHP")


@AREA.rule(
    RuleInfo(
        "updates-held-up",
        WARNING,
        "A machine that is not well after its updates keeps the turn, so that no second one gets them. Until the turn "
        "is taken away, no machine installs security updates.",
        "See that the machine is well, then, on one machine: rm SHARE/.turns/update",
    ),
    "ec2: instances",
    INSIDE,
)
def updates_held_up(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine has had the turn to install updates for hours."""
    now = evidence.now.timestamp()
    # It is one file, whoever looks at it.
    turns = {f"{seen.share}/{TURN}": seen.turn for dummy, seen in evidence.asked() if seen.turn}
    for path, turn in turns.items():
        seconds = now - (turn.since or now)
        if seconds > LONGEST_TURN:
            holder = turn.holder or "nobody"
            yield Occurrence(
                f"{holder} has had the turn to install updates for {seconds / 3600:.0f} hours.",
                Where("file", path),
                f"{path}: {holder}",
                remedy=f"See that {holder} is well, then, on one machine: rm {path}",
            )
