# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Route 53's health checkers are: two in each of the eight regions that a check may name."""

from __future__ import annotations

from collections.abc import Sequence

from lab.base import addresses

CHECKER_REGIONS = (
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
)
"""https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html (Regions)"""

REGION_OF_CHECKER = {
    address: CHECKER_REGIONS[number % len(CHECKER_REGIONS)] for number, address in enumerate(addresses.CHECKERS)
}


def checkers_of(regions: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses of the checkers in these regions, of all when none is named."""
    return tuple(checker for checker, region in REGION_OF_CHECKER.items() if not regions or region in regions)
