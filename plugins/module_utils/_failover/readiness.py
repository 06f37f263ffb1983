# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Why a drill must not begin: each reason with its evidence and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from .._target_group import SHIFTED
from .settings import Raw, Settings, check_of, failover_records

NEEDED = ("ec2: instances", "elbv2: load balancers", "elbv2: target groups", "route53: hosted zones",
          "route53: health checks", "cloudfront: distributions")  # fmt: skip
"""The readings without which nothing can be said."""
SCALING_TAG = "aws:autoscaling:groupName"
"""Auto Scaling puts it on each of its machines
(https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html)."""


def obstacles(site: Raw, settings: Settings) -> list[str]:
    """Return all reasons against a drill; a site without any may be drilled."""
    unread = [one for one in site["unreadable"] if one["service"] in NEEDED]
    if unread:
        return [f"{one['service']} could not be read: {one['error']}. Grant the right to read it." for one in unread]
    if (site["load_balancer"] or {}).get("maintenance"):
        return ["The site is in maintenance. End that first: playbooks/maintenance.yml -e maintenance=off."]
    return [*_machines(site), *_targets(site), *_names(site, settings)]


def _machines(site: Raw) -> Iterator[str]:
    machines = site["instances"]
    for machine in machines:
        where = f"{machine['name']} ({machine['instance_id']})"
        if group := machine["tags"].get(SCALING_TAG):
            yield (
                f"{where} belongs to the Auto Scaling group {group}, which would replace it as soon as it is stopped. "
                "Set the machine to standby, or suspend the group's process ReplaceUnhealthy, and detach it."
            )
        if machine["state"] != "running":
            yield f"{where} is {machine['state']}. Start it."
    zones = {machine["availability_zone"] for machine in machines}
    if len(zones) < 2:
        yield (
            f"The site has {len(machines)} machines in {len(zones)} availability zones, so losing one would be losing "
            "all. Run playbooks/site.yml."
        )


def _targets(site: Raw) -> Iterator[str]:
    if site["load_balancer"] is None:
        yield "The site has no load balancer. Run playbooks/site.yml."
    targets = [target for group in site["target_groups"] for target in group["targets"]]
    for target in targets:
        if target["state"] != "healthy":
            why = f"{target['reason']}: {target['description']}"
            yield f"The target {target['id']} is {target['state']} ({why}). Make it healthy first."
        elif target.get("override") in SHIFTED:
            yield (
                f"The target {target['id']} is in a zone that is shifted away from, so visitors have only the others. "
                "End that first: playbooks/zone.yml -e zone_away=none."
            )
    if len(targets) < 2:
        yield f"The load balancer has {len(targets)} targets, so nothing is redundant. Run playbooks/site.yml."


def _names(site: Raw, settings: Settings) -> Iterator[str]:
    aliases = [one["name"] for one in site.get("names", []) if one["kind"] == "alias"]
    for name in (settings.domain, *aliases):
        records = failover_records(site, name)
        for role in ("PRIMARY", "SECONDARY"):
            if role not in records:
                yield f"{name} has no {role} record, so it can't fail over. Run playbooks/site.yml."
    primary = failover_records(site, settings.domain).get("PRIMARY")
    if primary is None:
        return
    check = check_of(site, primary)
    if settings.check is None and not settings.evaluates_targets:
        yield (
            f"The PRIMARY record of {settings.domain} has no health check that works and does not evaluate its "
            "target's health, so it never fails over. Run playbooks/site.yml."
        )
    if check and not check["healthy"]:
        counts = check["checkers"]
        yield (
            f"The health check {check['name'] or check['id']} is unhealthy ({counts['healthy']} of {counts['all']} "
            "checkers reach the site): visitors get the error page already."
        )
