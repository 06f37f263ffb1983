# SPDX-License-Identifier: GPL-3.0-or-later
"""Every connection of the collection does what Ansible asks of a connection, as the builtin ones do."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.commands.shell import visitor
from tests.integration.fleet import Fleet, Runner
from tests.integration.labs import installed, keys
from tests.integration.small_world import until

pytestmark = pytest.mark.lab
HERE = Path(__file__).parent
BUCKET = "conformance-files"

# By name: the variables of its hosts. The builtin connection shows that what is asked is right.
WAYS: dict[str, dict[str, Any]] = {
    "local": {"ansible_connection": "ansible.builtin.local"},
    "ssm": {"ansible_connection": "hasite.aws.ssm"},
    "ssm+become": {
        "ansible_connection": "hasite.aws.ssm",
        "ansible_become": True,
        "ansible_aws_ssm_bucket_name": BUCKET,
    },
}
BRIEF = {"ansible_aws_ssm_idle_timeout": 10}
"""A session that no play ends is over before the next test."""


def gone(fleet: Fleet, runner: Runner) -> None:
    """Wait until nothing keeps a session, or the next test finds it."""
    until(lambda: not fleet.sessions() and not runner.daemons())


@pytest.fixture(scope="module", autouse=True)
def bucket(session: boto3.session.Session) -> Iterator[None]:
    """The bucket of those who have one; nothing may be left in it."""
    storage: Any = session.resource("s3")
    made = storage.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    yield
    assert not list(made.objects.all())
    made.delete()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The controller's files: larger than what goes through the session when there is a bucket."""
    folder = tmp_path / "files"
    folder.mkdir()
    data = bytes(range(256)) * 256 + os.urandom(1_500_000)
    (folder / "binary").write_bytes(data)
    (folder / "binary.sha256").write_text(hashlib.sha256(data).hexdigest())
    (folder / "script").write_text('#!/bin/sh\nprintf %s "$1"\n')
    return folder


@pytest.mark.parametrize(
    "way", ["ssm", *(pytest.param(one, marks=pytest.mark.acceptance) for one in WAYS if one != "ssm")]
)
def test_it_does_what_ansible_asks(fleet: Fleet, files: Path, tmp_path: Path, way: str) -> None:
    hosts = dict(zip(("one", "two"), fleet.instances, strict=True))
    runner = Runner(fleet.place, tmp_path, hosts, WAYS[way])
    variables = ["--extra-vars", f"folder=/tmp/conformance-{{{{ inventory_hostname }}}} files={files}"]
    status, output = runner.run("ansible-playbook", str(HERE / "conformance.yml"), *variables, seconds=600)
    assert status == 0, output
    gone(fleet, runner)


def test_users_are_become(fleet: Fleet, tmp_path: Path) -> None:
    hosts = {"one": fleet.instances[0]}
    runner = Runner(fleet.place, tmp_path, hosts, {**WAYS["ssm"], **BRIEF})
    status, output = runner.run("ansible-playbook", str(HERE / "become.yml"), seconds=300)
    assert status == 0, output
    gone(fleet, runner)


def test_the_plugin_command_serves_the_aws_cli_and_upstream(fleet: Fleet, tmp_path: Path) -> None:
    """AWS's own names, which the visitor has, are those that controller and machines share."""
    authority = str(fleet.place.authority / "ca.pem")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_ENDPOINT_URL")},
        "PATH": f"{HERE.parents[1] / 'bin'}:{Path(installed('aws')).parent}:{os.environ['PATH']}",
        **{name: value for name, value in keys(fleet.place).items() if name != "AWS_ENDPOINT_URL"},
        "AWS_CA_BUNDLE": authority,
    }

    def visit(*words: str, typed: str = "") -> str:
        done = subprocess.run(
            [*visitor(fleet.place), "env", "-u", "AWS_ENDPOINT_URL", f"AWS_CA_BUNDLE={authority}", *words],
            cwd=HERE.parents[1],
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    shell = visit("aws", "ssm", "start-session", "--target", fleet.instances[0], typed="echo $((6*7)); exit\n")
    assert "\n42\n" in shell
    before = fleet.sessions()
    upstream = {
        "ansible_connection": "amazon.aws.aws_ssm",
        "ansible_aws_ssm_bucket_name": BUCKET,
        "ansible_aws_ssm_s3_addressing_style": "virtual",
    }
    runner = Runner(fleet.place, tmp_path, {"one": fleet.instances[0]}, upstream)
    assert "pong" in visit("ansible", "one", "-i", str(runner.inventory), "-m", "ansible.builtin.ping")
    until(lambda: set(fleet.sessions()) <= set(before))


def test_a_session_may_be_encrypted_with_a_key(session: boto3.session.Session, fleet: Fleet, tmp_path: Path) -> None:
    kms: Any = session.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {"kmsKeyId": key}}
    fleet.ssm.create_document(Name="encrypted", DocumentType="Session", Content=json.dumps(content))
    allowed = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    fleet.iam.put_role_policy(RoleName=fleet.name, PolicyName="key", PolicyDocument=policy)
    variables = {**WAYS["ssm"], **BRIEF, "ansible_aws_ssm_document": "encrypted"}
    runner = Runner(fleet.place, tmp_path, {"one": fleet.instances[0]}, variables)
    status, output = runner.run("ansible", "one", "-m", "ansible.builtin.ping", "-a", "data=ping-in-secret")
    assert status == 0, output
    assert "ping-in-secret" in output
    assert "encrypted" in [one["DocumentName"] for one in fleet.ssm.describe_sessions(State="Active")["Sessions"]]
    gone(fleet, runner)
