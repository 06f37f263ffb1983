# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""What a warm interpreter knows when it forks: imported modules, compiled sources, the AWS SDK's parsed data.

PRIVATE to the collection. Runs under any Python from 3.9, on the controller or on a machine.

A module's payload brings all of its own code, so nothing of it is ever taken from elsewhere: a source is known by
its content, and what is kept is the result of compiling it. Only ansible-core's base, which is in every payload, is
kept as imported modules; a payload whose base differs by a byte is refused (`OtherBaseError`).
The standard library and the SDK are imported once a module has imported them, and as long as they are unchanged.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib
import io
import os
import shutil
import sys
import sysconfig
import tempfile
import types
import typing as t
import zipfile

from . import sdk
from .imports import Base, Codes, Importer
from .private_core import BASE
from .task import archive_of

_SDK = frozenset(("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"))
_MOST_SOURCES = 10_000


class OtherBaseError(Exception):
    """The payload belongs to another ansible-core than the modules that are imported."""


class OutdatedError(Exception):
    """Packages were installed or removed since this process began."""


class Memory:
    """What is kept from one module to the next."""

    def __init__(self) -> None:
        self.codes: Codes = {}
        self.base = Base()
        self.data = sdk.Data()
        self._base_digests: dict[str, bytes] = {}
        self._packages = _package_folders()
        self._library = tuple(f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "platstdlib"))
        self._known: set[bytes] = set()
        """The digests of the archives that were seen."""

    def preload(self, payload: bytes) -> None:
        """Compile what is new in a payload, before the fork that runs it."""
        if _package_folders() != self._packages:
            raise OutdatedError
        archive = archive_of(payload)
        if not archive:
            return
        digest = hashlib.sha256(archive).digest()
        if digest in self._known:
            return
        if len(self.codes) > _MOST_SOURCES:
            self.codes.clear()
            self._known.clear()
        digests = self._compile(archive)
        if not self.base.modules:
            self._import_base(archive, digests)
        elif any(digests.get(name) != of for name, of in self._base_digests.items()):
            raise OtherBaseError
        self._known.add(digest)
        _settle()

    def record_imports(self, report: dict[str, t.Any]) -> None:
        """Import and read what a module has imported and read."""
        for name in report["modules"]:
            # An import that works nowhere but in the module is the module's own affair.
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        self.data.record_imports(report["data"])
        if report["modules"] or any(report["data"].values()):
            _settle()

    def library_imports(self, before: frozenset[str]) -> list[str]:
        """Return what of the standard library and the SDK was imported since; called in the fork."""
        return [
            name
            for name, module in list(sys.modules.items())
            if name not in before and (name.partition(".")[0] in _SDK or self._is_library(module))
        ]

    def _is_library(self, module: types.ModuleType) -> bool:
        origin = getattr(getattr(module, "__spec__", None), "origin", None) or ""
        return origin.startswith(self._library) and "-packages" + os.sep not in origin

    def _compile(self, archive: bytes) -> dict[str, bytes]:
        """Compile an archive's new sources, and return the digest of each by the module's name."""
        digests = {}
        with zipfile.ZipFile(io.BytesIO(archive)) as members:
            for path in members.namelist():
                if not path.endswith(".py"):
                    continue
                source = members.read(path)
                digest = hashlib.sha256(source).digest()
                digests[path[:-3].replace("/", ".").replace(".__init__", "")] = digest
                if (path, digest) not in self.codes:
                    # What does not compile will say so where it is imported.
                    with contextlib.suppress(SyntaxError, ValueError):
                        self.codes[path, digest] = compile(source, path, "exec", dont_inherit=True)
        return digests

    def _import_base(self, archive: bytes, digests: dict[str, bytes]) -> None:
        folder = tempfile.mkdtemp(prefix="ansible_base_")
        try:
            path = os.path.join(folder, "base.zip")  # noqa: PTH118 (pathlib is not imported for one path)
            with open(path, "wb") as file:  # noqa: PTH123
                file.write(archive)
            Importer.install(self.codes, Base())
            sys.path.insert(0, path)
            try:
                for name in BASE:
                    importlib.import_module(name)
            finally:
                sys.path.remove(path)
                Importer.uninstall()
        finally:
            shutil.rmtree(folder)
            tempfile.tempdir = None
            # Also of a base that cannot be imported nothing is left for the next one.
            modules = {name: sys.modules.pop(name) for name in _of_ansible()}
        self.base.modules.update(modules)
        self.base.archive = path
        self._base_digests = {name: digests[name] for name in self.base.modules if name in digests}


def _of_ansible() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] == "ansible"]


def _package_folders() -> list[tuple[str, int]]:
    """Return the state of the folders that packages are in: installing or removing one changes them."""
    folders = []
    for path in (sys.executable, *sys.path):
        with contextlib.suppress(OSError):
            folders.append((path, os.stat(path).st_mtime_ns))  # noqa: PTH116
    return folders


def _settle() -> None:
    """Take what is kept out of the collector's sight, so that the forks go on sharing its pages."""
    gc.collect()
    gc.freeze()
