# SPDX-License-Identifier: GPL-3.0-or-later
"""The scanners: each in a virtual environment of its own, and how one is run against a lab."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BUILD = Path(__file__).parents[1] / "build" / "exams"
LOCKS = Path(__file__).parent / "locks"
MINOR = 12
"""Python 3.12: prowler wants a version below 3.13, and the others are content with it."""
_AS_LOCKED = ("--require-hashes", "--no-deps")
SECONDS = 900
"""How long one scanner may take; the slowest takes about a minute."""


class ExamError(Exception):
    """Why there is no result, in one sentence."""


@dataclass(frozen=True)
class Tool:
    """A scanner as its makers have released it."""

    name: str
    requirements: tuple[str, ...]
    command: str

    @property
    def folder(self) -> Path:
        """Where it is installed."""
        return BUILD / self.name

    @property
    def lock(self) -> Path:
        """Every package that it is installed from, with the hashes of its files; written by tools/lock."""
        return LOCKS / f"{self.name}.lock"


# Some packages come without a wheel; nothing else is asked for while they are built.
BUILDERS = Tool("builders", ("setuptools<81", "wheel"), "wheel")
PROWLER = Tool("prowler", ("prowler==5.46.0",), "prowler")
CUSTODIAN = Tool("custodian", ("c7n==0.9.53",), "custodian")
# It imports pkg_resources, which newer Pythons do not bring along.
SCOUTSUITE = Tool("scoutsuite", ("ScoutSuite==5.14.0", "setuptools<81"), "scout")


def find_python() -> str:
    """Return a Python of the version that the scanners want, which this machine can really run."""
    roots = [Path(root).expanduser() for root in (os.environ.get("PYENV_ROOT", ""), "~/.pyenv") if root]
    found = [str(path) for root in roots for path in sorted(root.glob(f"versions/3.{MINOR}.*/bin/python3"))]
    for candidate in (f"python3.{MINOR}", *found):
        check = ("-c", f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, {MINOR}))")
        if shutil.which(candidate) and subprocess.run([candidate, *check], capture_output=True).returncode == 0:
            return candidate
    raise ExamError(f"There is no Python 3.{MINOR} with venv on this machine, which the scanners want; install one.")


def install(tool: Tool) -> None:
    """Install a scanner, once: nothing but the files whose hashes are in its lock."""
    done = tool.folder / "installed"
    wanted = BUILDERS.lock.read_text() + tool.lock.read_text()
    if done.exists() and done.read_text() == wanted:
        return
    print(f"Installing {tool.requirements[0]} (usually 1 to 2 minutes)", flush=True)
    shutil.rmtree(tool.folder, ignore_errors=True)
    pip = [
        str(tool.folder / "bin" / "pip"),
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-deps",
    ]
    for command in (
        [find_python(), "-m", "venv", str(tool.folder)],
        [*pip, "--requirement", str(BUILDERS.lock)],
        [*pip, "--no-build-isolation", "--requirement", str(tool.lock)],
    ):
        if (run := subprocess.run(command, capture_output=True, text=True)).returncode:
            raise ExamError(f"{tool.requirements[0]} could not be installed: {run.stderr.strip()[-500:]}")
    done.write_text(wanted)


def run(tool: Tool, words: Sequence[str], keys: Mapping[str, str], account: str) -> subprocess.CompletedProcess[str]:
    """Run a scanner with the lab's keys, in a folder of its own, with a bound on its time.

    S3's control operations put the account before the host, so these go to a name instead of an address; as only some
    systems resolve names below localhost, the scanner gets a hosts file of its own, in a mount namespace of its own.
    """
    home = BUILD / f"{tool.name}-run"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    hosts = home / "hosts"
    hosts.write_text(Path("/etc/hosts").read_text() + f"\n127.0.0.1 {account}.localhost\n")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "ANSIBLE_"))}
    control = keys["AWS_ENDPOINT_URL"].replace("127.0.0.1", "localhost")
    environment = {**kept, **keys, "AWS_ENDPOINT_URL_S3_CONTROL": control, "HOME": str(home), "NO_COLOR": "1"}
    inside = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
    command = [str(tool.folder / "bin" / tool.command), *words]
    try:
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", inside, "sh", str(hosts), *command],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ExamError(f"{tool.name} has not ended after {SECONDS} s.") from error


def folder_of(tool: Tool) -> Path:
    """Return the folder in which a scanner has run."""
    return BUILD / f"{tool.name}-run"
