# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules as ansible-core has built them in an earlier run, so that this run need not build them again.

PRIVATE to the collection.

ansible-core gathers a module and all that it imports of `module_utils` in an archive. It does so once a run, which
costs 0.1 s of processor time for each module, and keeps the archives in the run's own temporary folder. From there
they are linked into a folder that stays, and from that one into the next run's, as they are.

A folder of built modules is named by the packages that they were gathered from: where these are, and when any file
in them was changed (ctime, which no copying sets back). As with Python's .pyc files, nothing else is looked at.
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

import ansible
from ansible import constants
from ansible.plugins.loader import module_utils_loader
from ansible.release import __version__

from ._background import is_private
from ._warm_task import archive_of

if t.TYPE_CHECKING:
    from collections.abc import Iterable

_MARK = ".restored"
"""The file in a run's folder that says that all which was kept is there, and names it."""
_PACKAGES = "packages.json"
_PARTS = ("modules", "module_utils", "plugins/modules", "plugins/module_utils", "meta")
"""What of a package a built module may come from, or be redirected by."""
_BUILT = re.compile(r"(ansible\.modules\.\w+|ansible_collections\.\w+\.\w+\.plugins\.modules\.[\w.]+)-[A-Z_]+-none")
"""The file of a module whose source its name tells: not those of roles and playbooks, which share their names."""
_COLLECTION = re.compile(r"ansible_collections/(\w+)/(\w+)/")
_MOST_FOLDERS = 16


def restore() -> None:
    """Put what is kept, if it is as it would be built now, where ansible-core will find it. Once a run."""
    run = _run_folder()
    mark = run / _MARK
    if _is_overridden():
        _take_back(mark)
    elif not mark.exists():
        run.mkdir(parents=True, exist_ok=True)
        names = [name for folder in _valid_folders(_kept_folder()) for name in _link_all(folder, run)]
        mark.write_text("\n".join(names))


def keep(payload: bytes) -> None:
    """Keep the module of this payload, if it has been built in this run."""
    run = _run_folder()
    mark = run / _MARK
    for path in _built_now(run) if mark.exists() else ():
        if f"module_fqn={path.name.partition('-')[0]!r}".encode() not in payload:
            continue
        packages = _packages(payload)
        place, state, changed = _fingerprint(packages)
        # What has been changed since the run began may not be what was built.
        if changed < mark.stat().st_mtime_ns:
            _keep(path, _kept_folder() / f"{place}-{state}", packages)


def _kept_folder() -> Path:
    return Path(constants.config.get_config_value("ANSIBLE_HOME")) / "built_modules"


def _run_folder() -> Path:
    """Return where ansible-core keeps what this run has built."""
    return Path(constants.DEFAULT_LOCAL_TMP) / "ansiballz_cache"


def _is_overridden() -> bool:
    """Tell whether there are folders of module_utils beside ansible-core's and the collections'."""
    own = Path(ansible.__file__).parent / "module_utils"
    paths = [Path(path) for path in module_utils_loader.print_paths().split(os.pathsep)]
    return any(path.is_dir() and path != own for path in paths)


def _take_back(mark: Path) -> None:
    """Let ansible-core build anew what it has not built itself."""
    with contextlib.suppress(FileNotFoundError):
        for name in mark.read_text().splitlines():
            (mark.parent / name).unlink(missing_ok=True)
        mark.unlink()


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


def _link_all(folder: Path, run: Path) -> Iterable[str]:
    for path in folder.iterdir():
        if _BUILT.fullmatch(path.name):
            # Another worker may do the same, or have built it.
            with contextlib.suppress(OSError):
                (run / path.name).hardlink_to(path)
                yield path.name


def _built_now(run: Path) -> list[Path]:
    """Return what this run has built: what is kept has a second name."""
    return [path for path in run.iterdir() if _BUILT.fullmatch(path.name) and path.stat().st_nlink == 1]


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
    with contextlib.suppress(OSError):  # another run has kept it, or links are not possible
        if not (folder / _PACKAGES).exists():
            unfinished = folder / f"{_PACKAGES}.{os.getpid()}"
            unfinished.write_text(json.dumps(packages))
            unfinished.replace(folder / _PACKAGES)
        (folder / path.name).hardlink_to(path)
