# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: the share, now and after the next boot (stumbling blocks 7 and 8)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import policies
from .evidence import Evidence
from .finding import CONFIGURE, CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.machines import FstabLine
from .known.network import NetworkInterface, Vpc
from .needs import INSIDE
from .places import acl_remedy, blocked, by_stop, display_name, ids, on, place, stopped_by, where_of

AREA = Area("share")
FILE_SYSTEM = re.compile(r"\bfs-[0-9a-z]+")
LOST = ("share-not-mounted", "mount-path-blocked", "health-page-hangs")
MOUNTS = "A machine mounts the share over port 2049 of the mount target in its zone."


def share_in(line: FstabLine | None) -> str | None:
    """Return the file system that a line of fstab names: by its source, or by the unit of its tunnel."""
    named = FILE_SYSTEM.search(f"{line.source} {line.options}") if line else None
    return named[0] if named else None


@AREA.rule(
    RuleInfo(
        "mount-target-missing",
        CRITICAL,
        f"{MOUNTS} Its name does not resolve in a zone without one.",
        f"Make a mount target in the zone's private subnet: {PROVISION}",
        LOST,
    ),
    "ec2: instances",
    "efs: file systems",
)
def mount_target_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """A zone has no mount target."""
    for share in evidence.site.file_systems:
        there = {
            row.availability_zone_name
            for row in share.mount_targets
            if row.life_cycle_state not in ("deleting", "deleted", "error")
        }
        zones = {instance.availability_zone for instance in evidence.site.instances}
        for zone in sorted(zones - there):
            concerned = [instance for instance in evidence.site.instances if instance.availability_zone == zone]
            yield Occurrence(
                f"The share has no mount target in {zone}, where {' and '.join(map(display_name, concerned))} is.",
                place("file system", share.file_system_id, share.name),
                f"mount targets in: {', '.join(sorted(there)) or 'no zone'}",
                ids(concerned),
            )


@AREA.rule(
    RuleInfo(
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
def mount_target_in_other_group(evidence: Evidence) -> Iterator[Occurrence]:
    """A mount target has not the security group of the file system."""
    own = evidence.groups_of("file_system")
    interfaces = {interface.network_interface_id: interface for interface in evidence.site.network.network_interfaces}
    targets = [row for share in evidence.site.file_systems for row in share.mount_targets]
    for target in targets if own else []:
        groups = interfaces.get(target.network_interface_id, NetworkInterface()).groups
        if groups is not None and not set(own) & set(groups):
            zone = target.availability_zone_name
            what = f"The mount target in {zone} has not the security group {' or '.join(sorted(own.values()))}."
            concerned = [instance for instance in evidence.site.instances if instance.availability_zone == zone]
            proof = f"groups: {', '.join(groups) or 'none'}"
            yield Occurrence(what, place("mount target", target.mount_target_id, target.name), proof, ids(concerned))


@AREA.rule(
    RuleInfo(
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
def nfs_ingress_closed(evidence: Evidence) -> Iterator[Occurrence]:
    """The share's security group does not admit the machines."""
    paths = [pair for pair in blocked(evidence, "share") if stopped_by(pair[1], "security_group", "ingress")]
    for path, stop, touched in by_stop(paths):
        what = f"The security group {stop.name or stop.id} does not admit the machines on 2049."
        yield Occurrence(what, where_of(stop), path.explanation, touched)


@AREA.rule(
    RuleInfo(
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
def nfs_egress_closed(evidence: Evidence) -> Iterator[Occurrence]:
    """The machines' security group lets no NFS out."""
    paths = [pair for pair in blocked(evidence, "share") if stopped_by(pair[1], "security_group", "egress")]
    for path, stop, touched in by_stop(paths):
        what = f"The security group {stop.name or stop.id} lets nothing out to the share on 2049."
        yield Occurrence(what, where_of(stop), path.explanation, touched)


@AREA.rule(
    RuleInfo(
        "mount-path-blocked",
        CRITICAL,
        MOUNTS,
        "Let TCP 2049 and its answers pass where they are stopped.",
        ("share-not-mounted",),
    ),
    "ec2: instances",
    "efs: file systems",
    "ec2: reachability",
)
def mount_way_blocked(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine's packets do not reach its mount target."""
    paths = [pair for pair in blocked(evidence, "share") if not stopped_by(pair[1], "security_group")]
    for path, stop, touched in by_stop(paths):
        what = f"{path.machine_name or path.machine} does not reach the share."
        yield Occurrence(what, where_of(stop), path.explanation, touched, remedy=acl_remedy(stop))


@AREA.rule(
    RuleInfo(
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
def share_name_unresolved(evidence: Evidence) -> Iterator[Occurrence]:
    """The VPC does not resolve names."""
    details = evidence.details
    states = {"enableDnsSupport": details.dns_support, "enableDnsHostnames": details.dns_hostnames}
    off = [name for name, state in states.items() if state is False]
    if off:
        vpc = evidence.site.network.vpc or Vpc()
        what = f"The VPC has {' and '.join(off)} switched off: the share's name does not resolve."
        yield Occurrence(what, place("VPC", vpc.vpc_id, vpc.name), ", ".join(f"{name}=false" for name in off))


@AREA.rule(
    RuleInfo(
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
def file_system_locked(evidence: Evidence) -> Iterator[Occurrence]:
    """The share's policy does not let the machines mount it."""
    roles = [role.arn for role in evidence.site.roles]
    for share, policy in evidence.details.file_system_policies.items():
        if not policies.lets_mount(policy, roles) and not evidence.unread("iam: roles"):
            proof = f"statements: {', '.join(policies.titles(policy))}"
            yield Occurrence(
                f"The policy of {share} does not let the machines mount it.", Where("file system", share), proof
            )


@AREA.rule(
    RuleInfo(
        "share-not-configured",
        CRITICAL,
        "Without the share it has nothing to serve.",
        f"Mount the share: {CONFIGURE}",
        ("share-not-mounted", "target-unhealthy", "health-page-500", "release-fails"),
    ),
    "ec2: instances",
    INSIDE,
)
def share_not_configured(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine has no share at all."""
    for instance, seen in evidence.asked():
        if seen.share and not seen.fstab and not seen.mount:
            what = f"{display_name(instance)} has no share: it is neither mounted nor in /etc/fstab."
            yield on(instance, what, f"no line for {seen.share} in /etc/fstab, no mount")


@AREA.rule(
    RuleInfo(
        "share-tunnel-stopped",
        CRITICAL,
        "The share is mounted through it: without it what is read hangs, and nothing can be mounted.",
        f"Start and enable the tunnel to the share: {CONFIGURE}",
        ("share-not-mounted", "health-page-hangs"),
    ),
    "ec2: instances",
    "efs: file systems",
    INSIDE,
)
def share_tunnel_stopped(evidence: Evidence) -> Iterator[Occurrence]:
    """The tunnel to the share does not run on a machine, or will not at its next boot."""
    own = {share.file_system_id for share in evidence.site.file_systems}
    for instance, seen in evidence.asked():
        tunnel = seen.units.get("tunnel") if share_in(seen.fstab) in own else None
        if tunnel and not tunnel.masked and not (tunnel.active and tunnel.enabled):
            yield on(
                instance,
                f"{tunnel.name} on {display_name(instance)} does not run for good.",
                str(tunnel),
                remedy=f"on the machine: systemctl enable --now {tunnel.name}",
                severity=WARNING if tunnel.active else None,
            )


@AREA.rule(
    RuleInfo(
        "share-not-mounted",
        CRITICAL,
        "The machine has nothing to serve, and its health page says so.",
        f"On the machine: systemctl start shared-files. If it fails, it says why: {CONFIGURE}",
        ("target-unhealthy", "health-page-500", "release-fails"),
    ),
    "ec2: instances",
    INSIDE,
)
def share_not_mounted(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine's share is not mounted."""
    for instance, seen in evidence.asked():
        if seen.share and not seen.mount:
            what = f"The share is not mounted on {display_name(instance)}."
            yield on(instance, what, f"nothing is mounted at {seen.share}")


@AREA.rule(
    RuleInfo(
        "mount-timer-stopped",
        WARNING,
        "systemd tries the line in fstab once, at boot. The timer asks again until the share is there, so without it a "
        "share that was away just then stays away.",
        f"Start and enable shared-files.timer: {CONFIGURE}",
    ),
    "ec2: instances",
    INSIDE,
)
def mount_timer_stopped(evidence: Evidence) -> Iterator[Occurrence]:
    """Nothing mounts a machine's share again after it was away."""
    for instance, seen in evidence.asked():
        timer = seen.units.get("mount_timer")
        if timer and not (timer.active and timer.enabled):
            yield on(instance, f"{timer.name} on {display_name(instance)} does not run for good.", str(timer))


@AREA.rule(
    RuleInfo(
        "share-read-only",
        CRITICAL,
        "What the site writes is lost: uploads, and the sessions of those who have logged in.",
        "On the machine: mount -o remount,rw MOUNT_POINT",
    ),
    "ec2: instances",
    INSIDE,
)
def share_read_only(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine's share is mounted read-only."""
    for instance, seen in evidence.asked():
        if seen.mount and seen.mount.read_only:
            yield on(
                instance,
                f"The share on {display_name(instance)} is mounted read-only.",
                f"{seen.mount.source} at {seen.share}: ro",
                remedy=f"on the machine: mount -o remount,rw {seen.share}",
            )


@AREA.rule(
    RuleInfo(
        "mounted-by-hand",
        WARNING,
        "It works until the next boot; then the machine has nothing to serve.",
        f"Put the line into /etc/fstab: {CONFIGURE}",
    ),
    "ec2: instances",
    INSIDE,
)
def mounted_by_hand(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine's share is mounted, and not in /etc/fstab."""
    for instance, seen in evidence.asked():
        if seen.share and seen.mount and not seen.fstab:
            what = f"{display_name(instance)} will lose the share at its next boot: it was mounted by hand."
            yield on(instance, what, f"{seen.mount.source} at {seen.share}, no line in /etc/fstab")


@AREA.rule(
    RuleInfo(
        "fstab-elsewhere",
        WARNING,
        "What is mounted now goes on. At the next boot the machine mounts the other file system, or does not wait for "
        "the tunnel to its own.",
        f"Write the line with the site's file system: {CONFIGURE}",
        ("share-not-mounted",),
    ),
    "ec2: instances",
    "efs: file systems",
    INSIDE,
)
def fstab_elsewhere(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine's line in /etc/fstab names another file system than the site's."""
    own = {share.file_system_id for share in evidence.site.file_systems}
    for instance, seen in evidence.asked() if own else []:
        named = share_in(seen.fstab)
        if named and named not in own:
            mounted = (seen.mount and seen.mount.source) or "nothing"
            proof = f"/etc/fstab: {named}, mounted: {mounted}, the site's: {', '.join(sorted(own))}"
            yield on(instance, f"/etc/fstab on {display_name(instance)} names {named}.", proof)


@AREA.rule(
    RuleInfo(
        "fstab-without-netdev",
        WARNING,
        "Without _netdev the mount is tried before there is a network; without nofail a share that is away keeps the "
        "machine from booting at all.",
        f"Write the line with _netdev,nofail: {CONFIGURE}",
    ),
    "ec2: instances",
    INSIDE,
)
def fstab_without_netdev(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine's line in /etc/fstab does not wait for the network, or stops the boot."""
    for instance, seen in evidence.asked():
        options = seen.fstab.options if seen.fstab else ""
        lacking = [word for word in ("_netdev", "nofail") if word not in options.split(",")]
        if seen.fstab and lacking:
            words = " and ".join(lacking)
            what = f"{display_name(instance)} may lose the share at its next boot: /etc/fstab lacks {words}."
            yield on(instance, what, f"options: {options or 'none'}")
