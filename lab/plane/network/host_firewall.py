# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the lab's packets pass a firewall of the host's own, as Docker, ufw and firewalld are.

A chain that drops ends a packet's way, whatever another table says. So the lab asks those who drop:

- iptables' chain FORWARD, whose policy Docker and ufw set to DROP, gets two rules with the lab's name as comment, also
  before there is such a policy: Docker may start later, and keeps what is there
  (https://docs.docker.com/engine/network/packet-filtering-firewalls/).
- firewalld, where it runs, has the lab's interface in its zone `trusted`, until it restarts or loads its settings again
  (https://firewalld.org/documentation/zone/predefined-zones.html).
"""

from __future__ import annotations

import shutil
import subprocess

from lab.base.paths import LabPaths


def admit(place: LabPaths) -> None:
    """Have iptables and firewalld forward what comes from the lab's uplink, and the answers to it."""
    for rule in _rules(place):
        if not _succeeds("iptables", "-w", "-C", "FORWARD", *rule):
            _succeeds("iptables", "-w", "-I", "FORWARD", *rule)
    if _succeeds("firewall-cmd", "--state"):
        _succeeds("firewall-cmd", "--zone=trusted", f"--change-interface={place.uplink}")


def withdraw(place: LabPaths) -> None:
    """Take back what `admit` has asked for, also for a lab that was killed."""
    for rule in _rules(place):
        while _succeeds("iptables", "-w", "-D", "FORWARD", *rule):
            pass
    if _succeeds("firewall-cmd", "--state"):
        _succeeds("firewall-cmd", "--zone=trusted", f"--remove-interface={place.uplink}")


def _rules(place: LabPaths) -> tuple[tuple[str, ...], ...]:
    end = ("-m", "comment", "--comment", place.table, "-j", "ACCEPT")
    answers = ("-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED")
    return ("-i", place.uplink, *end), ("-o", place.uplink, *answers, *end)


def _succeeds(program: str, *arguments: str) -> bool:
    """Run a host's program; one that is not there, or that the kernel does not let work, stops no packets either."""
    if not shutil.which(program):
        return False
    return subprocess.run([program, *arguments], capture_output=True, check=False).returncode == 0
