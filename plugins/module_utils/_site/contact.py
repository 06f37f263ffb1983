# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Whether AWS can be asked at all: where it can't, that is said at once and in one sentence.

Otherwise each of thirty readings would fail by itself after all of its repetitions, and nothing found would look like
nothing there.
"""

from __future__ import annotations

import contextlib

from .._settings import reading, regions
from .clients import ClientMaker

with contextlib.suppress(ImportError):  # AnsibleAWSModule tells the user
    import botocore.session


def known_regions() -> frozenset[str]:
    """Return the regions that the SDK knows; AWS may have newer ones."""
    return frozenset(botocore.session.get_session().get_available_regions("ec2", regions.PARTITION))


def make_contact(client: ClientMaker, region: str) -> None:
    """Raise the sentence that says why AWS can't be asked about a site in this region."""
    known = region in known_regions()
    if not known:
        regions.check_partition(region, reading.partition_of(region))
    # Needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    reading.account_of(client("sts", reading.HOME_REGION, quick=True))
    if not known:
        regions.check_region(region, reading.region_statuses(client("ec2", reading.HOME_REGION, quick=True)))
