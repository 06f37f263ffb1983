# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder in which built modules stay from one run to the next.

PRIVATE to the collection.

Built modules are in a folder that is named by the packages which they were gathered from: where these are, and when
any file in them was changed (ctime, which no copying sets back). As with Python's .pyc files, that is all that is
looked at.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import json
import os
import re
import shutil
import sys
import typing as t
import zipfile
from pathlib import Path

from ansible.release import __version__

from ._background import is_private
from ._warm_task import archive_of

if t.TYPE_CHECKING:
    from collections.abc import Iterable

_PACKAGES = "packages.json"
_PARTS = ("modules", "module_utils", "plugins/modules", "plugins/module_utils", "meta")
"""What of a package a built module may come from, or be redirected by."""
_BUILT = re.compile(r"(ansible\.modules\.\w+|ansible_collections\.\w+\.\w+\.plugins\.modules\.[\w.]+)-[A-Z_]+-none")
"""The file of a module whose source its name tells: not those of roles and playbooks, which share their names."""
_COLLECTION = re.compile(r"ansible_collections/(\w+)/(\w+)/")
_MOST_FOLDERS = 16


def link_valid(kept: Path, run: Path) -> None:
    """Link the modules whose packages have not changed into a run's folder."""
    for folder in _valid_folders(kept):
        for path in folder.iterdir():
            if _BUILT.fullmatch(path.name):
                with contextlib.suppress(OSError):  # another worker has built it, or links are not possible
                    (run / path.name).hardlink_to(path)


def keep_one(kept: Path, path: Path, payload: bytes, began: int) -> None:
    """Keep a module that a run has built which began then, in ns; `payload` is made of it."""
    if not _BUILT.fullmatch(path.name):
        return
    # What cannot be read or written is built anew in the next run.
    with contextlib.suppress(OSError, ImportError):
        packages = _packages(payload)
        place, state, changed = _fingerprint(packages)
        # What has been changed since the run began may not be what was built.
        if changed < began:
            _keep(path, kept / f"{place}-{state}", packages)


def _valid_folders(kept: Path) -> Iterable[Path]:
    """Yield the folders whose packages have not changed; remove those whose packages have."""
    for folder in kept.glob("*-*") if is_private(kept) else ():
        try:
            place, state, _changed = _fingerprint(json.loads((folder / _PACKAGES).read_text()))
        except (OSError, ValueError, ImportError):  # half written, or a collection that this run does not have
            continue
        if folder.name == f"{place}-{state}":
            os.utime(folder)
            yield folder
        elif folder.name.startswith(f"{place}-"):
            shutil.rmtree(folder, ignore_errors=True)


def _packages(payload: bytes) -> list[str]:
    """Return the packages whose files a payload's archive holds."""
    with zipfile.ZipFile(io.BytesIO(archive_of(payload))) as archive:
        matches = map(_COLLECTION.match, archive.namelist())
    return ["ansible", *sorted({f"ansible_collections.{match[1]}.{match[2]}" for match in matches if match})]


def _fingerprint(packages: Iterable[str]) -> tuple[str, str, int]:
    """Return where packages are, as a digest, their state, as another, and when they were changed, in ns."""
    roots = [importlib.import_module(package).__path__[0] for package in packages]
    files = sorted(_changes(Path(root) / part for root in roots for part in _PARTS))
    return (
        _digest([__version__, sys.version, *roots]),
        _digest(files),
        max(changed for _path, changed in files),
    )


def _changes(folders: Iterable[Path]) -> Iterable[tuple[str, int]]:
    """Yield when each folder and file in these folders was changed."""
    for folder in folders:
        for path, names, files in os.walk(folder, followlinks=True):
            names[:] = [name for name in names if name != "__pycache__"]
            for name in ("", *files):
                file = os.path.join(path, name)  # noqa: PTH118 (hundreds, and pathlib takes its time)
                yield file, os.stat(file).st_ctime_ns  # noqa: PTH116


def _digest(value: t.Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:20]


def _keep(path: Path, folder: Path, packages: list[str]) -> None:
    """Give a built module a second name in a folder, which is made if it is not there."""
    kept = folder.parent
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_private(kept):
        return
    if not folder.exists():
        for oldest in sorted(kept.glob("*-*"), key=lambda each: each.stat().st_mtime)[: 1 - _MOST_FOLDERS]:
            shutil.rmtree(oldest, ignore_errors=True)
        folder.mkdir(exist_ok=True)
    if not (folder / _PACKAGES).exists():
        unfinished = folder / f"{_PACKAGES}.{os.getpid()}"
        unfinished.write_text(json.dumps(packages))
        unfinished.replace(folder / _PACKAGES)
    (folder / path.name).hardlink_to(path)
