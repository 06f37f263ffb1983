# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the share, now and after the next boot (stumbling blocks 7 and 8)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import policies
from .evidence import Evidence, rows
from .finding import CONFIGURE, CRITICAL, PROVISION, WARNING, Area, Case, Kind, Where
from .needs import INSIDE
from .places import acl_cure, blocked, by_stop, called, ids, machine, only, place, stopped_by, where_of

AREA = Area("share")
FILE_SYSTEM = re.compile(r"\bfs-[0-9a-z]+")
LOST = ("share-not-mounted", "mount-way-blocked", "health-page-hangs")
MOUNTS = "A machine mounts the share over port 2049 of the mount target in its zone."


@AREA.rule(
    Kind(
        "mount-target-missing",
        CRITICAL,
        f"{MOUNTS} Its name does not resolve in a zone without one.",
        f"Make a mount target in the zone's private subnet: {PROVISION}",
        LOST,
    ),
    "ec2: instances",
    "efs: file systems",
)
def mount_target_missing(evidence: Evidence) -> Iterator[Case]:
    """A zone has no mount target."""
    for share in evidence.listed("file_systems"):
        there = {
            one.get("availability_zone_name")
            for one in rows(share, "mount_targets")
            if one.get("life_cycle_state") not in ("deleting", "deleted", "error")
        }
        zones = {str(one.get("availability_zone")) for one in evidence.listed("instances")}
        for zone in sorted(zones - there):
            concerned = [one for one in evidence.listed("instances") if one.get("availability_zone") == zone]
            yield Case(
                f"The share has no mount target in {zone}, where {' and '.join(map(called, concerned))} is.",
                place("file system", share, "file_system_id"),
                f"mount targets in: {', '.join(sorted(map(str, there))) or 'no zone'}",
                ids(concerned),
            )


@AREA.rule(
    Kind(
        "mount-target-in-other-group",
        CRITICAL,
        "The rules that let the machines and the share find each other name the file system's group.",
        f"Give the mount target its group back: {PROVISION}",
        (*LOST, "nfs-ingress-closed", "nfs-egress-closed"),
    ),
    "ec2: instances",
    "efs: file systems",
    "ec2: network interfaces",
    "ec2: security groups",
)
def mount_target_in_other_group(evidence: Evidence) -> Iterator[Case]:
    """A mount target has not the security group of the file system."""
    own = {str(one.get("group_id")): str(one.get("group_name")) for one in evidence.groups_of("file_system")}
    interfaces = {one.get("network_interface_id"): one for one in evidence.networked("network_interfaces")}
    targets = [one for share in evidence.listed("file_systems") for one in rows(share, "mount_targets")]
    for target in targets if own else []:
        groups = (interfaces.get(target.get("network_interface_id")) or {}).get("groups")
        if isinstance(groups, list) and not set(own) & set(groups):
            zone = target.get("availability_zone_name")
            what = f"The mount target in {zone} has not the security group {' or '.join(sorted(own.values()))}."
            concerned = [one for one in evidence.listed("instances") if one.get("availability_zone") == zone]
            proof = f"groups: {', '.join(groups) or 'none'}"
            yield Case(what, place("mount target", target, "mount_target_id"), proof, ids(concerned))


@AREA.rule(
    Kind(
        "nfs-ingress-closed",
        CRITICAL,
        MOUNTS,
        f"Allow TCP 2049 from the web group in the file system group's inbound rules: {PROVISION}",
        LOST,
    ),
    "ec2: instances",
    "efs: file systems",
    "ec2: reachability",
)
def nfs_ingress_closed(evidence: Evidence) -> Iterator[Case]:
    """The share's security group does not admit the machines."""
    ways = [pair for pair in blocked(evidence, "share") if stopped_by(pair[1], "security_group", "ingress")]
    for way, stop, touched in by_stop(ways):
        what = f"The security group {stop.get('name') or stop.get('id')} does not admit the machines on 2049."
        yield Case(what, where_of(stop), str(way.get("explanation")), touched)


@AREA.rule(
    Kind(
        "nfs-egress-closed",
        CRITICAL,
        MOUNTS,
        f"Allow TCP 2049 to the file system's group in the web group's outbound rules: {PROVISION}",
        LOST,
    ),
    "ec2: instances",
    "efs: file systems",
    "ec2: reachability",
)
def nfs_egress_closed(evidence: Evidence) -> Iterator[Case]:
    """The machines' security group lets no NFS out."""
    ways = [pair for pair in blocked(evidence, "share") if stopped_by(pair[1], "security_group", "egress")]
    for way, stop, touched in by_stop(ways):
        what = f"The security group {stop.get('name') or stop.get('id')} lets nothing out to the share on 2049."
        yield Case(what, where_of(stop), str(way.get("explanation")), touched)


@AREA.rule(
    Kind(
        "mount-way-blocked",
        CRITICAL,
        MOUNTS,
        "Let TCP 2049 and its answers pass where they are stopped.",
        ("share-not-mounted",),
    ),
    "ec2: instances",
    "efs: file systems",
    "ec2: reachability",
)
def mount_way_blocked(evidence: Evidence) -> Iterator[Case]:
    """A machine's packets do not reach its mount target."""
    ways = [pair for pair in blocked(evidence, "share") if not stopped_by(pair[1], "security_group")]
    for way, stop, touched in by_stop(ways):
        what = f"{way.get('machine_name') or way.get('machine')} does not reach the share."
        yield Case(what, where_of(stop), str(way.get("explanation")), touched, cure=acl_cure(stop))


@AREA.rule(
    Kind(
        "share-name-unresolved",
        CRITICAL,
        "The share is mounted by its name, which only the VPC's resolver knows; the endpoints of Systems Manager are "
        "found by it too.",
        f"Switch on DNS support and DNS hostnames of the VPC: {PROVISION}",
        (*LOST, "machine-unreachable"),
    ),
    "ec2: VPCs",
    "ec2: VPC attributes",
)
def share_name_unresolved(evidence: Evidence) -> Iterator[Case]:
    """The VPC does not resolve names."""
    states = {
        "enableDnsSupport": evidence.detail("dns_support"),
        "enableDnsHostnames": evidence.detail("dns_hostnames"),
    }
    off = [name for name, state in states.items() if state is False]
    if off:
        vpc = (evidence.site.get("network") or {}).get("vpc")
        what = f"The VPC has {' and '.join(off)} switched off: the share's name does not resolve."
        yield Case(what, place("VPC", vpc, "vpc_id"), ", ".join(f"{name}=false" for name in off))


@AREA.rule(
    Kind(
        "file-system-locked",
        CRITICAL,
        "The policy decides who may mount, whatever the network lets pass.",
        f"Let the policy allow elasticfilesystem:ClientMount to clients of the mount targets: {PROVISION}",
        LOST,
    ),
    "efs: file systems",
    "efs: file system policies",
    "iam: roles",
)
def file_system_locked(evidence: Evidence) -> Iterator[Case]:
    """The share's policy does not let the machines mount it."""
    roles = [str(one.get("arn")) for one in evidence.listed("roles")]
    for share, policy in evidence.documents("file_system_policies").items():
        if not policies.lets_mount(policy, roles) and not evidence.unread("iam: roles"):
            proof = f"statements: {', '.join(policies.titles(policy))}"
            yield Case(f"The policy of {share} does not let the machines mount it.", Where("file system", share), proof)


@AREA.rule(
    Kind(
        "share-not-configured",
        CRITICAL,
        "Without the share it has nothing to serve.",
        f"Mount the share: {CONFIGURE}",
        ("share-not-mounted", "target-unhealthy", "health-page-500", "release-fails"),
    ),
    "ec2: instances",
    INSIDE,
)
def share_not_configured(evidence: Evidence) -> Iterator[Case]:
    """A machine has no share at all."""
    for one, seen in evidence.asked():
        if seen.share and not seen.fstab and not seen.mount:
            what = f"{called(one)} has no share: it is neither mounted nor in /etc/fstab."
            yield Case(what, machine(one), f"no line for {seen.share} in /etc/fstab, no mount", only(one))


@AREA.rule(
    Kind(
        "share-not-mounted",
        CRITICAL,
        "The machine has nothing to serve, and its health page says so.",
        f"On the machine: systemctl start shared-files. If it fails, it says why: {CONFIGURE}",
        ("target-unhealthy", "health-page-500", "release-fails"),
    ),
    "ec2: instances",
    INSIDE,
)
def share_not_mounted(evidence: Evidence) -> Iterator[Case]:
    """A machine's share is not mounted."""
    for one, seen in evidence.asked():
        if seen.share and not seen.mount:
            what = f"The share is not mounted on {called(one)}."
            yield Case(what, machine(one), f"nothing is mounted at {seen.share}", only(one))


@AREA.rule(
    Kind(
        "mount-timer-stopped",
        WARNING,
        "systemd tries the line in fstab once, at boot. The timer asks again until the share is there, so without it a "
        "share that was away just then stays away.",
        f"Start and enable shared-files.timer: {CONFIGURE}",
    ),
    "ec2: instances",
    INSIDE,
)
def mount_timer_stopped(evidence: Evidence) -> Iterator[Case]:
    """Nothing mounts a machine's share again after it was away."""
    for one, seen in evidence.asked():
        timer = seen.units.get("mount_timer")
        if timer and not (timer.active and timer.enabled):
            yield Case(f"{timer.name} on {called(one)} does not run for good.", machine(one), str(timer), only(one))


@AREA.rule(
    Kind(
        "mounted-by-hand",
        WARNING,
        "It works until the next boot; then the machine has nothing to serve.",
        f"Put the line into /etc/fstab: {CONFIGURE}",
    ),
    "ec2: instances",
    INSIDE,
)
def mounted_by_hand(evidence: Evidence) -> Iterator[Case]:
    """A machine's share is mounted, and not in /etc/fstab."""
    for one, seen in evidence.asked():
        if seen.share and seen.mount and not seen.fstab:
            what = f"{called(one)} will lose the share at its next boot: it was mounted by hand."
            yield Case(
                what, machine(one), f"{seen.mount.get('source')} at {seen.share}, no line in /etc/fstab", only(one)
            )


def share_in(source: object) -> str | None:
    """Return the file system that a source of a mount names."""
    named = FILE_SYSTEM.search(str(source or ""))
    return named[0] if named else None


@AREA.rule(
    Kind(
        "fstab-elsewhere",
        WARNING,
        "What is mounted now goes on. At the next boot the machine mounts the other file system, or none.",
        f"Write the line with the site's file system: {CONFIGURE}",
        ("share-not-mounted",),
    ),
    "ec2: instances",
    "efs: file systems",
    INSIDE,
)
def fstab_elsewhere(evidence: Evidence) -> Iterator[Case]:
    """A machine's line in /etc/fstab names another file system than the site's."""
    own = {str(one.get("file_system_id")) for one in evidence.listed("file_systems")}
    for one, seen in evidence.asked() if own else []:
        named = share_in((seen.fstab or {}).get("source"))
        if named and named not in own:
            mounted = (seen.mount or {}).get("source") or "nothing"
            proof = f"/etc/fstab: {named}, mounted: {mounted}, the site's: {', '.join(sorted(own))}"
            yield Case(f"/etc/fstab on {called(one)} names {named}.", machine(one), proof, only(one))


@AREA.rule(
    Kind(
        "fstab-without-netdev",
        WARNING,
        "Without _netdev the mount is tried before there is a network; without nofail a share that is away keeps the "
        "machine from booting at all.",
        f"Write the line with _netdev,nofail: {CONFIGURE}",
    ),
    "ec2: instances",
    INSIDE,
)
def fstab_without_netdev(evidence: Evidence) -> Iterator[Case]:
    """A machine's line in /etc/fstab does not wait for the network, or stops the boot."""
    for one, seen in evidence.asked():
        options = str((seen.fstab or {}).get("options") or "")
        lacking = [word for word in ("_netdev", "nofail") if word not in options.split(",")]
        if seen.fstab and lacking:
            what = f"{called(one)} may lose the share at its next boot: /etc/fstab lacks {' and '.join(lacking)}."
            yield Case(what, machine(one), f"options: {options or 'none'}", only(one))
