# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Paths inside a release, and what answers what."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

from .._settings.error import SettingsError

# What would end or change a path where Apache's configuration quotes it.
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f\"'\\<>$`]")
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._:=~-]*\Z")


def inside(variable: str, path: str) -> str:
    """Return a path below the release as it is kept; refuse one that leads out of it."""
    parts = [part for part in path.rstrip("/").split("/") if part != "."]
    if path.startswith("/") or ".." in parts or "" in parts[1:] or (path and not parts[0:1]):
        raise SettingsError(
            f"{variable} is {path!r}; write a path below the folder of the site's files, as in public, without .."
        )
    if _UNUSABLE.search(path):
        raise SettingsError(f"{variable} is {path!r}, which has characters that Apache's configuration can't hold.")
    return "/".join(part for part in parts if part)


def check_present(files: str | None, public_folder: str, front_controller: str) -> None:
    """Refuse a front controller that the site's files lack; whether they have the public folder, the upload checks."""
    if not files or not Path(files).is_dir():
        return
    root = Path(files, public_folder)
    if front_controller and not (root / front_controller).is_file():
        raise SettingsError(f"site_front_controller is {front_controller}, but {root} has no such file.")


def check_answers(front_controller: str, htaccess: bool) -> None:
    """Refuse two answers to the same question."""
    if front_controller and htaccess:
        raise SettingsError(
            f"site_front_controller is {front_controller} and site_htaccess is true; choose one: the .htaccess files "
            "say by themselves what answers paths that are no file."
        )


def check_packages(names: t.Iterable[str]) -> None:
    """Refuse what can't be the name of a package."""
    for name in names:
        if not _PACKAGE.match(name):
            raise SettingsError(f"site_packages names {name!r}, which is not the name of a package.")


def shared_by_php(shared: t.Iterable[str], allowed: t.Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the shared paths in which PHP files may be asked for, and the others; refuse an exception that is none."""
    paths = [inside("site_shared_paths", path) for path in shared]
    exceptions = [inside("site_php.shared_paths", path) for path in allowed]
    for path in exceptions:
        if path not in paths:
            raise SettingsError(f"site_php.shared_paths names {path}, which is none of site_shared_paths.")
    return sorted(set(exceptions)), sorted(set(paths) - set(exceptions))
