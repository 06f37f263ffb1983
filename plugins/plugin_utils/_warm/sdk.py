# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the AWS SDK reads of its own files, read once.

PRIVATE to the collection. Runs under any Python from 3.9, with or without the SDK.

A client's service model is a megabyte of JSON, and to find it the SDK lists a thousand folders. Both are as
constant as the SDK's code. A user's own models (`~/.aws/models`, AWS_DATA_PATH) are always read anew.
"""

from __future__ import annotations

import os
import sys
import typing as t

Listing = tuple[tuple[str, ...], str]
"""Folders, and the kind of model that was looked for in them."""


_REPLACED = (("JSONFileLoader", "load_file"), ("Loader", "list_available_services"), ("Loader", "search_paths"))
"""What of `botocore.loaders` is replaced, or used by what replaces it: all names of botocore that are relied on."""


def _is_known(loaders: t.Any) -> bool:
    """Tell whether botocore has these names still; another one reads its files as it does."""
    return all(hasattr(getattr(loaders, owner, None), name) for owner, name in _REPLACED)


class Data:
    """Parsed files and listings."""

    def __init__(self) -> None:
        self._files: dict[str, t.Any] = {}
        self._listings: dict[Listing, list[str]] = {}
        self._read: list[str] = []
        self._listed: list[Listing] = []

    def report(self) -> dict[str, t.Any]:
        """Return what was asked for and was not there; called in the fork."""
        return {"files": self._read, "listings": self._listed}

    def record_imports(self, report: dict[str, t.Any]) -> None:
        """Read and list what was asked for."""
        loaders = sys.modules.get("botocore.loaders")
        if not loaders or not _is_known(loaders):
            return
        for path in report["files"]:
            if path not in self._files and self._is_own(path):
                self._files[path] = loaders.JSONFileLoader().load_file(path)
        for paths, kind in report["listings"]:
            if all(map(self._is_own, paths)):
                loader = loaders.Loader(extra_search_paths=list(paths), include_default_search_paths=False)
                self._listings[tuple(paths), kind] = loader.list_available_services(kind)

    def install(self) -> None:
        """Give the SDK what was read; called in the fork, when the SDK has been imported."""
        loaders = sys.modules.get("botocore.loaders")
        if not loaders or not _is_known(loaders):
            return
        load_file = loaders.JSONFileLoader.load_file
        list_services = loaders.Loader.list_available_services

        def load(loader: t.Any, path: str) -> t.Any:
            # Once only: who loads it again is to get another one, for the SDK changes what it has loaded.
            found = self._files.pop(path, None)
            if found is None:
                found = load_file(loader, path)
                if found is not None:
                    self._read.append(path)
            return found

        def services(loader: t.Any, type_name: str) -> t.Any:
            paths = tuple(path for path in loader.search_paths if os.path.isdir(path))  # noqa: PTH112
            found = self._listings.get((paths, type_name))
            if found is None:
                found = list_services(loader, type_name)
                self._listed.append((paths, type_name))
            return list(found)

        loaders.JSONFileLoader.load_file = load
        loaders.Loader.list_available_services = services

    @staticmethod
    def _is_own(path: str) -> bool:
        """Tell whether a path belongs to the SDK's packages."""
        packages = (sys.modules.get("botocore"), sys.modules.get("boto3"))
        return any(path.startswith(str(package.__path__[0]) + os.sep) for package in packages if package)
