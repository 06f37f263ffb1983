# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: whether the next release can be fetched, and whether this one is there and can be read."""

from __future__ import annotations

from collections.abc import Iterator

from .._release.manifest import is_id
from .._visit import is_served
from . import policies
from .evidence import Evidence
from .finding import CONFIGURE, CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.rights import Policy
from .known.visit import Fetch
from .needs import INSIDE, PAGE
from .places import display_name, on, place

AREA = Area("content")
NOTHING = "holds nothing that can be read"
"""What the health page of roles/web says of a release without its first page."""
NEXT = "What is served now goes on, but the next release, and a machine that is new, cannot fetch it."


def readers(evidence: Evidence) -> list[str]:
    """Return the ARNs of the machines' role."""
    return [role.arn for role in evidence.web_roles]


@AREA.rule(
    RuleInfo(
        "release-missing",
        CRITICAL,
        "The web server has nothing to serve: the link `current` leads nowhere.",
        f"Let the share hold the release of the content bucket: {CONFIGURE}",
        (
            *("target-unhealthy", "health-page-500", "health-path-404", "releases-differ", "release-fails"),
            "page-unavailable",
        ),
    ),
    "ec2: instances",
    INSIDE,
)
def release_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The release that a machine is to serve is not there."""
    for instance, seen in evidence.asked():
        if seen.share and seen.mount and seen.document_root_exists is False:
            what = f"{display_name(instance)} is to serve {seen.document_root}, which is not there."
            yield on(instance, what, f"{seen.document_root} leads nowhere, the share is mounted")


@AREA.rule(
    RuleInfo(
        "current-not-a-link",
        WARNING,
        "A release is served by pointing the link `current` to it, and a link cannot replace a folder: the next "
        "release, and the way back to an earlier one, fail.",
        "Move the folder aside, on one machine: mv SHARE/current SHARE/aside. Then release the site's files again: run "
        "playbooks/release.yml.",
    ),
    "ec2: instances",
    INSIDE,
)
def current_not_a_link(evidence: Evidence) -> Iterator[Occurrence]:
    """The folder that is served is no release: it is on the share, in the place of the link to one."""
    for instance, seen in evidence.asked():
        if seen.mount and seen.document_root_mount == seen.share and seen.release and not is_id(seen.release):
            current = f"{seen.share}/current"
            yield on(
                instance,
                f"{current}, as {display_name(instance)} sees it, is a folder and no link to a release.",
                f"{seen.document_root} is {seen.release}",
                remedy=f"Move it aside, on one machine: mv {current} {seen.share}/aside. Then release the site's files "
                "again: run playbooks/release.yml.",
            )


@AREA.rule(
    RuleInfo(
        "release-unreadable",
        WARNING,
        "Visitors who ask for it get an error. The playbooks leave a release that is there as it is.",
        "On one machine: chmod -R u=rwX,go=rX FOLDER, with the folder of the release.",
        ("health-page-500", "target-unhealthy", "release-fails"),
    ),
    "ec2: instances",
    INSIDE,
)
def release_unreadable(evidence: Evidence) -> Iterator[Occurrence]:
    """The web server cannot read a part of the release."""
    for instance, seen in evidence.asked():
        if seen.unreadable and seen.document_root_exists:
            folder = seen.unreadable.partition(f"/{seen.release}")[0] + f"/{seen.release}"
            yield on(
                instance,
                f"The web server on {display_name(instance)} cannot read {seen.unreadable}.",
                seen.unreadable,
                remedy=f"on one machine: chmod -R u=rwX,go=rX {folder}" if seen.release else None,
                severity=CRITICAL if seen.health and (seen.health.status or 0) >= 500 else None,
            )


@AREA.rule(
    RuleInfo(
        "release-damaged",
        CRITICAL,
        "The page that the site begins with is gone, or was never there: its health page says so, and visitors get an "
        "error.",
        "Release the site's files again, which makes good what somebody has deleted or changed on the share: run "
        "playbooks/release.yml.",
        ("health-page-500", "target-unhealthy", "release-fails"),
    ),
    "ec2: instances",
    INSIDE,
)
def release_damaged(evidence: Evidence) -> Iterator[Occurrence]:
    """The release that is served has no page to begin with."""
    for instance, seen in evidence.asked():
        if seen.health and NOTHING in seen.health.body and not seen.unreadable and seen.document_root_exists:
            what = f"The release that {display_name(instance)} serves has no page to begin with."
            yield on(instance, what, f"{seen.document_root}: {seen.health.body}")


@AREA.rule(
    RuleInfo(
        "release-fails",
        CRITICAL,
        "The machines are well and their health page says so, so what fails is what the release itself does: PHP, or a "
        ".htaccess.",
        "Go back to the release before: run playbooks/rollback.yml. What it says is in the web server's error log. A "
        "file that was changed on the share is made good by releasing the site's files again: run "
        "playbooks/release.yml.",
        ("page-unavailable",),
    ),
    "ec2: instances",
    "elbv2: target groups",
    PAGE,
)
def release_fails(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine that is well answers the site's page with an error."""
    fetch = evidence.outside.page
    well = {target.id for dummy, target in evidence.targets if target.state == "healthy"}
    server = (fetch or Fetch()).headers.get("x-served-by")
    if not fetch or not server or not fetch.status or is_served(fetch.status):
        return
    for instance in evidence.running:
        if instance.name == server and instance.instance_id in well:
            what = f"The site's own page answers {fetch.status}, by {server}, which is healthy."
            yield Occurrence(what, Where("page", fetch.url), f"status {fetch.status}, X-Served-By: {server}")


@AREA.rule(
    RuleInfo("content-missing", WARNING, NEXT, f"Upload the site's files again: {PROVISION}"),
    "s3: buckets",
    "s3: releases",
)
def content_missing(evidence: Evidence) -> Iterator[Occurrence]:
    """The content bucket lacks the release that is to be served next."""
    for bucket, told in evidence.details.contents.items():
        lacking = told.missing
        if lacking or told.problem:
            proof = told.problem or f"missing: {', '.join(lacking[:3])}"
            more = f", and {len(lacking) - 3} more" if len(lacking) > 3 else ""
            what = f"{bucket} does not hold a whole release."
            yield Occurrence(what, Where("bucket", bucket), proof + more)


@AREA.rule(
    RuleInfo("content-bucket-closed", WARNING, NEXT, f"Put the bucket's policy back: {PROVISION}"),
    "s3: buckets",
    "s3: bucket policies",
    "iam: roles",
)
def content_bucket_closed(evidence: Evidence) -> Iterator[Occurrence]:
    """The content bucket's policy does not let the machines read."""
    found = evidence.details.bucket_policies
    roles = readers(evidence)
    for bucket in evidence.content_buckets:
        if denials := policies.denials(found.get(bucket, Policy()), "s3:GetObject", f"arn:aws:s3:::{bucket}/", roles):
            what = f"The policy of {bucket} denies the machines to read."
            yield Occurrence(what, Where("bucket", bucket), f"statement: {', '.join(denials)}")


@AREA.rule(
    RuleInfo("endpoint-policy-closed", WARNING, NEXT, f"Put the endpoint's policy back: {PROVISION}"),
    "ec2: endpoints",
    "s3: buckets",
    "iam: roles",
)
def endpoint_policy_closed(evidence: Evidence) -> Iterator[Occurrence]:
    """The policy of the VPC's S3 endpoint does not let the machines read the content bucket."""
    roles = readers(evidence)
    for endpoint in evidence.site.network.endpoints:
        if not endpoint.service_name.endswith(".s3") or not endpoint.policy:
            continue
        for bucket in evidence.content_buckets:
            if not policies.lets_pass(endpoint.policy, "s3:GetObject", f"arn:aws:s3:::{bucket}/", roles):
                what = f"The S3 endpoint's policy does not let the machines read {bucket}."
                proof = f"statements: {', '.join(policies.titles(endpoint.policy))}"
                yield Occurrence(what, place("VPC endpoint", endpoint.vpc_endpoint_id, endpoint.name), proof)
