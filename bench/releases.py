# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a release: a stranger's wiki of 4,517 files into the bucket, onto the share, and one file of it changed."""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.connections import environment, host
from bench.fleet import REGION, Fleet
from bench.row import CannotMeasureError, Measurement, Row
from bench.run import BUILD, Run
from bench.site import playing, provisioned
from bench.stage import BenchSession
from lab.base.endpoint import Endpoint, require
from tests.applications import dokuwiki

_ROUNDS = 3
_BUCKET = "bench-upload"
_SHARE = "/srv/site"
_WRITER = "demo-web-a"
_NUMBERS = itertools.count()
_UPLOAD = "hasite.aws.content : Upload the site's files as a release"
_SEEN = "hasite.aws.release : Wait until this machine sees the release"


def _wiki() -> Path:
    """Return the folder of a wiki as its authors ship it."""
    try:
        return dokuwiki.assemble(BUILD / "dokuwiki")
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotMeasureError(f"Debian's package {dokuwiki.PACKAGE} can't be had here: {error}.") from error


def _files(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


# Into the bucket


def _upload(stage: BenchSession) -> Measurement:
    """Upload into an empty place, by a whole run of a playbook with one task, and by the AWS CLI."""
    wiki = _wiki()
    stage.lab("site")
    endpoint = require(stage.place)
    where = {"LocationConstraint": REGION}
    client = Fleet(endpoint).client("s3")
    if _BUCKET not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration=where)
    ours, theirs = [], []
    for _ in range(stage.times(_ROUNDS)):
        ours.append(_upload_ours(stage, wiki, endpoint))
        theirs.append(_upload_theirs(wiki, endpoint))
    detail = {"files": _files(wiki), "ours": ours, "theirs": theirs}
    return Measurement(statistics.median(ours), statistics.median(theirs), detail)


def _upload_ours(stage: BenchSession, wiki: Path, endpoint: Endpoint) -> float:
    controller = {"ansible_connection": "hasite.aws.warm_local", "ansible_python_interpreter": sys.executable}
    place = {"bucket": _BUCKET, "prefix": f"ours-{next(_NUMBERS)}/", "source": str(wiki)}
    keys = {"access_key": endpoint.access_key, "secret_key": endpoint.secret_key}
    module = {**place, **keys, "region": REGION, "endpoint_url": endpoint.url}
    tasks = [{"name": "measured", "hasite.aws.site_content": module}]
    return stage.play("upload", {"localhost": controller}, tasks, {}).seconds


def _upload_theirs(wiki: Path, endpoint: Endpoint) -> float:
    keys = {"AWS_ACCESS_KEY_ID": endpoint.access_key, "AWS_SECRET_ACCESS_KEY": endpoint.secret_key}
    command = [str(Path(sys.executable).with_name("aws")), "s3", "sync", "--only-show-errors", str(wiki)]
    began = time.monotonic()
    subprocess.run(
        [*command, f"s3://{_BUCKET}/theirs-{next(_NUMBERS)}/"],
        env={**os.environ, **keys, "AWS_ENDPOINT_URL": endpoint.url, "AWS_DEFAULT_REGION": REGION},
        check=True,
    )
    return time.monotonic() - began


# Onto the share


def _released(stage: BenchSession) -> Path:
    """Return the folder of a wiki that is released on a site."""
    folder = BUILD / "released"

    def release() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(_wiki(), folder, symlinks=True)
        provisioned(stage)
        for play in ("configure", "release"):
            stage.measured(play, _words(play, folder), {})

    stage.once("released").or_else(release)
    return folder


def _words(play: str, folder: Path) -> list[str]:
    return playing(play, "-e", f"site_files={folder}")


def _unpack(stage: BenchSession) -> Measurement:
    """Put all of it onto an empty share, against a plain extraction there, both as a task over the same connection."""
    folder = _released(stage)
    archive = BUILD / "wiki.tar.gz"
    subprocess.run(["tar", "-czf", str(archive), "-C", str(folder), "."], check=True)
    machine, bucket = _writer(stage)
    release = {"path": f"{_SHARE}/bench", "bucket": bucket, "prefix": "site/", "region": REGION}
    extract = ["tar", "-xzf", "/root/wiki.tar.gz", "-C", f"{_SHARE}/bench-tar"]
    empty = [
        {"name": "empty", "ansible.builtin.command": f"rm -rf {_SHARE}/bench {_SHARE}/bench-tar"},
        {"name": "empty", "ansible.builtin.file": {"path": f"{_SHARE}/bench-tar", "state": "directory"}},
    ]
    # What was written or removed before is on the disk, and weighs on neither.
    settled = {"name": "settled", "ansible.builtin.command": "sync"}
    tasks: list[Any] = [{"name": "bring", "ansible.builtin.copy": {"src": str(archive), "dest": "/root/wiki.tar.gz"}}]
    for _ in range(stage.times(_ROUNDS) + 1):
        tasks += [*empty, settled, {"name": "ours", "hasite.aws.site_release": release}]
        tasks += [settled, {"name": "theirs", "ansible.builtin.command": {"argv": extract}}]
    run = stage.play("unpack", {"machine": machine}, [*tasks, *empty[:1]], environment(stage, "ours"))
    # The first of each brings the modules to the machine.
    times = {name: [task["seconds"] for task in run.tasks if task["task"] == name][1:] for name in ("ours", "theirs")}
    ours, theirs = (statistics.median(float(str(seconds)) for seconds in times[name]) for name in ("ours", "theirs"))
    return Measurement(ours, theirs, {"files": _files(folder), **times})


def _writer(stage: BenchSession) -> tuple[dict[str, object], str]:
    """Return how a machine of the site is reached, and the bucket that it reads."""
    fleet = Fleet(require(stage.place))
    named = [{"Name": "tag:Name", "Values": [_WRITER]}, {"Name": "instance-state-name", "Values": ["running"]}]
    (found,) = fleet.client("ec2").describe_instances(Filters=named)["Reservations"]
    bucket = next(
        bucket["Name"]
        for bucket in fleet.client("s3").list_buckets()["Buckets"]
        if bucket["Name"].startswith("demo-content-")
    )
    return {**host(stage, "ours", found["Instances"][0]["InstanceId"]), "ansible_become": True}, bucket


# One file of it


def _one_changed(stage: BenchSession) -> list[Run]:
    folder = _released(stage)

    def measure() -> list[Run]:
        runs = []
        for _ in range(stage.times(_ROUNDS)):
            (folder / "VERSION").write_text(f"{time.time_ns()}\n")
            runs.append(stage.measured("release-one", _words("release", folder), {}))
        return runs

    found: list[Run] = stage.once("one changed").or_else(measure)
    return found


def _until_seen(stage: BenchSession) -> Measurement:
    seconds = [run.between(_UPLOAD, _SEEN) for run in _one_changed(stage)]
    return Measurement(statistics.median(seconds), 3, {"runs": seconds})


def _whole(stage: BenchSession) -> Measurement:
    runs = _one_changed(stage)
    return Measurement(statistics.median(run.seconds for run in runs), 15, {"runs": [run.summary() for run in runs]})


ROWS = [
    Row("upload", "first upload of 4,517 files", "aws s3 sync", 1, _upload),
    Row("unpack", "4,517 files onto the share", "tar -xzf there (at most 1.5 times)", 1 / 1.5, _unpack),
    Row("release-one", "one file changed, upload to every machine", "3 s", 1, _until_seen),
    Row("release", "the same, the whole of release.yml", "15 s", 1, _whole),
]
