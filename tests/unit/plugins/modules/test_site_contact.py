# SPDX-License-Identifier: GPL-3.0-or-later
"""Where AWS cannot be asked at all, `site_info` says so at once and in one sentence, instead of finding nothing."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.hasite.aws.plugins.modules import site_info
from botocore.exceptions import ClientError

from tests.unit.plugins.modules.route53_account import REGION, Account, open_account

KEYS = {"access_key": "AKIATEST", "secret_key": "hidden-key"}


def ask(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    with patch_module_args({"name": "shop", "region": REGION, **options}), pytest.raises(SystemExit):
        site_info.main()
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        yield made


def test_an_api_that_does_not_answer_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        began = time.monotonic()
        told = ask(capsys, endpoint_url=url, **KEYS)
    assert told["failed"]
    assert told["msg"].startswith("AWS could not be asked who the credentials belong to: Could not connect")
    assert url in told["msg"]
    assert "\n" not in told["msg"]
    assert time.monotonic() - began < 8


def test_missing_credentials_are_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    told = ask(capsys)
    assert told["failed"]
    assert told["msg"].startswith("No AWS credentials were found; set AWS_PROFILE")


def test_refused_credentials_are_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "GetCallerIdentity")

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)
    told = ask(capsys, **KEYS)
    assert told["msg"] == "AWS refused the credentials (ExpiredToken); check the profile or log in again."


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("ap-northeast-9", "site_region is 'ap-northeast-9', which is no region of AWS; did you mean ap-northeast-"),
        ("tokyo", "site_region is 'tokyo', which is no region of AWS"),
    ],
)
def test_a_region_that_is_none_is_said(
    account: Account, capsys: pytest.CaptureFixture[str], region: str, said: str
) -> None:
    told = ask(capsys, region=region, **KEYS)
    assert told["failed"]
    assert told["msg"].startswith(said)


def test_an_account_that_answers_is_read(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    told = ask(capsys, **KEYS)
    assert told["site"]["account_id"]
