# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of general purpose buckets. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
"""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+\Z")
_BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
_ENDINGS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def is_valid(name: str) -> bool:
    """Return whether a new bucket may have this name."""
    return bool(
        _NAME.match(name)
        and ".." not in name
        and not _ADDRESS.match(name)
        and not name.startswith(_BEGINNINGS)
        and not name.endswith(_ENDINGS)
    )
