# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Checks of names, certificates, logs and alarms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from .._doctor.evidence import same_name
from .facts import Facts, Rules, Seen

RULES = Rules()
ENOUGH = timedelta(days=30)
YEAR = 365
STRONG = re.compile(r"RSA[-_](2048|3072|4096)|EC[-_](prime256v1|secp384r1|secp521r1)\Z")


@RULES.rule("certificate-valid", "acm: certificates", "acm: settings of certificates")
def certificate_valid(facts: Facts) -> Iterator[Seen]:
    """Certificates last, and are what browsers accept."""
    now: datetime = facts.read.get("now") or datetime.now(UTC)
    for arn, certificate in facts.each("certificates"):
        end, algorithm = certificate.get("NotAfter"), str(certificate.get("KeyAlgorithm"))
        wrong = [f"expires on {end:%Y-%m-%d}"] if end and end - now < ENOUGH else []
        wrong += [algorithm] * (not STRONG.match(algorithm))
        options = certificate.get("Options") or {}
        wrong += ["not logged"] * (options.get("CertificateTransparencyLoggingPreference") == "DISABLED")
        yield Seen(f"certificate {arn.rpartition('/')[2]}", not wrong, ", ".join(wrong) or algorithm)


@RULES.rule("query-logging", "route53: hosted zones", "route53: query logging")
def query_logging(facts: Facts) -> Iterator[Seen]:
    """Questions for the zone's names are logged."""
    for zone, group in facts.each("query_logging"):
        yield Seen(f"hosted zone {zone}", bool(group), f"logs: {group or 'none'}")


@RULES.rule("dnssec", "route53: hosted zones", "route53: signing")
def dnssec(facts: Facts) -> Iterator[Seen]:
    """Answers are signed."""
    for zone, status in facts.each("signing"):
        yield Seen(f"hosted zone {zone}", status == "SIGNING", f"ServeSignature={status}")


@RULES.rule("caa", "route53: hosted zones")
def caa(facts: Facts) -> Iterator[Seen]:
    """The nearest CAA record in the zone names who may issue (RFC 8659, section 3)."""
    domain = next((host.name for host in facts.known.names if host.kind == "domain"), None)
    zone = facts.known.hosted_zone
    if not domain or not zone:
        return
    labels = domain.split(".")
    climbed = [".".join(labels[start:]) for start in range(len(labels))]
    within = [name for name in climbed if same_name(name, zone.name) or name.endswith(f".{zone.name}")]
    found = [
        name for name in within for record in zone.records if record.type == "CAA" and same_name(record.name, name)
    ]
    yield Seen(f"name {domain}", bool(found), f"CAA: {found[0] if found else 'none'}")


@RULES.rule("log-retention", "logs: log groups", "logs: settings of log groups")
def log_retention(facts: Facts) -> Iterator[Seen]:
    """Logs are kept for a year, or for ever."""
    for name, group in facts.each("log_groups"):
        days = group.get("retentionInDays")
        yield Seen(f"log group {name}", days is None or days >= YEAR, f"{days or 'for ever'} days")


@RULES.rule("log-keys", "logs: log groups", "logs: settings of log groups")
def log_keys(facts: Facts) -> Iterator[Seen]:
    """The logs' key is the customer's."""
    for name, group in facts.each("log_groups"):
        yield Seen(f"log group {name}", bool(group.get("kmsKeyId")), f"key: {group.get('kmsKeyId') or 'AWS owns it'}")


@RULES.rule("alarms", "cloudwatch: alarms")
def alarms(facts: Facts) -> Iterator[Seen]:
    """Somebody is told."""
    site = facts.known
    if site.load_balancer:
        told = f"{len(site.alarms)} alarms, {len(site.topics)} topics"
        yield Seen(f"site {site.name}", bool(site.alarms and site.topics), told)
