# SPDX-License-Identifier: GPL-3.0-or-later
"""CAA records."""

from __future__ import annotations

import pytest

from lab.world.names.certificate_authority import caa_allows


@pytest.mark.parametrize(
    ("records", "wildcard", "allowed"),
    [
        (['0 issue "amazon.com"'], False, True),
        (['0 issue "letsencrypt.org"', '0 issue "amazontrust.com; policy=x"'], False, True),
        (['0 issue "letsencrypt.org"'], False, False),
        (['0 issue ";"'], False, False),
        (['0 iodef "mailto:a@b.test"'], False, True),
        (['0 issue "amazon.com"', '0 issuewild ";"'], True, False),
        (['0 issue "amazon.com"', '0 issuewild ";"'], False, True),
        (['0 issue "amazon.com"'], True, True),
    ],
)
def test_caa(records: list[str], wildcard: bool, allowed: bool) -> None:
    assert caa_allows(records, wildcard=wildcard) == allowed
