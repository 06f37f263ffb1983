# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection by itself, as docs/ssm-alone.md has it: its policies, its inventory, its command, behind a proxy."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.commands.shell import visitor
from tests.integration.fleet import Fleet, Runner
from tests.integration.labs import ROOT, installed, keys
from tests.integration.small_world import until

pytestmark = pytest.mark.lab
HERE = Path(__file__).parent
PAGE = (ROOT / "docs" / "ssm-alone.md").read_text()
USER = "alone"
PING = ("--module-name", "ansible.builtin.ping", "--extra-vars", "ansible_python_interpreter=/usr/bin/python3")


def part(name: str) -> str:
    """Return what the page shows under a hidden heading."""
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found, name
    return found[1]


@pytest.fixture(scope="module")
def iam(session: boto3.session.Session) -> Any:
    return session.client("iam")


@pytest.fixture(scope="module")
def stranger(iam: Any, fleet: Fleet) -> Iterator[dict[str, str]]:
    """The environment of a user who may do what the page says."""
    iam.create_user(UserName=USER)
    allow(iam, json.loads(part("policy of the controller")))
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    yield {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    iam.delete_access_key(UserName=USER, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=USER, PolicyName="page")
    iam.delete_user(UserName=USER)


def allow(iam: Any, policy: Any) -> None:
    iam.put_user_policy(UserName=USER, PolicyName="page", PolicyDocument=json.dumps(policy))


@pytest.fixture
def runner(fleet: Fleet, tmp_path: Path, stranger: dict[str, str]) -> Iterator[Runner]:
    variables = {"ansible_connection": "hasite.aws.ssm", "ansible_aws_ssm_idle_timeout": 5}
    made = Runner(fleet.place, tmp_path, {"one": fleet.instances[0]}, variables)
    made.environment |= stranger
    yield made
    made.close()
    until(lambda: not fleet.sessions() and not made.daemons(), 60)


def test_the_policies_are_enough(fleet: Fleet, runner: Runner) -> None:
    core = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    fleet.iam.put_role_policy(RoleName=fleet.name, PolicyName="page", PolicyDocument=part("policy of the machine"))
    fleet.iam.detach_role_policy(RoleName=fleet.name, PolicyArn=core)
    try:
        for instance in fleet.instances:
            fleet.root(instance, "systemctl restart amazon-ssm-agent")
        until(lambda: all(map(fleet.online, fleet.instances)), 60)
        status, output = runner.run("ansible", "one", *PING, "--extra-vars", "ansible_aws_ssm_retries=5")
        assert status == 0, output
        assert "pong" in output
    finally:
        fleet.iam.attach_role_policy(RoleName=fleet.name, PolicyArn=core)
        fleet.iam.delete_role_policy(RoleName=fleet.name, PolicyName="page")


@pytest.mark.parametrize("action", ["ssm:StartSession"])
def test_a_missing_right_is_named(iam: Any, runner: Runner, action: str) -> None:
    policy = json.loads(part("policy of the controller"))
    less = [statement for statement in policy["Statement"] if statement["Action"] != action]
    allow(iam, {**policy, "Statement": less})
    try:
        status, output = runner.run("ansible", "one", *PING, "--extra-vars", "ansible_aws_ssm_retries=3")
        assert status
        told = next(line for line in output.splitlines() if '"msg"' in line)
        assert told.count(f"user/{USER} is not authorized to perform: {action}") == 1
    finally:
        allow(iam, policy)


def test_an_inventory_from_nothing_but_a_region(fleet: Fleet, runner: Runner, tmp_path: Path) -> None:
    for instance, role in zip(fleet.instances, ("web", "other"), strict=True):
        fleet.world.ec2.create_tags(Resources=[instance], Tags=[{"Key": "Role", "Value": role}])
    runner.inventory = tmp_path / "machines.aws_ec2.yml"
    runner.inventory.write_text(part("inventory"))
    try:
        status, output = runner.run("ansible-inventory", "--list")
        assert status == 0, output
        listed = json.loads(output[output.index("{") :])
        assert listed["role_web"]["hosts"] == [fleet.instances[0]]
        control = f"ansible_aws_ssm_control_path_dir={runner.control}"
        status, output = runner.run("ansible", "role_web", *PING, "-e", control, "-e", "ansible_aws_ssm_idle_timeout=5")
        assert status == 0, output
        assert "pong" in output
    finally:
        fleet.world.ec2.delete_tags(Resources=fleet.instances, Tags=[{"Key": "Role"}])


PROXY = """
import select, socket, sys, threading

def serve(client):
    asked = b""
    while b"\\r\\n\\r\\n" not in asked:
        asked += client.recv(4096)
    method, where = asked.split()[:2]
    host, _colon, port = where.decode().rpartition(":")
    print(method.decode(), where.decode(), flush=True)
    server = socket.create_connection((host, int(port)))
    client.sendall(b"HTTP/1.1 200 Connection established\\r\\n\\r\\n")
    while True:
        for one in select.select([client, server], [], [])[0]:
            data = one.recv(65536)
            if not data:
                client.close()
                server.close()
                return
            (server if one is client else client).sendall(data)

listener = socket.create_server(("127.0.0.1", 3128))
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


@pytest.fixture
def proxy(fleet: Fleet, tmp_path: Path) -> Iterator[Path]:
    """A proxy at 127.0.0.1:3128 of the visitor, and the file that says who was asked for."""
    log = tmp_path / "proxy.log"
    with log.open("wb") as file:
        process = subprocess.Popen([*visitor(fleet.place), sys.executable, "-c", PROXY], stdout=file, stderr=file)
    try:
        until(lambda: "ready" in log.read_text())
        yield log
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("name", ["http://127.0.0.1:3128", "127.0.0.1:3128"])
def test_everything_goes_through_the_proxy(fleet: Fleet, proxy: Path, runner: Runner, name: str) -> None:
    """By AWS's own names, as the visitor has them: so there is TLS all the way."""
    words = [
        *visitor(fleet.place),
        "env",
        "-u",
        "AWS_ENDPOINT_URL",
        "ansible",
        "one",
        "--inventory",
        str(runner.inventory),
    ]
    environment = {
        **runner.environment,
        "AWS_CA_BUNDLE": str(fleet.place.authority / "ca.pem"),
        "HTTPS_PROXY": name,
        "PATH": f"{Path(installed('ansible')).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        [*words, *PING], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pong" in done.stdout
    asked = set(proxy.read_text().splitlines()[1:])
    assert asked == {f"CONNECT {service}.ap-northeast-1.amazonaws.com:443" for service in ("ssm", "ssmmessages")}


@pytest.mark.acceptance
def test_the_command_is_installed_for_the_aws_cli(fleet: Fleet, stranger: dict[str, str], tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "v"], check=True)
    subprocess.run([tmp_path / "v" / "bin" / "pip", "install", "--quiet", ROOT / "bin"], check=True)
    (tmp_path / "aws").symlink_to(installed("aws"))
    environment = {**os.environ, **keys(fleet.place), **stranger, "PATH": f"{tmp_path}/v/bin:{tmp_path}:/usr/bin:/bin"}
    version = subprocess.check_output(["session-manager-plugin", "--version"], env=environment, text=True)
    assert re.fullmatch(r"1\.2\.\d+\.0\n", version)
    counted = ["ssm-rsh", fleet.instances[0], "tr", "a-z", "A-Z"]
    assert subprocess.check_output(counted, input=b"piped", env=environment, timeout=60) == b"PIPED"
    done = subprocess.run(
        ["aws", "ssm", "start-session", "--target", fleet.instances[0]],
        input="echo $((6*7)); exit\n",
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "\n42" in done.stdout
