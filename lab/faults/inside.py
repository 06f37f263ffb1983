# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes on a machine itself: its units, its disk, its ports, and what its web server does."""

from __future__ import annotations

from lab.faults import changes, steps
from lab.faults.fault import fault
from lab.faults.site import Site

_AGENT, _TIMER, _MOUNT = "amazon-ssm-agent", "shared-files.timer", "srv-site.mount"
_CURRENT = "/srv/site/current"


@fault(None, one_machine=True, finding="unit-masked")
def php_masked(site: Site) -> None:
    """Mask PHP on one machine; it runs on till the machine boots."""
    _mask(site, site.layout().php)


@fault(None, one_machine=True, finding="unit-masked")
def mount_masked(site: Site) -> None:
    """Mask the mount unit of the share on one machine; it stays mounted till the machine boots."""
    _mask(site, _MOUNT)


@fault(None, one_machine=True)
def agent_not_enabled(site: Site) -> None:
    """Disable the agent of Systems Manager on one machine without stopping it."""
    _disable(site, _AGENT)


@fault(None, one_machine=True)
def httpd_not_enabled(site: Site) -> None:
    """Disable the web server on one machine without stopping it."""
    _disable(site, site.layout().web)


@fault(None, one_machine=True)
def mount_timer_stopped(site: Site) -> None:
    """Stop and disable the timer on one machine that mounts the share again when it was away."""
    changes.stop_service(site, site.machine_id, _TIMER)


@fault(None, one_machine=True)
def share_tunnel_stopped(site: Site) -> None:
    """Stop and disable the tunnel through which one machine mounts the share."""
    machine, tunnel = site.machine_id, f"shared-files-tunnel@{site.file_system['FileSystemId']}.service"
    # Where the mount helper of EFS mounts, there is none to stop.
    site.run(machine, "systemctl", "cat", tunnel)
    changes.stop_service(site, machine, tunnel)


@fault(None, one_machine=True)
def disk_full(site: Site) -> None:
    """Fill the disk that one machine has for its logs."""
    machine = site.machine_id
    site.to_mend(steps.run, machine, "sh", "-c", "umount /var/log || umount --lazy /var/log")
    # A full disk lacks room and no folder: without its own PHP would not start for another reason.
    keep = "find var/log -type d | tar --create --no-recursion --files-from=- --file=/run/log-folders.tar"
    site.run(machine, "sh", "-c", f"cd / && {keep}")
    site.run(machine, "mount", "-t", "tmpfs", "-o", "size=4m,mode=0755", "logs", "/var/log")
    site.run(machine, "tar", "--extract", "--directory=/", "--file=/run/log-folders.tar")
    site.run(machine, "sh", "-c", "head -c 8M /dev/zero > /var/log/debug.log || true")


@fault(None, one_machine=True)
def web_server_listens_elsewhere(site: Site) -> None:
    """Make the web server on one machine listen on the machine's loopback only."""
    layout = site.layout()
    changes.edit(
        site,
        site.machine_id,
        layout.ports_file,
        lambda text: text.replace("Listen 80\n", "Listen 127.0.0.1:80\n"),
        *("systemctl", "restart", layout.web),
    )


@fault(None, one_machine=True)
def machine_firewall(site: Site) -> None:
    """Load a firewall on one machine that drops what comes in for port 80, but from the machine itself."""
    rules = (
        "table inet office {\n"
        "  chain input {\n"
        "    type filter hook input priority 0; policy accept;\n"
        '    iifname != "lo" tcp dport 80 drop\n'
        "  }\n"
        "}\n"
    )
    site.to_mend(steps.run, site.machine_id, "sh", "-c", "nft delete table inet office || true")
    site.run(site.machine_id, "nft", "-f", "-", given=rules)


@fault(None, one_machine=True, finding="health-page-hangs")
def php_hangs(site: Site) -> None:
    """Freeze PHP on one machine, as when all its workers wait for something that does not come."""
    php = site.layout().php
    site.to_mend(steps.run, site.machine_id, "systemctl", "kill", "--signal=CONT", php)
    site.run(site.machine_id, "systemctl", "kill", "--signal=STOP", php)


@fault(None, finding="release-missing")
def release_link_loops(site: Site) -> None:
    """Point the link to the current release to itself."""
    machine = site.machine_id
    former = site.run(machine, "readlink", _CURRENT).strip()
    site.to_mend(steps.run, machine, "ln", "-sfn", former, _CURRENT)
    site.run(machine, "ln", "-sfn", "current", _CURRENT)


@fault(None)
def release_fails(site: Site) -> None:
    """Correct a line of the release on the share, and leave out a bracket: PHP answers 500."""
    page = f"{_CURRENT}/index.php"
    before = site.run(site.machine_id, "cat", page)
    after = f"<?php if ( ?>\n{before}"
    site.to_mend(steps.unchanged, site.machine_id, page, before, after)
    steps.write(site, site.machine_id, page, after)


def _mask(site: Site, unit: str) -> None:
    site.to_mend(steps.run, site.machine_id, "systemctl", "unmask", unit)
    site.run(site.machine_id, "systemctl", "mask", unit)


def _disable(site: Site, unit: str) -> None:
    site.to_mend(steps.run, site.machine_id, "systemctl", "enable", unit)
    site.run(site.machine_id, "systemctl", "disable", unit)
