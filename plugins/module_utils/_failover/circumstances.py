# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Who drills which account, with which versions, and from which commit."""

from __future__ import annotations

import getpass
import platform
import socket
import typing as t
from collections.abc import Callable
from importlib import metadata

from .._aws import aws_call
from .._resource import Resource
from .._version import VERSION

Run = Callable[[list[str]], tuple[int, str, str]]
PACKAGES = ("boto3", "botocore")


@aws_call("tell whose credentials these are")
def caller(sts: t.Any) -> Resource:
    """Return the account, and who asks: nobody can be forbidden to ask that.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    found = sts.get_caller_identity()
    return {"account": found["Account"], "caller": found["Arn"]}


def versions(ansible: str, amazon: str) -> dict[str, str]:
    """Return the versions of what takes part."""
    return {
        "ansible-core": ansible,
        "hasite.aws": VERSION,
        "amazon.aws": amazon,
        **{name: metadata.version(name) for name in PACKAGES},
        "python": platform.python_version(),
    }


def commit(run: Run, git: str | None, folder: str) -> Resource:
    """Return the commit that a folder is at, and whether its files differ; nothing without a repository."""
    if not git:
        return {"commit": "", "modified": False}
    code, head, _errors = run([git, "-C", folder, "rev-parse", "HEAD"])
    if code:
        return {"commit": "", "modified": False}
    _code, changed, _errors = run([git, "-C", folder, "status", "--porcelain", "--untracked-files=no"])
    return {"commit": head.strip(), "modified": bool(changed.strip())}


def person() -> Resource:
    """Return the user and the host from which the drill is run."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A user's number without a name, as in a container.
        user = ""
    return {"user": user, "controller": socket.gethostname()}
