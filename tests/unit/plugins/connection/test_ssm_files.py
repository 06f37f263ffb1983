# SPDX-License-Identifier: GPL-3.0-or-later
"""Files over the connection, through the session and through a bucket."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible.errors import AnsibleError, AnsibleFileNotFound
from moto.server import ThreadedMotoServer

from tests.unit.plugins.connection.conftest import Connect
from tests.unit.plugins.machine import Machine


def test_put_and_fetch(connect: Connect, tmp_path: Path) -> None:
    source, target, back = tmp_path / "s p ä", tmp_path / "t 'q", tmp_path / "back"
    source.write_bytes(os.urandom(50_000))
    connection = connect()
    connection.put_file(str(source), str(target))
    assert target.read_bytes() == source.read_bytes()
    connection.fetch_file(str(target), str(back))
    assert hashlib.sha256(back.read_bytes()).digest() == hashlib.sha256(source.read_bytes()).digest()
    source.write_bytes(b"")
    connection.put_file(str(source), str(target))
    connection.fetch_file(str(target), str(back))
    assert back.read_bytes() == b""


def test_a_name_that_begins_with_a_dash_is_no_option(connect: Connect, machine: Machine, tmp_path: Path) -> None:
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(os.urandom(5000))
    connection = connect()
    for name in ("-n", "--help", "-"):
        connection.put_file(str(source), name)
        assert (machine.home / name).read_bytes() == source.read_bytes()
        connection.fetch_file(name, str(back))
        assert back.read_bytes() == source.read_bytes()


def test_large_file_travels_in_pieces(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connect()
    from ansible_collections.hasite.aws.plugins.plugin_utils._ssm.session import shell

    monkeypatch.setattr(shell, "PIECE", 10_000)
    source, target, back = tmp_path / "source", tmp_path / "target", tmp_path / "back"
    source.write_bytes(os.urandom(30_001))
    connection.put_file(str(source), str(target))
    connection.fetch_file(str(target), str(back))
    assert source.read_bytes() == target.read_bytes() == back.read_bytes()


@pytest.mark.acceptance
def test_a_file_of_2_gb_and_more(connect: Connect, tmp_path: Path) -> None:
    """Beyond 2^31 bytes; holes, so that it is packed well."""
    source, target, back = tmp_path / "source", tmp_path / "target", tmp_path / "back"
    with source.open("wb") as file:
        for place in (0, (1 << 31) - 1, (1 << 31) + 5_000_001):
            file.seek(place)
            file.write(b"here")
    connection = connect()
    connection.put_file(str(source), str(target))
    connection.fetch_file(str(target), str(back))
    digests = []
    for path in (source, target, back):
        assert path.stat().st_size == (1 << 31) + 5_000_005
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").digest())
        path.unlink()
    assert len(set(digests)) == 1


def test_a_small_file_is_one_command(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target, back = tmp_path / "source", tmp_path / "target", tmp_path / "back"
    source.write_bytes(os.urandom(5000))
    connection = connect()
    commands: list[bytes] = []
    run = type(connection)._run

    def counted(self: Any, command: bytes, *words: Any) -> Any:
        commands.append(command)
        return run(self, command, *words)

    monkeypatch.setattr(type(connection), "_run", counted)
    connection.put_file(str(source), str(target))
    assert len(commands) == 1
    connection.fetch_file(str(target), str(back))
    assert len(commands) == 2
    assert source.read_bytes() == target.read_bytes() == back.read_bytes()


def test_a_small_file_that_changes_while_it_is_read_is_read_again(
    connect: Connect, machine: Machine, tmp_path: Path
) -> None:
    source, back, times = machine.home / "source", tmp_path / "back", tmp_path / "times"
    source.write_bytes(b"before")
    (machine.home / "sha256sum").write_text(
        f"#!/bin/sh\n/usr/bin/sha256sum; [ -e {times} ] || printf after >{source}; echo >>{times}\n"
    )
    (machine.home / "sha256sum").chmod(0o755)
    connect().fetch_file(str(source), str(back))
    assert (back.read_bytes(), len(times.read_text())) == (b"after", 2)


def test_a_file_that_grows_is_fetched_as_it_was(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.hasite.aws.plugins.plugin_utils._ssm.session import shell as shell

    monkeypatch.setattr(shell, "PIECE", 100_000)
    source, back = tmp_path / "source", tmp_path / "back"
    before = os.urandom(250_000)
    source.write_bytes(before)
    connection = connect()
    run = type(connection)._run

    def grown(self: Any, *words: Any) -> Any:
        with source.open("ab") as file:
            file.write(b"more")
        return run(self, *words)

    monkeypatch.setattr(type(connection), "_run", grown)
    connection.fetch_file(str(source), str(back))
    assert back.read_bytes() == before + b"more"


@pytest.mark.parametrize("times", [1, 9])
def test_a_file_that_is_written_anew_is_read_again(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    from ansible_collections.hasite.aws.plugins.plugin_utils._ssm.session import shell

    monkeypatch.setattr(shell, "PIECE", 40)
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(b"0" * 50)
    connection = connect()
    run, left = type(connection)._run, [times]

    def changed(self: Any, command: bytes, *words: Any) -> Any:
        if command.startswith(b"tail") and left[0]:
            left[0] -= 1
            source.write_bytes(os.urandom(50))
        return run(self, command, *words)

    monkeypatch.setattr(type(connection), "_run", changed)
    if times > 1:
        with pytest.raises(AnsibleError, match="it changed while it was read"):
            connection.fetch_file(str(source), str(back))
        assert not back.exists()
    else:
        connection.fetch_file(str(source), str(back))
        assert back.read_bytes() == source.read_bytes()


def test_connection_is_cut_while_files_travel(connect: Connect, machine: Machine, tmp_path: Path) -> None:
    source, target, back = tmp_path / "source", tmp_path / "target", tmp_path / "back"
    source.write_bytes(os.urandom(1_500_000))
    connection = connect()
    connection.exec_command("true")
    cuts = [threading.Timer(seconds, machine.cut) for seconds in (0.3, 0.9, 2.5)]
    for cut in cuts:
        cut.start()
    connection.put_file(str(source), str(target))
    connection.fetch_file(str(target), str(back))
    for cut in cuts:
        cut.join()
    assert source.read_bytes() == target.read_bytes() == back.read_bytes()
    assert machine.started == ["test-0"]


def test_failed_put_leaves_nothing(connect: Connect, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    with pytest.raises(AnsibleError, match="cannot be written"):
        connect().put_file(str(source), str(tmp_path / "no" / "folder"))
    with pytest.raises(AnsibleFileNotFound):
        connect().put_file(str(tmp_path / "none"), str(tmp_path / "there"))
    with pytest.raises(AnsibleError, match="no file"):
        connect().fetch_file(str(tmp_path / "none"), str(tmp_path / "there"))
    assert {entry.name for entry in tmp_path.iterdir()} <= {"source", "home", "c"}


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    """The address of an S3."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(storage: str) -> Iterator[Any]:
    """A bucket that forgets nothing by itself."""
    resource: Any = boto3.resource(
        "s3", endpoint_url=storage, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    made = resource.create_bucket(Bucket="files")
    made.Versioning().enable()
    yield made
    assert not list(made.object_versions.all())
    made.delete()


@pytest.fixture
def options(storage: str, bucket: Any) -> dict[str, Any]:
    return {
        "bucket_name": bucket.name,
        "bucket_endpoint_url": storage,
        "bucket_minimum_size": 1000,
        "bucket_sse_mode": "AES256",
        "region": "us-east-1",
    }


def test_a_large_file_travels_through_the_bucket(
    connect: Connect, options: dict[str, Any], tmp_path: Path, machine: Machine
) -> None:
    trace = tmp_path / "trace"
    (machine.home / "curl").write_text(f'#!/bin/sh\necho used >>{trace}\nexec /usr/bin/curl "$@"\n')
    (machine.home / "curl").chmod(0o755)
    source, target, back = tmp_path / "s p \u00e4", tmp_path / "t 'q", tmp_path / "back"
    connection = connect(**options)
    for size in (1000, 999):
        source.write_bytes(os.urandom(size))
        connection.put_file(str(source), str(target))
        connection.fetch_file(str(target), str(back))
        assert source.read_bytes() == target.read_bytes() == back.read_bytes()
    assert trace.read_text() == "used\n" * 2, "the smaller file has used the session"


@pytest.mark.parametrize(
    ("curl", "message"),
    [
        ("echo '<Error/>' >\"$7\"; echo 'curl: (22) 403' >&2; exit 22", r"cannot be got from the bucket .*\(22\) 403"),
        ("sed -n 's/^url = //p' >\"$7\"; exit 0", "checksum is wrong"),
    ],
)
def test_what_is_not_the_file_never_takes_its_place(
    connect: Connect, options: dict[str, Any], tmp_path: Path, machine: Machine, curl: str, message: str
) -> None:
    (machine.home / "curl").write_text(f"#!/bin/sh\n{curl}\n")
    (machine.home / "curl").chmod(0o755)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(bytes(5000))
    target.write_text("before")
    with pytest.raises(AnsibleError, match=message):
        connect(**options).put_file(str(source), str(target))
    assert target.read_text() == "before"
    assert not [entry for entry in tmp_path.iterdir() if entry.name.startswith("target.")]


def test_a_failed_fetch_leaves_the_file_that_was_there(
    connect: Connect, options: dict[str, Any], tmp_path: Path, machine: Machine
) -> None:
    (machine.home / "curl").write_text("#!/bin/sh\nexit 0\n")
    (machine.home / "curl").chmod(0o755)
    source, back = tmp_path / "source", tmp_path / "back"
    source.write_bytes(bytes(5000))
    back.write_text("before")
    with pytest.raises(AnsibleError, match="NoSuchKey"):
        connect(**options).fetch_file(str(source), str(back))
    assert back.read_text() == "before"


def test_a_file_that_grows_is_fetched_through_the_bucket(
    connect: Connect, options: dict[str, Any], tmp_path: Path, machine: Machine
) -> None:
    source, back = tmp_path / "source", tmp_path / "back"
    (machine.home / "curl").write_text(f'#!/bin/sh\necho more >>{source}\nexec /usr/bin/curl "$@"\n')
    (machine.home / "curl").chmod(0o755)
    before = os.urandom(5000)
    source.write_bytes(before)
    connect(**options).fetch_file(str(source), str(back))
    assert back.read_bytes() == before
    assert source.read_bytes() != before


def test_a_missing_bucket_is_told(connect: Connect, storage: str, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(bytes(5000))
    connection = connect(bucket_name="none", bucket_endpoint_url=storage, bucket_minimum_size=1)
    with pytest.raises(AnsibleError, match="The bucket none cannot be used"):
        connection.put_file(str(tmp_path / "source"), str(tmp_path / "target"))
    assert not (tmp_path / "target").exists()
