# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The region: whether it exists, whether the account may use it, whether a site can be built there."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from .error import SettingsError

ENABLED = ("opt-in-not-required", "opted-in")
PARTITION = "aws"
"""The partition that has CloudFront beside us-east-1's certificates, of which a site is made."""


def check_partition(region: str, partition: str | None) -> None:
    """Refuse a region outside AWS's standard partition; None is a name that no partition's regions have."""
    if partition is None:
        raise SettingsError(f"site_region is {region!r}, which is no region of AWS; name one such as ap-northeast-1.")
    if partition != PARTITION:
        raise SettingsError(
            f"site_region is {region!r} in the partition {partition}, where the site's error page can't be: it needs "
            "CloudFront with a certificate in us-east-1; choose a region of the partition aws."
        )


def check_home(site: str, region: str, bucket: str, home: str | None) -> None:
    """Refuse another region than that of the site's content bucket; `home` is the bucket's, None without a bucket."""
    if home not in (None, region):
        raise SettingsError(
            f"site_region is {region!r}, but the bucket {bucket} of {site} is in {home}; the region of a site can't be "
            "changed: set it back, or build a second site under another name and move."
        )


def check_region(region: str, statuses: Mapping[str, str]) -> None:
    """Refuse a region that does not exist or that the account has not enabled; `statuses` are by region's name.

    https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
    """
    if region not in statuses:
        near = difflib.get_close_matches(region, statuses, n=1)
        raise SettingsError(
            f"site_region is {region!r}, which is no region of AWS; "
            f"{f'did you mean {near[0]}?' if near else 'name one such as ap-northeast-1.'}"
        )
    if statuses[region] not in ENABLED:
        raise SettingsError(
            f"site_region is {region!r}, which this account has not enabled; enable it on the account page of the AWS "
            "console, or choose another region."
        )
