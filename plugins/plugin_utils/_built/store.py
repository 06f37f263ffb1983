# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder in which built modules stay from one run to the next.

PRIVATE to the collection.

Built modules are in a folder that is named by the packages which they were gathered from: where these are, and when
any file in them was changed (ctime, which no copying sets back). As with Python's .pyc files, that is all that is
looked at.

They are pickles of ansible-core, which made them for a folder that ends with its run. Here they outlive it, and may
come back from where others could write, a cache of a build server say. So each has a code beside it (a keyed BLAKE2),
whose key is not in ANSIBLE_HOME, and one without is never linked to where ansible-core unpickles it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import importlib
import io
import json
import os
import re
import secrets
import shutil
import sys
import typing as t
import zipfile
from pathlib import Path

from ansible.release import __version__

from .._ipc.background import is_private
from .._warm.private_core import BUILT, SOURCES
from .._warm.task import archive_of

if t.TYPE_CHECKING:
    from collections.abc import Iterable

_PACKAGES = "packages.json"
_COLLECTION = re.compile(r"ansible_collections/(\w+)/(\w+)/")
_MOST_FOLDERS = 16
_CODE = ".code"
_KEY_BYTES = 32


def link_valid(kept: Path, run: Path) -> None:
    """Link the modules whose packages have not changed into a run's folder."""
    key = _key()
    for folder in _valid_folders(kept) if key else ():
        for path in folder.iterdir():
            if BUILT.fullmatch(path.name) and _is_own(path, key):
                with contextlib.suppress(OSError):  # another worker has built it, or links are not possible
                    (run / path.name).hardlink_to(path)


def keep_one(kept: Path, path: Path, payload: bytes, began: int) -> None:
    """Keep a module that a run has built which began then, in ns; `payload` is made of it."""
    if not BUILT.fullmatch(path.name):
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
    files = sorted(_changes(Path(root) / part for root in roots for part in SOURCES))
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
    # The code first: it says what is to be found, and whoever finds no file or another one builds it.
    if key := _key():
        unfinished = folder / f"{path.name}{_CODE}.{os.getpid()}"
        unfinished.write_text(_code(path, folder, key))
        unfinished.replace(folder / f"{path.name}{_CODE}")
        (folder / path.name).unlink(missing_ok=True)
        (folder / path.name).hardlink_to(path)


def _is_own(path: Path, key: bytes) -> bool:
    """Tell whether a kept file is as this user has kept it."""
    try:
        said = path.with_name(path.name + _CODE).read_text()
        return hmac.compare_digest(said, _code(path, path.parent, key))
    except (OSError, ValueError, TypeError):
        return False


def _code(path: Path, folder: Path, key: bytes) -> str:
    """Return the code of a file's content under its name, in its folder."""
    bound = f"{folder.name}/{path.name}\0".encode()
    return hashlib.blake2b(bound + path.read_bytes(), key=key, digest_size=32).hexdigest()


def _key() -> bytes:
    """Return this user's key, made at its first use; nothing when it cannot be kept or others could read it."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    file = state / "hasite.aws" / "built_modules.key"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_private(file.parent):
            return b""
        if not file.exists():
            unfinished = file.with_name(f"{file.name}.{secrets.token_hex(6)}")
            unfinished.touch(mode=0o600, exist_ok=False)
            unfinished.write_bytes(secrets.token_bytes(_KEY_BYTES))
            with contextlib.suppress(FileExistsError):  # another worker has made it
                file.hardlink_to(unfinished)
            unfinished.unlink()
        key = file.read_bytes()
        return key if len(key) == _KEY_BYTES and not file.stat().st_mode & 0o077 else b""
    except (OSError, RuntimeError):
        return b""
