# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Certificates that exist already and that the user gives: one for each region, or for one of them."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from .text import NamesError

CLOUDFRONT_REGION = "us-east-1"
"""CloudFront takes certificates from there only
(https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html)."""
MOST_NAMES = 10
"""ACM's default quota of names for a certificate (https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html)."""
LONGEST_COMMON_NAME = 64
_ARN = re.compile(r"arn:[a-z-]+:acm:(?P<region>[a-z0-9-]+):\d{12}:certificate/[0-9a-f-]+\Z")


def by_region(arns: Iterable[str], region: str) -> dict[str, str]:
    """Return the given certificates by their region: the site's, and CloudFront's."""
    found: dict[str, str] = {}
    for arn in arns:
        parts = _ARN.match(arn)
        if not parts:
            raise NamesError(f"site_certificate_arns names {arn!r}, which is not the ARN of an ACM certificate.")
        place = parts["region"]
        if place not in (region, CLOUDFRONT_REGION):
            raise NamesError(
                f"site_certificate_arns names {arn}, which is in {place}; the load balancer takes one of {region}, and "
                f"CloudFront one of {CLOUDFRONT_REGION}."
            )
        if place in found:
            raise NamesError(f"site_certificate_arns names two certificates of {place}; name one for each region.")
        found[place] = arn
    return found


def covers(certificate_names: Iterable[str], name: str) -> bool:
    """Tell whether a certificate covers a name; a wildcard stands for one label (RFC 9525, section 6.3)."""
    accepted = (name, f"*.{name.partition('.')[2]}")
    return any(covered.lower() in accepted for covered in certificate_names)


def check(arn: str, certificate: Mapping[str, t.Any] | None, names: Sequence[str], now: datetime) -> None:
    """Refuse a certificate (as ACM describes it, None if there is none) that can't serve all names."""
    if not certificate:
        raise NamesError(f"site_certificate_arns names {arn}, which ACM does not know in this account.")
    if certificate["Status"] != "ISSUED":
        raise NamesError(f"site_certificate_arns names {arn}, which is {certificate['Status']}, not ISSUED.")
    until = certificate.get("NotAfter")
    if until and until <= now:
        raise NamesError(f"site_certificate_arns names {arn}, which has expired on {until:%Y-%m-%d}.")
    covered = [certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])]
    missing = [name for name in names if not covers(covered, name)]
    if missing:
        raise NamesError(
            f"site_certificate_arns names {arn}, which does not cover {', '.join(missing)}; it is for "
            f"{', '.join(dict.fromkeys(covered))}."
        )


def check_requestable(names: Sequence[str], given: Mapping[str, str], regions: Iterable[str]) -> None:
    """Refuse names for which ACM issues no certificate, if one has to be requested; the first is the common name.

    https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
    """
    if set(regions) <= set(given):
        return
    if len(names[0]) > LONGEST_COMMON_NAME:
        raise NamesError(
            f"site_domain is {names[0]}, which has {len(names[0])} characters; ACM issues certificates for up to "
            f"{LONGEST_COMMON_NAME}; use a shorter name, or set site_certificate_arns to certificates in both regions."
        )
    if len(names) > MOST_NAMES:
        raise NamesError(
            f"site_domain and site_aliases are {len(names)} names, and ACM's certificates have {MOST_NAMES} by "
            "default; name fewer, or set site_certificate_arns to certificates of your own in both regions."
        )
