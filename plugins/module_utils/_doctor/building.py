# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: what is not built yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .evidence import Evidence
from .finding import NOTICE, PROVISION, Area, Occurrence, RuleInfo, Where

AREA = Area("building")
PARTS: tuple[tuple[str, str, Callable[[Evidence], bool]], ...] = (
    ("network", "ec2: VPCs", lambda e: bool((e.site.get("network") or {}).get("vpc"))),
    ("security groups", "ec2: security groups", lambda e: bool(e.resources("security_groups"))),
    ("machines", "ec2: instances", lambda e: bool(e.resources("instances"))),
    ("share", "efs: file systems", lambda e: bool(e.resources("file_systems"))),
    ("buckets", "s3: buckets", lambda e: bool(e.resources("buckets"))),
    ("hosted zone", "route53: hosted zones", lambda e: e.zone is not None),
    ("certificates", "acm: certificates", lambda e: bool(e.resources("certificates"))),
    ("load balancer", "elbv2: load balancers", lambda e: e.balancer is not None),
    ("target group", "elbv2: target groups", lambda e: bool(e.resources("target_groups"))),
    ("distribution", "cloudfront: distributions", lambda e: e.distribution is not None),
    # One that a record names and that is gone has a finding of its own.
    (
        "health check",
        "route53: health checks",
        lambda e: bool(e.resources("health_checks") or e.detail("used_health_checks")),
    ),
)

READINGS = tuple(reading for _kind, reading, _present in PARTS)


@AREA.rule(
    RuleInfo(
        "part-missing",
        NOTICE,
        "The site is not built to its end, or a part was deleted. What is not there is not judged either.",
        f"Build it: {PROVISION}",
    ),
    *READINGS,
)
def part_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """Parts of the site are not there."""
    missing = [name for name, reading, there in PARTS if not there(evidence) and not evidence.unread(reading)]
    if missing:
        name = str(evidence.site.get("name") or "?")
        yield Occurrence(
            f"These parts of the site are not there: {', '.join(missing)}.",
            Where("site", name),
            "nothing with the site's tags or name",
        )
