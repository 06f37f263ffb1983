# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters for domain names."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.hasite.aws.plugins.filter.domain_names import ascii_name, possible_zones


def test_names_are_written_as_dns_wants_them() -> None:
    assert ascii_name("WWW.日本語.jp.") == "www.xn--wgv71a119e.jp"
    assert ascii_name("https://www.example.com/") == "https://www.example.com/"


def test_zones_of_what_is_no_name_are_none() -> None:
    assert possible_zones("WWW.Example.co.jp") == ["www.example.co.jp", "example.co.jp"]
    assert possible_zones("Z0123456789ABCDEFGHIJ") == []
    assert possible_zones("co.jp") == []


@pytest.mark.parametrize("name", [None, 7, ["example.com"]])
def test_what_is_no_text_is_refused(name: object) -> None:
    with pytest.raises(AnsibleFilterError, match="A domain name is a string"):
        ascii_name(name)
