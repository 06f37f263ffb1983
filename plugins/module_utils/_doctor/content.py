# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: what the machines serve (stumbling block 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from . import policies
from .evidence import Evidence
from .finding import CONFIGURE, CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.machines import Instance, Machine
from .needs import INSIDE
from .places import display_name, ids, machine, on

AREA = Area("content")
LONGEST_SECONDS = 120
"""How long PHP may go on with what it remembers of a path or a file before visitors notice that releases mix."""


def served_locally(seen: Machine) -> bool:
    """Tell whether a machine's document root is a folder of its own disk."""
    on_share = bool(seen.share) and seen.document_root_mount == seen.share and bool(seen.mount)
    return bool(seen.document_root_exists) and seen.document_root_mount is not None and not on_share


@AREA.rule(
    RuleInfo(
        "local-files-served",
        CRITICAL,
        "Visitors see one site or the other, as the load balancer happens to choose.",
        f"Let the web server serve the current release on the share: {CONFIGURE}",
        ("releases-differ", "target-unhealthy", "health-page-500", "share-not-mounted"),
    ),
    "ec2: instances",
    INSIDE,
)
def local_files_served(evidence: Evidence) -> Iterator[Occurrence]:
    """A machine serves files of its own disk instead of the share's."""
    for instance, seen in evidence.asked():
        if served_locally(seen):
            what = f"{display_name(instance)} serves {seen.document_root} from its own disk."
            proof = f"DocumentRoot {seen.document_root} lies on {seen.document_root_mount}, the share on {seen.share}"
            yield on(instance, what, proof)


@AREA.rule(
    RuleInfo(
        "releases-differ",
        CRITICAL,
        "Visitors see one release or the other, as the load balancer happens to choose.",
        f"Let all machines serve the one current release: {CONFIGURE}",
    ),
    "ec2: instances",
    INSIDE,
)
def releases_differ(evidence: Evidence) -> Iterator[Occurrence]:
    """The machines serve different releases."""
    served: dict[str, list[Instance]] = {}
    for instance, seen in evidence.asked():
        if seen.release and not served_locally(seen):
            served.setdefault(seen.release, []).append(instance)
    if len(served) > 1:
        who = "; ".join(f"{' and '.join(map(display_name, found))}: {name}" for name, found in sorted(served.items()))
        fewest = min(served.values(), key=len)
        concerned = ids(instance for found in served.values() for instance in found)
        yield Occurrence("The machines serve different releases.", machine(fewest[0]), who, concerned)


@AREA.rule(
    RuleInfo(
        "content-unreadable",
        WARNING,
        "What is served now goes on, but the next release cannot be fetched.",
        f"Give the role its policy back: {PROVISION}",
    ),
    "s3: buckets",
    "iam: roles",
    "iam: role policies",
)
def content_unreadable(evidence: Evidence) -> Iterator[Occurrence]:
    """The machines' role may not read the content bucket."""
    for role, found in evidence.details.role_policies.items():
        for bucket in evidence.content_buckets if role.endswith("-web") else []:
            if not policies.lets_read(found, bucket):
                proof = f"its own policies: {', '.join(found.own) or 'none'}"
                yield Occurrence(f"The role {role} may not read {bucket}.", Where("role", role), proof)


SETTINGS = ("opcache.validate_timestamps", "opcache.revalidate_path", "opcache.revalidate_freq", "realpath_cache_ttl")


def staleness(php: Mapping[str, str]) -> str | None:
    """Say which of PHP's settings lets it go on with an old release, if one does."""
    on = ("1", "On", "on", "true")
    if php.get("opcache.enable", "1") not in on:
        return None
    for name in SETTINGS[:2]:
        if name in php and php[name] not in on:
            return name
    for name in SETTINGS[2:]:
        if php.get(name, "").isdecimal() and int(php[name]) > LONGEST_SECONDS:
            return name
    return None


@AREA.rule(
    RuleInfo(
        "opcache-stale",
        WARNING,
        "A release is chosen by one symbolic link. PHP that does not look again serves the old one, or a mixture, "
        "until it is restarted.",
        f"Write PHP's settings for a share: {CONFIGURE}",
    ),
    "ec2: instances",
    INSIDE,
)
def opcache_stale(evidence: Evidence) -> Iterator[Occurrence]:
    """PHP goes on with compiled code of an old release."""
    for instance, seen in evidence.asked():
        php = seen.php
        if culprit := staleness(php):
            proof = ", ".join(f"{name}={php[name]}" for name in SETTINGS if name in php)
            what = f"PHP on {display_name(instance)} does not see a new release in time: {culprit}={php[culprit]}."
            yield on(instance, what, proof)
