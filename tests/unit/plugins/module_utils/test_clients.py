# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of an endpoint of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._site.clients import is_address, without_account_in_host

from tests.unit.lab.served import serve

CLOSED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("http://127.0.0.1:4580", True),
        ("http://[::1]:4580", True),
        ("https://vpce-1.s3-control.ap-northeast-1.vpce.amazonaws.com", False),
        ("http://localhost:4580", False),
        (None, False),
    ],
)
def test_an_endpoint_that_is_an_address_is_told(url: str | None, is_one: bool) -> None:
    assert is_address(url) is is_one


def test_the_account_s_public_access_is_read_at_an_address(tmp_path: Path) -> None:
    with serve(tmp_path) as api:
        client = without_account_in_host(api.client("s3control"))
        with pytest.raises(client.exceptions.NoSuchPublicAccessBlockConfiguration):
            client.get_public_access_block(AccountId="123456789012")
        client.put_public_access_block(AccountId="123456789012", PublicAccessBlockConfiguration=CLOSED)
        found = client.get_public_access_block(AccountId="123456789012")
        assert found["PublicAccessBlockConfiguration"] == CLOSED
