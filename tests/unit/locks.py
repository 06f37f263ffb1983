# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lock file says: each package with its version and the hashes of its files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?P<rest>(?:.*\\\n)*.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Locked:
    """A package of a lock."""

    name: str
    version: str
    requirement: str
    """With its marker, without its hashes."""
    hashes: int


def named(requirement: str) -> str:
    """Return a package's name as registries compare it (PEP 503), without extras and version."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def entries(lock: str) -> list[Locked]:
    """Return the packages of a lock's text."""
    return [
        Locked(
            named(one["name"]),
            one["version"],
            one[0].partition("\\")[0].strip(),
            len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", one["rest"])),
        )
        for one in _ENTRY.finditer(lock)
    ]


def once(locked: Iterable[Locked]) -> list[str]:
    """Return what looks like a registry's own build: a local version, or a later build of which there is one file.

    Such a version is found by nobody else: https://packaging.python.org/en/latest/specifications/version-specifiers/
    """
    return [
        f"{one.name}=={one.version}"
        for one in locked
        if "+" in one.version or (re.search(r"\.post\d", one.version) and one.hashes == 1)
    ]
