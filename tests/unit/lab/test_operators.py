# SPDX-License-Identifier: GPL-3.0-or-later
"""An IAM user with the operator's policy of docs/ssm.md opens sessions by the site's document, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lab.base.backends import ACCOUNT
from tests.unit.lab.session_world import REGION, SessionWorld

DOCS = Path(__file__).parents[3] / "docs" / "ssm.md"
SHELL = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}}


def documented(key: str) -> str:
    """Return the policy as the page prints it, for the site shop."""
    (text,) = re.findall(r"```json\n(\{.*?\n\})\n```", DOCS.read_text(), re.DOTALL)
    return str(text).replace("123456789012", ACCOUNT).replace("KEY-ARN", key)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionWorld]:
    made = SessionWorld(tmp_path_factory.mktemp("operators"))
    try:
        tag = [{"Key": "hasite:site", "Value": "shop"}]
        made.client("ec2").create_tags(Resources=[made.instance], Tags=tag)
        for name, tags in {"shop-session": tag, "other-session": []}.items():
            made.ssm.create_document(Name=name, DocumentType="Session", Content=json.dumps(SHELL), Tags=tags)
        made.start_agent()
        made.wait_for(lambda: made.connected)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def key(world: SessionWorld) -> str:
    return str(world.client("kms").create_key()["KeyMetadata"]["Arn"])


def user(world: SessionWorld, name: str, policy: str) -> boto3.session.Session:
    access = world.client("iam")
    access.create_user(UserName=name)
    access.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    made = access.create_access_key(UserName=name)["AccessKey"]
    return boto3.session.Session(made["AccessKeyId"], made["SecretAccessKey"], region_name=REGION)


@pytest.fixture(scope="module")
def operator(world: SessionWorld, key: str) -> boto3.session.Session:
    return user(world, "taro", documented(key))


def client(world: SessionWorld, who: boto3.session.Session, service: str) -> Any:
    make: Any = who.client
    return make(service, endpoint_url=world.endpoint)


def refused(ask: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as error:
        ask(**given)
    assert error.value.response["Error"]["Code"].startswith("AccessDenied")
    return str(error.value.response["Error"]["Message"])


def test_the_sites_document_opens_a_session_that_its_user_may_end(
    world: SessionWorld, operator: boto3.session.Session
) -> None:
    ssm = client(world, operator, "ssm")
    began = ssm.start_session(Target=world.instance, DocumentName="shop-session")["SessionId"]
    assert began.startswith("taro-")
    ssm.resume_session(SessionId=began)
    ssm.terminate_session(SessionId=began)


@pytest.mark.parametrize(
    "name", [None, "SSM-SessionManagerRunShell", "other-session", "AWS-StartInteractiveCommand", "AWS-StartSSHSession"]
)
def test_every_other_document_is_refused_also_the_one_that_need_not_be_named(
    world: SessionWorld, operator: boto3.session.Session, name: str | None
) -> None:
    ssm = client(world, operator, "ssm")
    named = {"DocumentName": name} if name else {}
    said = refused(ssm.start_session, Target=world.instance, **named)
    shown = name or "SSM-SessionManagerRunShell"
    assert re.search(rf"ssm:StartSession on resource: arn:aws:ssm:{REGION}:\d*:document/{shown} because", said)


def test_machines_of_others_sessions_of_others_and_commands_are_refused(
    world: SessionWorld, operator: boto3.session.Session
) -> None:
    ssm = client(world, operator, "ssm")
    world.client("ec2").delete_tags(Resources=[world.instance], Tags=[{"Key": "hasite:site"}])
    try:
        assert "instance/" in refused(ssm.start_session, Target=world.instance, DocumentName="shop-session")
    finally:
        world.client("ec2").create_tags(Resources=[world.instance], Tags=[{"Key": "hasite:site", "Value": "shop"}])
    others = world.ssm.start_session(Target=world.instance, DocumentName="shop-session")["SessionId"]
    assert f"session/{others}" in refused(ssm.terminate_session, SessionId=others)
    refused(ssm.send_command, InstanceIds=[world.instance], DocumentName="AWS-RunShellScript")
    refused(ssm.get_parameters, Names=["/any"])
    world.ssm.terminate_session(SessionId=others)


def test_only_the_sites_key_may_be_used(world: SessionWorld, operator: boto3.session.Session, key: str) -> None:
    kms = client(world, operator, "kms")
    bound = {"aws:ssm:SessionId": "taro-0", "aws:ssm:TargetId": world.instance}
    kms.generate_data_key(KeyId=key, NumberOfBytes=64, EncryptionContext=bound)
    other = world.client("kms").create_key()["KeyMetadata"]["Arn"]
    assert other in refused(kms.generate_data_key, KeyId=other, NumberOfBytes=64)
    refused(kms.encrypt, KeyId=key, Plaintext=b"x")


def test_without_the_condition_the_default_document_is_not_looked_at(world: SessionWorld, key: str) -> None:
    policy = json.loads(documented(key))
    for statement in policy["Statement"]:
        statement.get("Condition", {}).pop("BoolIfExists", None)
    trusting = client(world, user(world, "hanako", json.dumps(policy)), "ssm")
    began = trusting.start_session(Target=world.instance)["SessionId"]
    trusting.terminate_session(SessionId=began)
