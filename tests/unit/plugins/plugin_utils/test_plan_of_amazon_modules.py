# SPDX-License-Identifier: GPL-3.0-or-later
"""Amazon's modules return no difference; a plan still tells what they would create from what they would change."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from plugins.plugin_utils._plan.rows import CHANGE, CREATE, row_of
from tests.unit.plugins.modules.route53_account import REGION, Account, open_account

Options = dict[str, Any]
Run = Callable[..., Options]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
    }
)


MACHINE = {"name": "shop", "image_id": "ami-12c6146b", "instance_type": "t3.micro"}
CHECK = {"type": "HTTPS", "fqdn": "www.example.org", "health_check_name": "shop", "use_unique_names": True}


@dataclass(frozen=True)
class Network:
    vpc: str
    subnet: str


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture
def network(account: Account) -> Network:
    """A VPC with a subnet and no internet gateway."""
    ec2 = account.client("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return Network(vpc, ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"])


@pytest.fixture
def run(account: Account, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(name: str, options: Options, *, check: bool) -> Options:
        module = importlib.import_module(f"ansible_collections.amazon.aws.plugins.modules.{name}")
        given = {"region": REGION, **options, "_ansible_check_mode": check}
        with patch_module_args(given), pytest.raises(SystemExit):
            module.main()
        result: Options = json.loads(capsys.readouterr().out)
        assert result.get("changed"), result
        return result

    return call


@pytest.mark.parametrize(
    ("module", "options", "other"),
    [
        ("ec2_vpc_net", lambda _: {"name": "shop", "cidr_block": "10.1.0.0/16"}, {"dns_hostnames": False}),
        (
            "ec2_vpc_subnet",
            lambda n: {"vpc_id": n.vpc, "cidr": "10.0.9.0/24", "map_public": False},
            {"map_public": True},
        ),
        ("ec2_vpc_igw", lambda n: {"vpc_id": n.vpc}, {"tags": {"Name": "shop"}}),
        ("iam_role", lambda _: {"name": "shop", "assume_role_policy_document": TRUST}, {"description": "Machines"}),
        ("kms_key", lambda _: {"alias": "shop"}, {"description": "Encrypts sessions"}),
        ("route53_health_check", lambda _: CHECK, {"resource_path": "/health"}),
        ("ec2_instance", lambda n: {**MACHINE, "vpc_subnet_id": n.subnet}, None),
    ],
)
def test_what_is_there_is_changed_and_what_is_not_is_created(
    network: Network, run: Run, module: str, options: Callable[[Network], Options], other: Options | None
) -> None:
    task, wanted = "hasite.aws.x : Create the thing", options(network)
    assert row_of(task, "localhost", "", run(module, wanted, check=True)).kind == CREATE
    if other:
        run(module, wanted, check=False)
        assert row_of(task, "localhost", "", run(module, {**wanted, **other}, check=True)).kind == CHANGE
