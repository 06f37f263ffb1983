# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets through the API: a role's session reads what its policies name, with the key that guards it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lab.api.services.iam import iam
from lab.api.services.kms import kms, secret_keys
from lab.api.serving import calls
from lab.base.authority import Authority
from lab.base.backends import ACCOUNT
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context
from lab.world.access.api_permissions import Permission, needed, parameter_arn

REGION = "ap-northeast-1"
PREFIX = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter"
ARNS = {"parameter": lambda name: f"p:{name}", "secret": lambda name: f"s:{name}"}


def statement(actions: list[str], resources: list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


class Account:
    """An owner, and a machine with a role."""

    def __init__(self) -> None:
        self.owner = boto3.session.Session("test", "test", region_name=REGION)
        trust = {"Version": "2012-10-17", "Statement": []}
        self.role = self.owner.client("iam").create_role(RoleName="web", AssumeRolePolicyDocument=json.dumps(trust))
        given = self.owner.client("sts").assume_role(RoleArn=self.role["Role"]["Arn"], RoleSessionName="i-1")
        keys = given["Credentials"]
        self.machine = boto3.session.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION
        )

    def allow(self, *statements: dict[str, Any]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.owner.client("iam").put_role_policy(RoleName="web", PolicyName="secrets", PolicyDocument=document)

    def parameter(self, name: str, **more: Any) -> None:
        self.owner.client("ssm").put_parameter(Name=name, Value="hidden", Type="SecureString", **more)

    def read(self, *names: str) -> list[str]:
        answer = self.machine.client("ssm").get_parameters(Names=list(names), WithDecryption=True)
        return [parameter["Value"] for parameter in answer["Parameters"]]

    def key(self) -> str:
        return str(self.owner.client("kms").create_key()["KeyMetadata"]["Arn"])


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    loop = asyncio.new_event_loop()
    context = Context(LabPaths(), Clock(), Authority(tmp_path), Observed(), loop)
    with mock_aws():
        for part in (calls, iam, kms, secret_keys):
            part.extend(context)
        yield Account()
    loop.close()


def refused(ask: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(ClientError) as error:
        ask(*args, **more)
    found = error.value.response["Error"]
    return f"{found['Code']} {found['Message']}"


def test_a_role_reads_the_parameters_that_its_policy_names_and_no_others(account: Account) -> None:
    account.parameter("/shop/a")
    account.parameter("/shop/b")
    assert "because no identity-based policy allows the ssm:GetParameters action" in refused(account.read, "/shop/a")
    account.allow(statement(["ssm:GetParameters"], [f"{PREFIX}/shop/a"]))
    assert account.read("/shop/a") == ["hidden"]
    told = refused(account.read, "/shop/a", "/shop/b")
    assert told.startswith("AccessDeniedException")
    assert f"{PREFIX}/shop/b" in told
    assert "GetParameter" in refused(account.machine.client("ssm").get_parameter, Name="/shop/a", WithDecryption=True)


def test_a_denial_counts_for_more_than_a_policy_of_awss_own(account: Account) -> None:
    account.parameter("/shop/a")
    account.parameter("/other")
    everything = statement(["ssm:GetParameters"], ["*"])
    denial = {"Effect": "Deny", "Action": "ssm:GetParameter*", "NotResource": [f"{PREFIX}/shop/a"]}
    account.allow(everything, denial)
    assert account.read("/shop/a") == ["hidden"]
    assert "with an explicit deny in an identity-based policy" in refused(account.read, "/other")


def test_a_customers_key_has_to_be_allowed_too(account: Account) -> None:
    key = account.key()
    account.parameter("/shop/a", KeyId=key)
    read = statement(["ssm:GetParameters"], [f"{PREFIX}/shop/a"])
    account.allow(read)
    assert "customer master key" in refused(account.read, "/shop/a")
    via = {"StringEquals": {"kms:ViaService": f"ssm.{REGION}.amazonaws.com"}}
    account.allow(read, statement(["kms:Decrypt"], [key], Condition=via))
    assert account.read("/shop/a") == ["hidden"]


def test_a_secret_too(account: Account) -> None:
    owner, machine = account.owner.client("secretsmanager"), account.machine.client("secretsmanager")
    key = account.key()
    plain = owner.create_secret(Name="shop/api", SecretString="hidden")["ARN"]
    guarded = owner.create_secret(Name="shop/key", SecretString="hidden", KmsKeyId=key)["ARN"]
    read = statement(["secretsmanager:GetSecretValue"], [f"{plain[:-7]}-??????", guarded])
    account.allow(read)
    assert machine.get_secret_value(SecretId="shop/api")["SecretString"] == "hidden"
    assert refused(machine.get_secret_value, SecretId="shop/key").endswith("Access to KMS is not allowed")
    assert "shop/nothing" in refused(machine.get_secret_value, SecretId="shop/nothing")
    assert refused(machine.describe_secret, SecretId="shop/api").startswith("AccessDeniedException")
    assert refused(machine.batch_get_secret_value, SecretIdList=["shop/api"]).startswith("AccessDeniedException")
    account.allow(read, statement(["kms:Decrypt"], [key]))
    assert machine.get_secret_value(SecretId="shop/key")["SecretString"] == "hidden"


def test_other_services_too(account: Account) -> None:
    assert refused(account.machine.client("logs").describe_log_groups).startswith("AccessDeniedException")
    account.allow(statement(["logs:Describe*"], ["*"]))
    assert account.machine.client("logs").describe_log_groups()["logGroups"] == []


def test_a_key_that_is_none_is_refused(account: Account) -> None:
    assert refused(account.parameter, "/shop/a", KeyId="alias/nothing").startswith("InvalidKeyId")


@pytest.mark.parametrize(
    ("service", "action", "parameters", "permissions"),
    [
        ("ssm", "UpdateInstanceInformation", {}, []),
        ("ssm", "GetParameter", {"Name": "a"}, [Permission("ssm:GetParameter", "p:a")]),
        ("ssm", "DescribeParameters", {}, [Permission("ssm:DescribeParameters")]),
        ("ssm", "GetParametersByPath", {"Path": "/a"}, [Permission("ssm:GetParametersByPath", "p:/a")]),
        ("ssm", "GetParameters", {}, [Permission("ssm:GetParameters", "p:*")]),
        ("secretsmanager", "ListSecrets", {}, [Permission("secretsmanager:ListSecrets")]),
    ],
)
def test_what_a_call_needs(service: str, action: str, parameters: Any, permissions: list[Permission]) -> None:
    assert needed(service, action, parameters, ARNS) == permissions


@pytest.mark.parametrize("name", ["/a/b", "/a/b:3", f"{PREFIX}/a/b"])
def test_a_parameter_has_one_arn_by_whatever_name(name: str) -> None:
    assert parameter_arn(REGION, ACCOUNT, name) == f"{PREFIX}/a/b"
