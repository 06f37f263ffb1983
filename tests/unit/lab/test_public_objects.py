# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's own bucket from which everybody may fetch the agent, as it is reached without keys and with them."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from lab.base.paths import LabPaths
from lab.image import agent_package
from tests.unit.lab.served import Served, serve

BUCKET = "amazon-ssm-ap-northeast-1"
KEY = "latest/debian_amd64/amazon-ssm-agent.deb"


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(LabPaths, "public", tmp_path / "public")
    agent_package.publish(tmp_path / "public")
    with serve(tmp_path) as served:
        yield served


def answer(api: Served, path: str, method: str = "GET") -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{api.url}/{path}", method=method)) as found:
            return found.status, found.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_everybody_may_fetch_the_package_and_nobody_may_replace_it(api: Served, tmp_path: Path) -> None:
    status, body = answer(api, f"{BUCKET}/{KEY}")
    assert status == 200
    package = tmp_path / "fetched.deb"
    package.write_bytes(body)
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    assert "./lib/systemd/system/amazon-ssm-agent.service" in listed
    assert answer(api, f"{BUCKET}/{KEY}", "PUT")[0] == 403
    assert answer(api, f"{BUCKET}/{KEY}", "DELETE")[0] == 403
    assert answer(api, f"{BUCKET}/{KEY}")[1] == body


@pytest.mark.parametrize("path", [f"{BUCKET}/latest/none.deb", f"{BUCKET}/..%2f..%2fca.pem", f"amazon-ssm-tokyo/{KEY}"])
def test_what_is_not_there_is_told_as_such(api: Served, path: str) -> None:
    assert answer(api, path)[0] in (403, 404)


def test_who_signs_needs_a_policy_of_their_own(api: Served) -> None:
    api.client("s3").get_object(Bucket=BUCKET, Key=KEY)
    iam = api.client("iam", "us-east-1")
    iam.create_user(UserName="clerk")
    key = iam.create_access_key(UserName="clerk")["AccessKey"]
    clerk = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    with pytest.raises(ClientError, match="no identity-based policy allows the s3:GetObject action"):
        api.client("s3", **clerk).get_object(Bucket=BUCKET, Key=KEY)
