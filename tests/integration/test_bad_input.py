# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user gets who asks for what can't be: one sentence, before anything is created."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from lab.endpoint import require
from lab.place import Place
from tests.integration.labs import ROOT, installed, keys, run_lab

pytestmark = pytest.mark.lab

REFUSALS = (
    ({"site_name": "My Site"}, r"site_name is 'My Site'; use 1 to 20 small letters"),
    (
        {"site_domain": "https://www.hasite.test"},
        r"site_domain is 'https://www.hasite.test', which is not a domain name",
    ),
    ({"site_zone": "example.com"}, r"site_domain www.hasite.test is not in site_zone example.com"),
    ({"site_availability_zones": ["ap-northeast-1a"]}, r"needs exactly two different zones of ap-northeast-1"),
    (
        {"site_availability_zones": ["us-east-1a", "us-east-1b"]},
        r"site_availability_zones names us-east-1a, which is not a usable zone of site_region ap-northeast-1",
    ),
    ({"site_vpc_cidr": "10.0.0.0/28"}, r"site_vpc_cidr is 10.0.0.0/28; a VPC of 4 subnets needs a block between"),
    ({"site_vpc_cidr": "10.0.0.1/16"}, r"site_vpc_cidr is '10.0.0.1/16', which is not an IPv4 block"),
    ({"site_vpc_cidr": "8.0.0.0/16"}, r"site_vpc_cidr is 8.0.0.0/16, which is not private address space"),
    ({"site_instance_type": "t9.huge"}, r"site_instance_type is 't9.huge', which this region does not offer"),
    (
        {"site_ami_parameter": "/aws/service/none"},
        r"site_ami_parameter is '/aws/service/none', which SSM does not know",
    ),
    ({"site_profile": "nobody", "site_access_key": None, "site_secret_key": None}, r"profile \(nobody\)"),
)


def provision(place: Place, variables: dict[str, object], **environment: str) -> str:
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


@pytest.mark.parametrize(("variables", "sentence"), REFUSALS)
def test_settings_are_refused_before_anything_is_created(
    place: Place, variables: dict[str, object], sentence: str
) -> None:
    before = run_lab(place.name, "status", "--json").stdout
    assert re.search(sentence, provision(place, variables))
    assert run_lab(place.name, "status", "--json").stdout == before


def test_an_inventory_for_aws_is_refused_while_the_shell_points_at_the_lab(place: Place) -> None:
    output = provision(place, {"site_endpoint_url": None}, AWS_ENDPOINT_URL=require(place).url)
    assert "AWS_ENDPOINT_URL is set to" in output
    assert "this inventory sets no site_endpoint_url" in output


@pytest.mark.parametrize(
    "words",
    [
        ("ssm", "describe-patch-groups"),
        ("ec2", "describe-bundle-tasks"),
        ("efs", "describe-account-preferences"),
        ("route53", "list-cidr-collections"),
        ("cloudfront", "list-anycast-ip-lists"),
    ],
)
def test_an_operation_that_the_lab_does_not_know_is_refused(place: Place, words: tuple[str, ...]) -> None:
    environment = {
        **os.environ,
        **keys(place),
    }
    done = subprocess.run([installed("aws"), *words], env=environment, capture_output=True, text=True, check=False)
    assert "An error occurred (NotImplemented)" in done.stderr
    assert "The lab does not know" in done.stderr
