# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Why a drill must not begin: each reason with its evidence and what to do."""

from __future__ import annotations

from collections.abc import Iterator

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
    return [*_machines(site), *_targets(site), *_names(site, settings)]


def _machines(site: Raw) -> Iterator[str]:
    machines = site["instances"]
    for one in machines:
        where = f"{one['name']} ({one['instance_id']})"
        if group := one["tags"].get(SCALING_TAG):
            yield (
                f"{where} belongs to the Auto Scaling group {group}, which would replace it as soon as it is stopped. "
                "Set the machine to standby, or suspend the group's process ReplaceUnhealthy, and detach it."
            )
        if one["state"] != "running":
            yield f"{where} is {one['state']}. Start it."
    zones = {one["availability_zone"] for one in machines}
    if len(zones) < 2:
        yield (
            f"The site has {len(machines)} machines in {len(zones)} availability zones, so losing one would be losing "
            "all. Run playbooks/site.yml."
        )


def _targets(site: Raw) -> Iterator[str]:
    if site["load_balancer"] is None:
        yield "The site has no load balancer. Run playbooks/site.yml."
    targets = [one for group in site["target_groups"] for one in group["targets"]]
    for one in targets:
        if one["state"] != "healthy":
            why = f"{one['reason']}: {one['description']}"
            yield f"The target {one['id']} is {one['state']} ({why}). Make it healthy first."
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
