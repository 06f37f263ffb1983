# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user gets who asks for what can't be: one sentence, before anything is created."""

from __future__ import annotations

import json
import os
import re
import subprocess
import uuid

import boto3
import pytest

from lab.base.endpoint import require
from lab.base.paths import LabPaths
from tests.integration.labs import ROOT, installed, keys, run_lab

pytestmark = pytest.mark.lab

REFUSALS = (
    ({"site_name": "My Site"}, r"site_name is 'My Site'; it must be 1 to 20 small letters"),
    (
        {"site_domain": "https://www.hasite.test"},
        r"site_domain is 'https://www.hasite.test', which is not a domain name",
    ),
    ({"site_zone": "example.com"}, r"site_domain www.hasite.test is not in site_zone example.com"),
    (
        {"site_domain": "hasite.co.jp", "site_zone": "co.jp"},
        r"site_zone is co.jp, below which anybody registers domains",
    ),
    (
        {"site_aliases": ["日本語.jp", "xn--wgv71a119e.jp"]},
        r"site_aliases names xn--wgv71a119e.jp, which is there already",
    ),
    (
        {"site_certificate_arns": [f"arn:aws:acm:us-east-1:123456789012:certificate/{uuid.UUID(int=1)}"]},
        r"which ACM does not know in this account",
    ),
    ({"site_availability_zones": ["ap-northeast-1a"]}, r"needs exactly two different zones of ap-northeast-1"),
    (
        {"site_availability_zones": ["us-east-1a", "us-east-1b"]},
        r"site_availability_zones names us-east-1a, which is not a usable zone of site_region ap-northeast-1",
    ),
    ({"site_vpc_cidr": "10.0.0.0/28"}, r"site_vpc_cidr is 10.0.0.0/28; a VPC of 4 subnets needs a block between"),
    ({"site_vpc_cidr": "10.0.0.1/16"}, r"site_vpc_cidr is '10.0.0.1/16', which is not an IPv4 block"),
    ({"site_vpc_cidr": "8.0.0.0/16"}, r"site_vpc_cidr is 8.0.0.0/16, which is not private address space"),
    ({"site_instance_type": "t9.huge"}, r"site_instance_type is 't9.huge', which ap-northeast-1 does not offer"),
    (
        {"site_instance_type": "a1.large"},
        r"site_instance_type is 'a1.large', which the zone ap-northeast-1c does not offer; choose another type, or set "
        r"site_availability_zones to \[ap-northeast-1a, ap-northeast-1d\]",
    ),
    (
        {"site_instance_type": "t4g.small"},
        r"site_instance_type is 't4g.small', which runs arm64, but the image .* is for x86_64; choose a type",
    ),
    ({"site_instance_type": "m7i.48xlarge"}, r"needs 384 more\); .* ask for more in Service Quotas \(ec2/L-1216C47A\)"),
    ({"site_name": "internal-shop"}, r"a load balancer named 'internal-shop' is not allowed"),
    ({"site_name": "aws-shop"}, r"a session document named 'aws-shop-session' is not allowed"),
    ({"site_region": "ap-northeast-9"}, r"site_region is 'ap-northeast-9', which is no region of AWS; did you mean"),
    ({"site_region": "ap-east-1"}, r"site_region is 'ap-east-1', which this account has not enabled"),
    ({"site_region": "tokyo"}, r"site_region is 'tokyo', which is no region of AWS"),
    ({"site_domian": "www.hasite.test"}, r"sets site_domian, which nobody reads; did you mean site_domain\?"),
    ({"site_nat": "both"}, r"site_nat is 'both'; it must be one of per_az, single, none"),
    ({"site_health_check": {"interval": 20}}, r"it must be a mapping whose 'interval' is one of 10, 30"),
    (
        {"site_ami_parameter": "/aws/service/none"},
        r"site_ami_parameter is '/aws/service/none', which SSM does not know",
    ),
    ({"site_files": "/no/such/folder"}, r"site_files is '/no/such/folder', which does not exist"),
    ({"site_files": "/dev"}, r"The \w+ '\S+' in site_files (can't be published|leads|has)"),
    (
        {"site_shared_paths": ["../above"]},
        r"site_shared_paths has '../above', which is no path below the site's folder",
    ),
    ({"site_public_folder": "public"}, r"site_public_folder is 'public', which site_files does not have"),
    ({"site_hooks": {"befor": ["x"]}}, r"site_hooks is .*; it must be a mapping of before and after, without 'befor'"),
    ({"site_profile": "nobody", "site_access_key": None, "site_secret_key": None}, r"profile \(nobody\)"),
)


def provision(place: LabPaths, variables: dict[str, object], **environment: str) -> str:
    """Run the playbook with other variables, which must fail; return what it printed."""
    done = subprocess.run(
        [
            installed("ansible-playbook"),
            "-i",
            "inventories/lab",
            "playbooks/provision.yml",
            "-e",
            json.dumps(variables),
        ],
        cwd=ROOT,
        env={**os.environ, "LAB_NAME": place.name, "ANSIBLE_NOCOLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0, done.stdout
    return re.sub(r"\s+", " ", done.stdout + done.stderr)


def there(place: LabPaths) -> set[tuple[str, str]]:
    """Return the kinds and ids of all that is in the account."""
    rows = json.loads(run_lab(place.name, "status", "--json").stdout)["resources"]
    return {(row["kind"], row["id"]) for row in rows}


@pytest.mark.parametrize(("variables", "sentence"), REFUSALS)
def test_settings_are_refused_before_anything_is_created(
    place: LabPaths, variables: dict[str, object], sentence: str
) -> None:
    before = there(place)
    assert re.search(sentence, provision(place, variables))
    # What a test before has deleted may go meanwhile.
    assert there(place) - before == set()


def test_a_site_that_the_accounts_quotas_have_no_room_for_is_refused(
    place: LabPaths, session: boto3.session.Session
) -> None:
    ec2 = session.client("ec2")
    free = range(4 - len(ec2.describe_addresses()["Addresses"]))
    allocated = [ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in free]
    try:
        assert re.search(
            r"quotas \(Elastic IP addresses in ap-northeast-1: 4 of 5 are in use and the site needs 2 more\); delete "
            r".* \(ec2/L-0263D0A3\), or set site_nat to single or none",
            provision(place, {}),
        )
    finally:
        for allocation in allocated:
            ec2.release_address(AllocationId=allocation)


def test_an_inventory_for_aws_is_refused_while_the_shell_points_at_the_lab(place: LabPaths) -> None:
    output = provision(place, {"site_endpoint_url": None}, AWS_ENDPOINT_URL=require(place).url)
    assert "AWS_ENDPOINT_URL is set to" in output
    assert "this inventory sets no site_endpoint_url" in output


@pytest.mark.parametrize(
    "words",
    [
        ("ssm", "describe-patch-groups"),
        ("ec2", "create-ipam"),
        ("ssm", "get-ops-summary"),
        ("route53", "list-geo-locations"),
        ("cloudfront", "list-distributions-by-realtime-log-config"),
    ],
)
def test_an_operation_that_the_lab_does_not_know_is_refused(place: LabPaths, words: tuple[str, ...]) -> None:
    environment = {
        **os.environ,
        **keys(place),
    }
    done = subprocess.run([installed("aws"), *words], env=environment, capture_output=True, text=True, check=False)
    assert "An error occurred (NotImplemented)" in done.stderr
    assert "The lab does not know" in done.stderr
