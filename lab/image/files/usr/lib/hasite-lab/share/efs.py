# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts an EFS share as the mount helper of amazon-efs-utils would: by its id, over TLS, as the machine's role.

https://docs.aws.amazon.com/efs/latest/ug/mount-helper-direct.html
https://docs.aws.amazon.com/efs/latest/ug/mounting-IAM-option.html
"""

from __future__ import annotations

import configparser
import datetime
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agent import signing
from agent.metadata import Metadata, UnavailableError

from share.mounting import FAILED, MountError, MountRequest, mount, parse, remount

SETTINGS = Path("/etc/amazon/efs/efs-utils.conf")


def main(arguments: list[str]) -> int:
    """Mount, and return the exit status of a mount helper."""
    try:
        request = parse(arguments)
        if not remount(request):
            mount(_completed(request, Metadata()))
    except (MountError, UnavailableError) as failure:
        print(f"{Path(arguments[0]).name}: {failure}", file=sys.stderr)
        return FAILED
    return 0


def _completed(request: MountRequest, metadata: Metadata) -> MountRequest:
    """Return the request with the mount target's name, and with what its options ask for."""
    if "iam" in request.options and "tls" not in request.options:
        raise MountError('The "iam" option requires the "tls" option')
    settings = configparser.ConfigParser(interpolation=None)
    if not settings.read(SETTINGS):
        raise MountError(f"{SETTINGS} is not there")
    if not request.host.startswith("fs-") or "." in request.host:
        raise MountError(f"{request.source} names no file system by its id")
    suffix = settings.get("mount", "dns_name_suffix", fallback="amazonaws.com")
    name = f"{request.host}.efs.{metadata.region}.{suffix}"
    return replace(
        request,
        source=f"{name}:{request.path}",
        tls_name=name if "tls" in request.options else "",
        identity=_signer(metadata) if "iam" in request.options else str,
    )


def _signer(metadata: Metadata) -> Callable[[], str]:
    def signed() -> str:
        host = f"elasticfilesystem.{metadata.region}.amazonaws.com"
        url = f"https://{host}/?Action=Connect"
        now = datetime.datetime.now(datetime.timezone.utc)
        headers = signing.sign(metadata.credentials(), metadata.region, "elasticfilesystem", "GET", url, b"", {}, now)
        return json.dumps({"url": url, "headers": {**headers, "host": host}})

    return signed
