# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules site_environment and site_runtime_info against SSM and Secrets Manager as moto plays them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from ansible_collections.hasite.aws.plugins.module_utils._runtime.error import RuntimeSettingError
from ansible_collections.hasite.aws.plugins.module_utils._runtime.secret_values import Reader
from ansible_collections.hasite.aws.plugins.modules import site_environment, site_runtime_info
from moto import mock_aws

REGION = "ap-northeast-1"
HIDDEN = 's3cr3t "quoted" $HOME\nsecond line'


@dataclass
class Machine:
    """A file, and the services that the module asks."""

    path: Path
    ssm: Any = field(init=False)
    secrets: Any = field(init=False)
    kms: Any = field(init=False)

    def __post_init__(self) -> None:
        for name, service in {"ssm": "ssm", "secrets": "secretsmanager", "kms": "kms"}.items():
            setattr(self, name, boto3.client(service, region_name=REGION))

    def store(self, name: str, value: str = HIDDEN, kind: str = "SecureString", **more: Any) -> None:
        self.ssm.put_parameter(Name=name, Value=value, Type=kind, Overwrite=True, **more)

    def run(self, check: bool = False, **given: Any) -> dict[str, Any]:
        params = {"path": str(self.path), "environment": {}, "secrets": {}, **given}
        reader = Reader(REGION) if params["secrets"] else None
        result: dict[str, Any] = site_environment.run(params, check, reader)
        assert "s3cr3t" not in json.dumps(result)
        return result

    def check(self, **given: Any) -> dict[str, Any]:
        def client(service: str) -> Any:
            return boto3.client(service, region_name=REGION)

        params = {"environment": {}, "secrets": {}, "jobs": [], **given}
        found: dict[str, Any] = site_runtime_info.check(SimpleNamespace(params=params, client=client, region=REGION))
        return found


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Machine(tmp_path / "environment")


def test_check_then_write_then_nothing_then_a_change(machine: Machine) -> None:
    machine.store("/shop/password")
    machine.secrets.create_secret(Name="shop/api", SecretString=json.dumps({"token": "s3cr3t", "port": 3306}))
    given: dict[str, Any] = {
        "environment": {"APP_ENV": "production"},
        "secrets": {
            "PASSWORD": {"parameter": "/shop/password"},
            "TOKEN": {"secret": "shop/api", "key": "token"},
            "PORT": {"secret": "shop/api", "key": "port"},
        },
    }
    predicted = machine.run(check=True, **given)
    assert predicted["changed"]
    assert not machine.path.exists()
    done = machine.run(**given)
    assert done == predicted
    assert done["names"] == ["APP_ENV", "PASSWORD", "PORT", "TOKEN"]
    assert machine.path.stat().st_mode & 0o777 == 0o600
    assert 'PORT="3306"\n' in machine.path.read_text()
    assert list(machine.path.parent.iterdir()) == [machine.path]
    assert not machine.run(**given)["changed"]
    machine.store("/shop/password", "s3cr3t too")
    changed = machine.run(**given)
    assert changed["changed_names"] == ["PASSWORD"]
    assert changed["diff"]["after"].splitlines()[1] == "PASSWORD=(another value)"
    assert machine.run()["changed"]
    assert not machine.path.exists()
    assert not machine.run()["changed"]


def test_a_file_that_others_could_read_is_replaced(machine: Machine) -> None:
    given: dict[str, Any] = {"environment": {"A": "1"}}
    machine.run(**given)
    machine.path.chmod(0o644)
    assert machine.run(**given)["changed"]
    assert machine.path.stat().st_mode & 0o777 == 0o600


def test_more_parameters_than_one_call_takes(machine: Machine) -> None:
    names = [f"/shop/{number}" for number in range(23)]
    for name in names:
        machine.store(name, name)
    machine.run(secrets={f"V{number}": {"parameter": name} for number, name in enumerate(names)})
    assert 'V22="/shop/22"\n' in machine.path.read_text()


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"parameter": "/nothing"}, "names the parameter /nothing, which SSM does not have"),
        ({"secret": "nothing"}, "the secret nothing, which Secrets Manager does not have"),
        ({"parameter": "/clear"}, "is of type String and so stored in clear text"),
        ({"secret": "api", "key": "nothing"}, "whose JSON has only token"),
        ({"secret": "text", "key": "token"}, "is no JSON object"),
        ({"secret": "binary"}, "is binary"),
    ],
)
def test_what_can_not_be_read_is_told_without_a_value(machine: Machine, where: dict[str, str], told: str) -> None:
    machine.store("/clear", kind="String")
    machine.secrets.create_secret(Name="api", SecretString=json.dumps({"token": "s3cr3t"}))
    machine.secrets.create_secret(Name="text", SecretString=HIDDEN)
    machine.secrets.create_secret(Name="binary", SecretBinary=b"s3cr3t")
    with pytest.raises(RuntimeSettingError, match=told) as error:
        machine.run(secrets={"A": where})
    assert "s3cr3t" not in str(error.value)
    assert not machine.path.exists()


def test_the_controller_finds_what_the_role_has_to_be_allowed(machine: Machine) -> None:
    key = machine.kms.create_key()["KeyMetadata"]["Arn"]
    machine.store("/shop/password")
    machine.store("plain", KeyId=key)
    machine.secrets.create_secret(Name="shop/api", SecretString=HIDDEN, KmsKeyId=key)
    machine.secrets.create_secret(Name="shop/other", SecretString=HIDDEN)
    secrets = {
        "A": {"parameter": "/shop/password"},
        "B": {"parameter": "plain"},
        "C": {"secret": "shop/api"},
        "D": {"secret": "shop/other"},
    }
    job = {"name": "feed", "command": "bin/feed", "schedule": "hourly"}
    assert machine.check(environment={"E": "1"}, secrets=secrets, jobs=[job]) == {
        "names": ["A", "B", "C", "D", "E"],
        "jobs": [{**job, "timeout": 3600}],
        "parameter_arns": [
            f"arn:aws:ssm:{REGION}:123456789012:parameter/shop/password",
            f"arn:aws:ssm:{REGION}:123456789012:parameter/plain",
        ],
        "secret_arns": [
            f"arn:aws:secretsmanager:{REGION}:123456789012:secret:shop/api-??????",
            f"arn:aws:secretsmanager:{REGION}:123456789012:secret:shop/other-??????",
        ],
        "parameter_key_arns": [key],
        "secret_key_arns": [key],
    }
    assert machine.check()["names"] == []


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"parameter": "/nothing"}, "site_secrets.A names the parameter /nothing"),
        ({"parameter": "/clear"}, "is of type String"),
        ({"secret": "nothing"}, "site_secrets.A names the secret nothing"),
        ({"secret": "going"}, "is scheduled for deletion"),
    ],
)
def test_the_controller_refuses_what_is_not_there(machine: Machine, where: dict[str, str], told: str) -> None:
    machine.store("/clear", kind="String")
    machine.secrets.create_secret(Name="going", SecretString=HIDDEN)
    machine.secrets.delete_secret(SecretId="going")
    with pytest.raises(RuntimeSettingError, match=told):
        machine.check(secrets={"A": where})
