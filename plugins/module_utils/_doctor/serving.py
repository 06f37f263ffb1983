# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: whether what runs on a machine can be reached there, and answers."""

from __future__ import annotations

from collections.abc import Iterator

from .access import unanswered
from .evidence import Evidence
from .finding import CONFIGURE, CRITICAL, Area, Occurrence, RuleInfo
from .known.balancing import Target, TargetGroup
from .known.machines import Machine
from .machines import STARTING
from .needs import INSIDE
from .places import display_name, on

AREA = Area("health")
LOOPBACK = ("127.", "::1")
HANGS = "no answer in time"
CLOCK_SECONDS = 120
"""AWS refuses requests whose time is five minutes off
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html)."""
BEHIND = ("target-unhealthy", "health-page-500")


def served_port(evidence: Evidence) -> str:
    """Return the port on which the machines serve."""
    return str((evidence.group or TargetGroup()).port or 80)


def outward(seen: Machine, port: str) -> list[str]:
    """Return the addresses other than the machine's own on which something listens on a port."""
    found = [socket.rpartition(":") for socket in seen.listening or ()]
    return [address for address, dummy, number in found if number == port and not address.startswith(LOOPBACK)]


@AREA.rule(
    RuleInfo(
        "web-server-listens-elsewhere",
        CRITICAL,
        "The load balancer asks at the machine's own address, where nothing listens.",
        "On the machine: see `apachectl -S` and the Listen lines of Apache's files, let it listen on the target "
        "group's port at all addresses, and reload it. The roles leave the distribution's own Listen line as it is.",
        BEHIND,
    ),
    "ec2: instances",
    INSIDE,
)
def web_server_listens_elsewhere(evidence: Evidence) -> Iterator[Occurrence]:
    """The web server on a machine does not listen where the load balancer asks."""
    port = served_port(evidence)
    for instance, seen in evidence.asked():
        unit = seen.units.get("web_server")
        if seen.listening is not None and unit and unit.active and not outward(seen, port):
            told = ", ".join(seen.listening) or "nothing"
            yield on(instance, f"{unit.name} on {display_name(instance)} does not listen on port {port}.", told)


@AREA.rule(
    RuleInfo(
        "health-page-hangs",
        CRITICAL,
        "All workers are busy or held, so that nobody is served.",
        f"On the machine: systemctl restart the web server and PHP. If it hangs again, PHP's slow log tells where: "
        f"{CONFIGURE}",
        ("target-unhealthy",),
        inferred=True,
    ),
    "ec2: instances",
    INSIDE,
)
def health_page_hangs(evidence: Evidence) -> Iterator[Occurrence]:
    """The web server on a machine takes requests and does not answer them."""
    for instance, seen in evidence.asked():
        units = [seen.units[role] for role in ("php", "web_server") if role in seen.units]
        if seen.health and seen.health.problem == HANGS and all(unit.active for unit in units):
            names = " ".join(unit.name for unit in units)
            yield on(
                instance,
                f"The health page on {display_name(instance)} is not answered, though its services run.",
                f"{seen.health.url or 'health page'}: {HANGS}",
                remedy=f"On the machine: systemctl restart {names}",
            )


def answers_itself(seen: Machine | None) -> bool:
    """Tell whether a machine has its health page, asked on itself."""
    return bool(seen and seen.health and seen.health.status and seen.health.status < 400)


@AREA.rule(
    RuleInfo(
        "machine-firewall",
        CRITICAL,
        "AWS lets the packets pass, and the page is answered on the machine itself; so they are dropped on the way "
        "into it, by a packet filter or a route of its own.",
        "On the machine: see `nft list ruleset`, `iptables-save` and `ip route`, and let the load balancer's subnets "
        "in. The roles write no rule about port 80.",
        ("target-unhealthy",),
        inferred=True,
    ),
    "ec2: instances",
    "elbv2: target groups",
    "ec2: reachability",
    INSIDE,
)
def machine_firewall(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine itself drops the load balancer's packets."""
    silent = unanswered(evidence)
    for instance, seen in evidence.asked():
        reason = silent.get(instance.instance_id, Target()).reason
        heard = seen.listening is None or outward(seen, served_port(evidence))
        settled = seen.up_seconds is None or seen.up_seconds >= STARTING
        if reason == "Target.Timeout" and answers_itself(seen) and heard and settled:
            what = f"{display_name(instance)} drops the load balancer's requests, and answers its own."
            proof = f"target: {reason}, on the machine: status {seen.health.status if seen.health else None}"
            yield on(instance, what, proof)


@AREA.rule(
    RuleInfo(
        "clock-wrong",
        CRITICAL,
        "AWS refuses requests that are signed five minutes off, certificates seem ended or not begun, and sessions "
        "end.",
        "On the machine: see `timedatectl` and `chronyc tracking`; Amazon's time server is 169.254.169.123.",
        ("agent-stopped", "machine-unreachable"),
    ),
    "ec2: instances",
    INSIDE,
)
def clock_wrong(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine's clock is wrong."""
    found = [
        (instance, seen.clock - evidence.now.timestamp())
        for instance, seen in evidence.asked()
        if seen.clock is not None
    ]
    for instance, off in found:
        if abs(off) > CLOCK_SECONDS:
            what = f"The clock of {display_name(instance)} is {abs(off):.0f} s {'fast' if off > 0 else 'slow'}."
            yield on(instance, what, f"compared with the controller's at {evidence.now:%H:%M:%S} UTC")
