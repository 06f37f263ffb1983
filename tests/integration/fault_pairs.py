# SPDX-License-Identifier: GPL-3.0-or-later
"""Which faults can be in force, and be seen, at the same time; and a walk from pair to pair."""

from __future__ import annotations

import random
from collections.abc import Iterator

CHANGED: dict[str, str] = {
    "profile-detached": "first-machine",
    "agent-stopped": "first-machine",
    "machine-stopped": "first-machine",
    "endpoints-unreachable": "first-machine",
    "nat-missing": "first-machine",
    "default-route-missing": "first-machine",
    "private-route-to-internet-gateway": "first-machine",
    "nat-in-private-subnet": "first-machine",
    "mount-target-missing": "first-machine",
    "egress-443-closed": "all-machines",
    "dns-egress-closed": "all-machines",
    "share-name-unresolved": "all-machines",
    "httpd-down": "inside",
    "php-fpm-down": "inside",
    "health-page-500": "inside",
    "health-behind-redirect": "inside",
    "keep-alive-too-short": "inside",
    "opcache-stale": "inside",
    "local-files-served": "inside",
    "releases-differ": "inside",
    "mounted-by-hand": "inside",
    "fstab-without-netdev": "inside",
    "web-server-settings-broken": "inside",
    "php-settings-broken": "inside",
    "unit-masked": "inside",
    "fstab-elsewhere": "inside",
    "release-unreadable": "inside",
    "release-missing": "inside",
    "release-damaged": "inside",
    "health-path-404": "target-group",
    "target-on-other-port": "target-group",
    "listener-answers-elsewhere": "balancer",
    "balancer-in-private-subnets": "balancer",
    "balancer-zone-missing": "balancer",
    "public-route-missing": "all-machines",
    "content-missing": "content",
    "content-bucket-closed": "content",
    "endpoint-policy-closed": "content",
    "content-unreadable": "content",
    "role-not-assumable": "role",
    "health-check-missing": "health-check",
    "failover-pair-replaced": "health-check",
    "edge-function-missing": "distribution",
    "error-page-missing": "distribution",
    "slow-target-checks": "target-group",
    "target-deregistered": "target-group",
    "health-check-on-failover-name": "health-check",
    "slow-health-check": "health-check",
    "health-check-disabled": "health-check",
    "health-check-inverted": "health-check",
    "nothing-evaluated": "health-check",
    "validation-record-missing": "certificates",
    "caa-forbids-amazon": "certificates",
    "stale-certificate": "certificates",
    "certificate-missing-in-us-east-1": "distribution",
    "edge-alias-missing": "distribution",
    "distribution-disabled": "distribution",
    "error-page-cacheable": "distribution",
    "long-error-ttl": "distribution",
    "error-page-denied": "distribution",
    "secondary-missing": "secondary",
    "secondary-elsewhere": "secondary",
    "nfs-ingress-closed": "share",
    "nfs-egress-closed": "share",
    "file-system-locked": "share",
    "port-22-open": "web-ingress",
    "web-group-open-to-world": "web-ingress",
    "balancer-not-admitted": "web-ingress",
    "session-manager-denied": "role",
    "role-not-in-profile": "role",
    "role-bounded": "role",
    "secondary-checked-too": "secondary",
    "current-not-a-link": "inside",
    "updates-held-up": "inside",
    "share-read-only": "inside",
    "web-acl-blocks": "health-check",
    "role-denied": "role",
    "name-delegated-away": "health-check",
    "spare-machine-unused": "target-group",
    "old-tls-allowed": "balancer",
    "error-page-unshown": "distribution",
    "edge-http-refused": "distribution",
    "edge-countries-refused": "distribution",
    "slow-pages-cut": "balancer",
    "profile-replaced": "role",
    "metadata-off": "role",
    "web-group-detached": "inside",
    "balancer-ingress-closed": "balancer",
    "balancer-egress-closed": "target-group",
    "answers-denied": "all-machines",
    "mount-target-in-other-group": "share",
    "target-check-elsewhere": "target-group",
    "matcher-refuses-page": "target-group",
    "https-listener-missing": "balancer",
    "listener-rule-for-other-host": "balancer",
    "primary-missing": "health-check",
    "primary-elsewhere": "health-check",
    "health-check-elsewhere": "health-check",
    "edge-access-control-missing": "distribution",
    "error-responses-missing": "distribution",
    "headers-policy-missing": "distribution",
    "versions-suspended": "content",
    "lifecycle-deletes": "content",
    "php-masked": "inside",
    "mount-masked": "inside",
    "agent-not-enabled": "inside",
    "httpd-not-enabled": "inside",
    "mount-timer-stopped": "inside",
    "share-tunnel-stopped": "inside",
    "disk-full": "inside",
    "web-server-listens-elsewhere": "inside",
    "machine-firewall": "inside",
    "php-hangs": "inside",
    "release-link-loops": "inside",
    "release-fails": "inside",
}
"""What a fault changes, or takes out of sight, where others do too. Two of the same are not made at once."""
HIDING = {"first-machine", "all-machines"}
"""Machines out of reach: what is on them is not seen."""

ADDRESS = {"mount-target-missing", "balancer-in-private-subnets"}
"""A node of the balancer takes the address that the mount target has left, and with which it is made again."""


def compatible(one: str, other: str) -> bool:
    """Tell whether both can be made, and be seen, at the same time."""
    mine, theirs = CHANGED.get(one, one), CHANGED.get(other, other)
    hidden = ({mine, theirs} <= {"inside", *HIDING}) or {mine, theirs} == HIDING
    # Whether the health page is there, and what it says, is judged by its status: the one hides the other.
    asking = {mine, theirs} == {"inside", "target-group"}
    return mine != theirs and not hidden and not asking and {one, other} != ADDRESS


def walk(faults: list[str], pairs: int, seed: int) -> Iterator[str]:
    """Return faults of which each two neighbours are compatible, all of them before one comes again."""
    chance = random.Random(seed)
    rest = chance.sample(faults, len(faults))
    last = rest.pop()
    yield last
    for _ in range(pairs):
        fitting = [one for one in rest if compatible(last, one)]
        if not fitting:
            fitting = [one for one in chance.sample(faults, len(faults)) if compatible(last, one)]
        last = fitting[0]
        rest = [one for one in rest if one != last]
        yield last
