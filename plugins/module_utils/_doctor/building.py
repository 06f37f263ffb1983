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
    ("network", "ec2: VPCs", lambda e: bool(e.site.network.vpc)),
    ("security groups", "ec2: security groups", lambda e: bool(e.site.security_groups)),
    ("machines", "ec2: instances", lambda e: bool(e.site.instances)),
    ("share", "efs: file systems", lambda e: bool(e.site.file_systems)),
    ("buckets", "s3: buckets", lambda e: bool(e.site.buckets)),
    ("hosted zone", "route53: hosted zones", lambda e: e.zone is not None),
    ("certificates", "acm: certificates", lambda e: bool(e.site.certificates)),
    ("load balancer", "elbv2: load balancers", lambda e: e.balancer is not None),
    ("target group", "elbv2: target groups", lambda e: bool(e.site.target_groups)),
    ("distribution", "cloudfront: distributions", lambda e: e.distribution is not None),
    # One that a record names and that is gone has a finding of its own.
    ("health check", "route53: health checks", lambda e: bool(e.site.health_checks or e.details.used_health_checks)),
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
        name = evidence.site.name or "?"
        yield Occurrence(
            f"These parts of the site are not there: {', '.join(missing)}.",
            Where("site", name),
            "nothing with the site's tags or name",
        )
