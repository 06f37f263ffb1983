# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the instance's user data if it is a script, once in the life of the instance.

What cloud-init does with a user-data script: https://cloudinit.readthedocs.io/en/latest/explanation/format.html
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

_METADATA = "http://169.254.169.254/latest/"
_INSTANCES = Path("/var/lib/cloud/instances")
_TRIES = 30


def ask(path: str, token: str) -> bytes | None:
    """Return what the metadata service has at the path, if anything."""
    request = urllib.request.Request(_METADATA + path, headers={"X-aws-ec2-metadata-token": token})  # noqa: S310  a fixed http address
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def fetch_token() -> str:
    """Return a token for version 2 of the metadata service."""
    request = urllib.request.Request(  # noqa: S310
        _METADATA + "api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "300"}
    )
    for _ in range(_TRIES):
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                return str(answer.read().decode())
        except OSError:
            time.sleep(1)
    raise SystemExit("The metadata service did not answer; the user data, if any, was not run.")


def main() -> int:
    """Run the script and return its exit status."""
    token = fetch_token()
    instance = (ask("meta-data/instance-id", token) or b"").decode()
    folder = _INSTANCES / instance
    done = folder / "sem" / "config_scripts_user"
    if done.exists():
        return 0
    done.parent.mkdir(parents=True, exist_ok=True)
    done.touch()
    data = ask("user-data", token)
    if not data or not data.startswith(b"#!"):
        return 0
    script = folder / "scripts" / "part-001"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_bytes(data)
    script.chmod(0o700)
    return subprocess.run([str(script)], stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
