# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that a KMS key encrypts, between the connection's client and the agent's process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.plugin_utils._ssm.session.api import Api
from plugins.plugin_utils._ssm.session.client import Session
from plugins.plugin_utils._ssm.session.link import open_websocket
from plugins.plugin_utils._ssm.wire.cipher import context
from plugins.plugin_utils._ssm.wire.errors import SessionError, StartError
from tests.unit.lab.session_world import REGION, SessionWorld

DECRYPT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionWorld]:
    made = SessionWorld(tmp_path_factory.mktemp("encryption"))
    try:
        key = made.client("kms").create_key()["KeyMetadata"]["Arn"]
        content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {"kmsKeyId": key}}
        made.ssm.create_document(Name="Encrypted", DocumentType="Session", Content=json.dumps(content))
        made.start_agent()
        made.wait_for(lambda: made.connected)
        yield made
    finally:
        made.close()


@pytest.fixture
def opened(world: SessionWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    owner = world.context.owner
    api = Api(
        REGION,
        access_key=owner.access_key,
        secret_key=owner.secret_key,
        endpoint_url=world.endpoint,
        kms_endpoint_url=world.endpoint,
    )
    started = api.start(world.instance, "Encrypted", "test")
    session = Session(
        lambda: open_websocket(started.url, None, 10),
        started.token,
        lambda: None,
        lambda key, challenge: api.data_key(key, context(started.session, world.instance, challenge)),
    )
    yield session
    session.close()
    api.terminate(started.session)


def allow(world: SessionWorld) -> None:
    world.client("iam").put_role_policy(RoleName="web", PolicyName="key", PolicyDocument=json.dumps(DECRYPT))


def test_commands_run_in_an_encrypted_session(world: SessionWorld, opened: Session) -> None:
    allow(world)
    opened.start(20)
    data = bytes(range(256)) * 50
    result = opened.run(b"cat; echo error >&2; exit 3", data, seconds=20)
    assert (result.status, result.stdout, result.stderr) == (3, data, b"error\n")


def test_a_machine_that_may_not_decrypt_ends_the_session(world: SessionWorld, opened: Session) -> None:
    world.client("iam").delete_role_policy(RoleName="web", PolicyName="key")
    with pytest.raises(SessionError, match="ended by the service"):
        opened.start(30)
    assert "is not authorized to perform: kms:Decrypt" in (world.folder / "agent.log").read_text()


def test_a_key_that_is_not_to_be_had_is_told(
    world: SessionWorld, opened: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_arguments: object) -> tuple[bytes, bytes]:
        raise StartError("KMS gives no key for the session: no permission", permanent=True)

    monkeypatch.setattr(Api, "data_key", refuse)
    with pytest.raises(SessionError, match="KMS gives no key"):
        opened.start(20)
