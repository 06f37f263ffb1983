# SPDX-License-Identifier: GPL-3.0-or-later
"""As whom sessions run.

https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-getting-started-ssm-user-permissions.html
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SSM_USER = "ssm-user"
_SUDOERS = Path("/etc/sudoers.d/ssm-agent-users")


class NoUserError(Exception):
    """The user a session is to run as is not there, or may not be used."""


@dataclass(frozen=True)
class User:
    """Who runs a session's processes."""

    name: str
    uid: int
    gid: int
    home: str

    def process(self) -> dict[str, Any]:
        """Return the arguments that make a process run as this user."""
        if os.geteuid() != 0 or self.uid == 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": os.getgrouplist(self.name, self.gid)}

    def environment(self) -> dict[str, str]:
        """Return a session's environment: the agent's own, and what a terminal needs."""
        return {"LANG": "C.UTF-8", **os.environ, "TERM": "xterm-256color", "HOME": self.home, "USER": self.name}


def choose(run_as: str = "", *, elevated: bool = False) -> User:
    """Return the session's user: the one asked for, root, or `ssm-user`, which is made when it is first needed."""
    if os.geteuid() != 0:
        # An agent that is not root cannot become anybody else: so it is tried on a developer's machine.
        return _named(pwd.getpwuid(os.geteuid()).pw_name)
    if elevated:
        return User("root", 0, 0, "/root")
    if run_as:
        user = _named(run_as)
        if not (user.uid and user.gid):
            raise NoUserError(f"The user {run_as} is root, as which sessions do not run.")
        return user
    try:
        return _named(SSM_USER)
    except NoUserError:
        _make_ssm_user()
        return _named(SSM_USER)


def _named(name: str) -> User:
    try:
        found = pwd.getpwnam(name)
    except KeyError as error:
        raise NoUserError(f"The machine has no user {name}.") from error
    return User(name, found.pw_uid, found.pw_gid, found.pw_dir)


def _make_ssm_user() -> None:
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", SSM_USER], check=True, capture_output=True)
    if not _SUDOERS.exists():
        descriptor = os.open(_SUDOERS, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"# User rules for {SSM_USER}\n{SSM_USER} ALL=(ALL) NOPASSWD:ALL\n")
