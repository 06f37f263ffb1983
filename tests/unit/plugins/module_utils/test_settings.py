# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import re
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.module_utils._settings import endpoint, machines, names, network, quotas, regions, variables
from plugins.module_utils._settings.error import SettingsError

ZONES = ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"]


@pytest.mark.parametrize("name", ["demo", "a", "my-site-2"])
def test_good_names(name: str) -> None:
    names.check_name(name)


@pytest.mark.parametrize("name", ["", "Demo", "2demo", "demo-", "x" * 21, "de_mo"])
def test_bad_names_name_the_variable(name: str) -> None:
    with pytest.raises(SettingsError, match="site_name is"):
        names.check_name(name)


def test_zones_default_to_the_first_two() -> None:
    assert network.zones_of("ap-northeast-1", ZONES[::-1], None) == ZONES[:2]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["ap-northeast-1a"], "exactly two"),
        (["ap-northeast-1a", "ap-northeast-1a"], "exactly two"),
        (["ap-northeast-1a", "us-east-1a"], "names us-east-1a"),
    ],
)
def test_bad_zones(wanted: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        network.zones_of("ap-northeast-1", ZONES, wanted)


A, C, D = ZONES


@pytest.mark.parametrize(
    ("wanted", "built"),
    [
        (None, [D, A]),
        ([A, D], [D, A]),
        ([D, A], [D, A]),
        ([A, D], [D]),
        (None, [D]),
    ],
)
def test_the_zones_of_a_built_site_stay_whatever_their_order(wanted: list[str] | None, built: list[str]) -> None:
    assert network.zones_of("ap-northeast-1", ZONES, wanted, built, "demo") == [D, A]


@pytest.mark.parametrize(("wanted", "built"), [([A, C], [D, A]), ([A, C], [D])])
def test_other_zones_than_those_of_the_built_site_are_refused(wanted: list[str], built: list[str]) -> None:
    with pytest.raises(SettingsError) as refused:
        network.zones_of("ap-northeast-1", ZONES, wanted, built, "demo")
    assert str(refused.value) == (
        f"site_availability_zones is {wanted}, but demo is built in {' and '.join(built)}; the zones of a site can't "
        "be changed: set them back, or build a second site and move."
    )


@given(st.integers(16, 26), st.integers(0, 255))
def test_subnets_lie_in_the_block_and_apart(prefix: int, second: int) -> None:
    block = IPv4Network((f"10.{second}.0.0", prefix), strict=False)
    subnets = network.subnets_of(str(block), ZONES[:2])
    networks = [IPv4Network(subnet.cidr) for subnet in subnets]
    assert len(subnets) == 4
    assert all(network.subnet_of(block) for network in networks)
    assert not any(a.overlaps(b) for a in networks for b in networks if a is not b)
    assert {(subnet.kind, subnet.zone) for subnet in subnets} == {
        (kind, zone) for kind in ("public", "private") for zone in ZONES[:2]
    }


@pytest.mark.parametrize("block", ["10.0.0.0/8", "10.0.0.0/27", "8.8.0.0/16", "10.0.0.1/16", "ten"])
def test_bad_blocks(block: str) -> None:
    with pytest.raises(SettingsError, match="site_vpc_cidr is"):
        network.subnets_of(block, ZONES[:2])


def test_block_of_a_built_site_can_not_change() -> None:
    network.check_block("10.0.0.0/16", "demo", [("demo", "10.0.0.0/16"), ("other", "10.0.0.0/20")])
    for other in ("10.0.0.0/20", "10.1.0.0/16"):
        with pytest.raises(SettingsError, match=f"set it back to {re.escape(other)}, or build a second site and move"):
            network.check_block("10.0.0.0/16", "demo", [("demo", other)])


def test_the_region_of_a_built_site_can_not_change() -> None:
    regions.check_home("demo", "eu-central-1", "demo-content-123456789012", None)
    regions.check_home("demo", "eu-central-1", "demo-content-123456789012", "eu-central-1")
    with pytest.raises(SettingsError) as refused:
        regions.check_home("demo", "eu-central-1", "demo-content-123456789012", "ap-northeast-1")
    assert str(refused.value) == (
        "site_region is 'eu-central-1', but the bucket demo-content-123456789012 of demo is in ap-northeast-1; the "
        "region of a site can't be changed: set it back, or build a second site under another name and move."
    )


def test_an_endpoint_in_the_shell_is_not_aws() -> None:
    endpoint.check_endpoint("http://127.0.0.1:4580", "http://127.0.0.1:4580")
    endpoint.check_endpoint(None, None)
    with pytest.raises(SettingsError, match="AWS_ENDPOINT_URL is set"):
        endpoint.check_endpoint(None, "http://127.0.0.1:4580")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("internal-shop", r"a load balancer named 'internal-shop' is not allowed, .* begin with 'internal-'"),
        ("sg", r"a security group named 'sg-load-balancer' is not allowed"),
        ("sthree", r"a bucket named 'sthree-content-123456789012' is not allowed"),
        ("aws-shop", r"a session document named 'aws-shop-session' is not allowed"),
        ("awsome", r"a session document named 'awsome-session'"),
        ("amazonia", r"reserves names that begin with 'amazon'"),
        ("my--site", r"single hyphens"),
    ],
)
def test_names_that_aws_reserves(name: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        names.check_name(name)


@given(st.from_regex(r"[a-z]([a-z0-9]-?){0,9}[a-z0-9]?", fullmatch=True))
def test_a_name_of_the_right_letters_is_too_long_for_nobody(name: str) -> None:
    with contextlib.suppress(SettingsError):
        names.check_name(name)
    assert all(len(made) <= rule.longest for rule, made in names.names_of("x" * 20))


ROLES = Path(__file__).parents[4] / "roles"
_NAMED = re.compile(r"(?:name|iam_name|log_group_name|group_name):\s*\"?(/?\{\{ \w+_site \}\}[\w/-]*)\"?\s*[,}\n]")


def test_every_name_that_a_role_makes_is_checked() -> None:
    text = "\n".join(path.read_text() for path in ROLES.glob("*/*/*.yml"))
    made = {re.sub(r"\{\{ \w+ \}\}", "{site}", name) for name in _NAMED.findall(text)}
    assert "{site}-web" in made
    assert not made - {template for _, template in names.TEMPLATES}


TYPES: dict[str, Any] = {
    "t3.small": {"ProcessorInfo": {"SupportedArchitectures": ["x86_64"]}, "SupportedBootModes": ["legacy-bios", "uefi"],
                 "SupportedVirtualizationTypes": ["hvm"], "SupportedRootDeviceTypes": ["ebs"]},
    "t1.micro": {"ProcessorInfo": {"SupportedArchitectures": ["i386", "x86_64"]}, "SupportedBootModes": ["legacy-bios"],
                 "SupportedVirtualizationTypes": ["paravirtual"], "SupportedRootDeviceTypes": ["ebs"]},
    "t4g.small": {"ProcessorInfo": {"SupportedArchitectures": ["arm64"]}, "SupportedBootModes": ["uefi"]},
}  # fmt: skip
IMAGE = {"Architecture": "x86_64", "VirtualizationType": "hvm", "RootDeviceType": "ebs"}


def test_an_image_that_the_type_starts() -> None:
    machines.check_image("/al2023", IMAGE, "t3.small", TYPES["t3.small"])
    machines.check_image("/al2023", {**IMAGE, "BootMode": "uefi-preferred"}, "t3.small", TYPES["t3.small"])


@pytest.mark.parametrize(
    ("instance_type", "image", "said"),
    [
        ("t4g.small", {}, r"runs arm64, but .* is for x86_64; choose a type of that architecture such as t3.small, or"),
        ("t3.small", {"Architecture": "arm64"}, r"such as t4g.small, or set site_ami_parameter to an image for x86_64"),
        ("t1.micro", {}, r"starts paravirtual only, but the image .* is hvm"),
        ("t3.small", {"RootDeviceType": "instance-store"}, r"starts ebs only, but the image .* is instance-store"),
        ("t1.micro", {"VirtualizationType": "paravirtual", "BootMode": "uefi"}, r"starts legacy-bios only"),
    ],
)
def test_an_image_that_the_type_does_not_start(instance_type: str, image: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        machines.check_image("/al2023", {**IMAGE, **image}, instance_type, TYPES[instance_type])


def test_a_type_that_a_zone_lacks() -> None:
    machines.check_offered("c5a.large", "ap-northeast-1", ZONES[:2], set(ZONES[:2]))
    with pytest.raises(SettingsError, match=r"which ap-northeast-1 does not offer"):
        machines.check_offered("t9.huge", "ap-northeast-1", ZONES[:2], set())
    with pytest.raises(SettingsError, match=r"the zone ap-northeast-1c does not offer; .* \[ap-northeast-1a, ap-north"):
        machines.check_offered("a1.large", "ap-northeast-1", ZONES[:2], {ZONES[0], ZONES[2]})
    with pytest.raises(SettingsError, match=r"choose another type\.$"):
        machines.check_offered("a1.large", "ap-northeast-1", ZONES[:2], {ZONES[0]})


def test_regions() -> None:
    statuses = {"ap-northeast-1": "opt-in-not-required", "ap-east-1": "not-opted-in", "eu-south-1": "opted-in"}
    for good in ("ap-northeast-1", "eu-south-1"):
        regions.check_region(good, statuses)
    with pytest.raises(SettingsError, match="did you mean ap-northeast-1"):
        regions.check_region("ap-northeast-l", statuses)
    with pytest.raises(SettingsError, match="which this account has not enabled"):
        regions.check_region("ap-east-1", statuses)
    with pytest.raises(SettingsError, match="is no region of AWS"):
        regions.check_partition("mars", None)
    with pytest.raises(SettingsError, match="partition aws-cn"):
        regions.check_partition("cn-north-1", "aws-cn")


def use(quota: quotas.Quota, limit: float | None, used: int, own: int, needed: int) -> quotas.Use:
    return quotas.Use(quota, limit, used, own, needed, "ap-northeast-1")


def test_only_what_is_missing_must_fit() -> None:
    full = [use(quotas.VPCS, 5, 5, 1, 1), use(quotas.ADDRESSES, None, 9, 0, 2), use(quotas.VCPUS, 5, 1, 0, 4)]
    quotas.check_quotas(full)
    with pytest.raises(
        SettingsError, match=r"VPCs in ap-northeast-1: 5 of 5 are in use .* needs 1 more\).*vpc/L-F678F1CE"
    ):
        quotas.check_quotas([use(quotas.VPCS, 5, 5, 0, 1), *full])
    with pytest.raises(SettingsError, match=r"or set site_nat to single or none\.$"):
        quotas.check_quotas([use(quotas.ADDRESSES, 5, 4, 0, 2)])


@pytest.mark.parametrize(
    ("name", "standard"),
    [("t3.small", True), ("m7i.large", True), ("p4d.24xlarge", False), ("inf2.xlarge", False), ("trn1.2xlarge", False)],
)
def test_families_of_the_standard_quota(name: str, standard: bool) -> None:
    assert quotas.is_standard(name) is standard


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"site_domian"}, r"sets site_domian, which nobody reads; did you mean site_domain\?"),
        ({"site_name", "site_domain", "site_bandwagon_xyz"}, r"site_bandwagon_xyz, which nobody reads; docs/variables"),
        ({"site_name"}, r"sets no site_domain"),
    ],
)
def test_names_of_variables(given: set[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        variables.check_names(given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("site_name", "demo"), ("site_nat", "single"), ("site_delete_data", "true"), ("site_delete_data", True),
        ("site_health_check", {"interval": 30}), ("site_health_check", {"threshold": "3"}), ("site_clock_speed", "2.5"),
        ("site_availability_zones", ["a", "b"]), ("site_profile", None), ("site_health_check", {}),
    ],
)  # fmt: skip
def test_good_values(name: str, value: Any) -> None:
    variables.check_value(name, value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("site_name", 7, "site_name is 7; it must be 1 to 20 small letters"),
        ("site_name", "*", "site_name is '*'; it must be 1 to 20 small letters"),
        ("site_domain", None, "site_domain is empty"),
        ("site_nat", "both", "it must be one of per_az, single, none"),
        ("site_delete_data", "maybe", "it must be true or false"),
        ("site_health_check", {"interval": 20}, "a mapping whose 'interval' is one of 10, 30"),
        ("site_health_check", {"threshold": 11}, "a whole number from 1 to 10"),
        ("site_health_check", {"treshold": 3}, "without 'treshold'"),
        ("site_health_check", "10", "a mapping of interval and threshold"),
        ("site_availability_zones", "ap-northeast-1a", "a list of texts"),
        ("site_clock_speed", 0, "a number above 0"),
        ("site_clock_speed", True, "a number above 0"),
        ("site_secret_key", 12345, "site_secret_key is of another kind; it must be a text"),
    ],
)
def test_bad_values(name: str, value: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        variables.check_value(name, value)


@given(
    st.one_of(
        st.none(), st.booleans(), st.floats(), st.text(), st.lists(st.integers()), st.dictionaries(st.text(), st.text())
    )
)
def test_any_value_is_accepted_or_refused_in_a_sentence(value: Any) -> None:
    for name in variables.KNOWN:
        with contextlib.suppress(SettingsError):
            variables.check_value(name, value)


def test_every_documented_variable_is_known() -> None:
    table = (ROLES.parent / "docs" / "variables.md").read_text()
    cells = " ".join(re.findall(r"^\|([^|]+)\|", table, re.MULTILINE))
    assert set(re.findall(r"site_[a-z_]+", cells)) == set(variables.KNOWN)
