# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports from a payload's archive, with code that was compiled and modules that were imported before.

PRIVATE to the collection. Runs under any Python from 3.9.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import sys
import types
import typing as t
import zipimport
from dataclasses import dataclass, field

from .private_python import set_file_name

Codes = dict[tuple[str, bytes], types.CodeType]
"""Compiled sources, by their path in an archive and the digest of their text."""


@dataclass
class Base:
    """Modules of the package `ansible` that have been imported from an archive which is gone."""

    archive: str = ""
    modules: dict[str, types.ModuleType] = field(default_factory=dict)


class Importer(zipimport.zipimporter):
    """Python's own importer of archives, but what has been compiled or imported is not compiled or imported again."""

    codes: t.ClassVar[Codes] = {}
    base: t.ClassVar[Base] = Base()

    @classmethod
    def install(cls, codes: Codes, base: Base) -> None:
        """Take the place of Python's importer."""
        cls.codes = codes
        cls.base = base
        sys.path_hooks.insert(0, cls)

    @classmethod
    def uninstall(cls) -> None:
        """Give the place back."""
        sys.path_hooks.remove(cls)
        for path in [path for path, finder in sys.path_importer_cache.items() if isinstance(finder, cls)]:
            del sys.path_importer_cache[path]

    def get_filename(self, fullname: str) -> str:
        """Return the path of a module's source; Python's own importer compiles it to know that."""
        name = f"{self.archive}/{self.prefix}{fullname.rpartition('.')[2]}"
        return f"{name}/__init__.py" if self.is_package(fullname) else f"{name}.py"

    def get_code(self, fullname: str) -> types.CodeType:
        """Return a module's code, as if it had been compiled from this archive."""
        path = self.get_filename(fullname)
        try:
            digest = hashlib.sha256(self.get_data(path)).digest()
        except OSError:
            return super().get_code(fullname)  # there is no source
        code = self.codes.get((path[len(self.archive) + 1 :], digest))
        if code is None:
            return super().get_code(fullname)
        set_file_name(code, path)
        return code

    def find_spec(self, fullname: str, target: types.ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        """Find a module; with the package `ansible` comes what is there of it."""
        if fullname in self.base.modules and fullname not in sys.modules:
            self._restore()
            return importlib.util.spec_from_loader(fullname, _Present(sys.modules[fullname]))  # type: ignore[arg-type]  # a protocol
        try:
            path = self.get_filename(fullname)
        except zipimport.ZipImportError:
            return self._find_folder(fullname)
        places = [path.rpartition("/")[0]] if self.is_package(fullname) else None
        return importlib.util.spec_from_file_location(fullname, path, loader=self, submodule_search_locations=places)

    def _restore(self) -> None:
        """Make the imported modules look as if they came from this archive, of which they are a part."""
        old, new = self.base.archive, self.archive
        importers: set[Importer] = set()
        for name, module in self.base.modules.items():
            sys.modules[name] = module
            spec = module.__spec__
            if not spec or not isinstance(spec.loader, Importer):
                continue  # it has put another module in its place, as module_utils.distro does
            importers.add(spec.loader)
            spec.origin = module.__file__ = (spec.origin or "").replace(old, new, 1)
            if spec.cached:
                spec.cached = module.__cached__ = spec.cached.replace(old, new, 1)
            if spec.submodule_search_locations:
                module.__path__ = spec.submodule_search_locations = [
                    path.replace(old, new, 1) for path in spec.submodule_search_locations
                ]
        for importer in importers:
            importer.__init__(f"{new}/{importer.prefix}")  # type: ignore[misc]  # it reads its archive again
        self.base.archive = new
        for (path, _digest), code in self.codes.items():
            if code.co_filename.startswith(old):
                set_file_name(code, f"{new}/{path}")
        self.base.modules = {}

    def _find_folder(self, fullname: str) -> importlib.machinery.ModuleSpec | None:
        """Find a folder without code."""
        if sys.version_info >= (3, 10):
            return super().find_spec(fullname)
        portions = self.find_loader(fullname)[1]
        if not portions:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = portions
        return spec

    if sys.version_info < (3, 10):

        def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
            """Leave it to Python to create the module."""

        def exec_module(self, module: types.ModuleType) -> None:
            """Run a module's code."""
            exec(self.get_code(module.__name__), module.__dict__)  # noqa: S102 (it is what an importer does)


class _Present:
    """The loader of a module that has been loaded."""

    def __init__(self, module: types.ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return self._module

    def exec_module(self, module: types.ModuleType) -> None:
        module.__spec__ = self._spec
        module.__loader__ = self._spec.loader if self._spec else None
