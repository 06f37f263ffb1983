# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.module_utils import _settings

ZONES = ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"]


@pytest.mark.parametrize("name", ["demo", "a", "my-site-2"])
def test_good_names(name: str) -> None:
    _settings.check_name(name)


@pytest.mark.parametrize("name", ["", "Demo", "2demo", "demo-", "x" * 21, "de_mo"])
def test_bad_names_name_the_variable(name: str) -> None:
    with pytest.raises(_settings.SettingsError, match="site_name is"):
        _settings.check_name(name)


def test_zones_default_to_the_first_two() -> None:
    assert _settings.zones_of("ap-northeast-1", ZONES[::-1], None) == ZONES[:2]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["ap-northeast-1a"], "exactly two"),
        (["ap-northeast-1a", "ap-northeast-1a"], "exactly two"),
        (["ap-northeast-1a", "us-east-1a"], "names us-east-1a"),
    ],
)
def test_bad_zones(wanted: list[str], said: str) -> None:
    with pytest.raises(_settings.SettingsError, match=said):
        _settings.zones_of("ap-northeast-1", ZONES, wanted)


@given(st.integers(16, 26), st.integers(0, 255))
def test_subnets_lie_in_the_block_and_apart(prefix: int, second: int) -> None:
    block = IPv4Network((f"10.{second}.0.0", prefix), strict=False)
    subnets = _settings.subnets_of(str(block), ZONES[:2])
    networks = [IPv4Network(subnet.cidr) for subnet in subnets]
    assert len(subnets) == 4
    assert all(network.subnet_of(block) for network in networks)
    assert not any(a.overlaps(b) for a in networks for b in networks if a is not b)
    assert {(subnet.kind, subnet.zone) for subnet in subnets} == {
        (kind, zone) for kind in ("public", "private") for zone in ZONES[:2]
    }


@pytest.mark.parametrize("block", ["10.0.0.0/8", "10.0.0.0/27", "8.8.0.0/16", "10.0.0.1/16", "ten"])
def test_bad_blocks(block: str) -> None:
    with pytest.raises(_settings.SettingsError, match="site_vpc_cidr is"):
        _settings.subnets_of(block, ZONES[:2])


def test_block_of_a_built_site_can_not_change() -> None:
    _settings.check_overlap("10.0.0.0/16", "demo", [("demo", "10.0.0.0/16"), ("other", "10.0.0.0/20")])
    with pytest.raises(_settings.SettingsError, match=r"set it back to 10\.0\.0\.0/20"):
        _settings.check_overlap("10.0.0.0/16", "demo", [("demo", "10.0.0.0/20")])


def test_an_endpoint_in_the_shell_is_not_aws() -> None:
    _settings.check_endpoint("http://127.0.0.1:4580", "http://127.0.0.1:4580")
    _settings.check_endpoint(None, None)
    with pytest.raises(_settings.SettingsError, match="AWS_ENDPOINT_URL is set"):
        _settings.check_endpoint(None, "http://127.0.0.1:4580")
