# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules as ansible-core has built them in an earlier run, so that this run need not build them again.

PRIVATE to the collection. What each task needs is here; what is needed once a run is `_built_store`.

ansible-core gathers a module and all that it imports of `module_utils` in an archive. It does so once a run, which
costs 0.1 s of processor time for each module, and keeps the archives in the run's own temporary folder. From there
they are linked into a folder that stays, and from that one into the next run's, as they are.
"""

from __future__ import annotations

import contextlib
import os
import typing as t
from pathlib import Path

import ansible
from ansible import constants
from ansible.plugins.loader import module_utils_loader

if t.TYPE_CHECKING:
    from collections.abc import Iterable

_MARK = ".restored"
"""The file in a run's folder that says since when what was kept is linked there. Links have a second name."""


def restore() -> None:
    """Put what is kept, if it is as it would be built now, where ansible-core will find it. Once a run."""
    run = _run_folder()
    mark = run / _MARK
    if _is_overridden():
        _take_back(run)
    elif not mark.exists():
        from ._built_store import link_valid

        run.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # another worker does it
            mark.touch(exist_ok=False)
            link_valid(_kept_folder(), run)


def keep(payload: bytes) -> None:
    """Keep the module of this payload, if it has been built in this run."""
    mark = _run_folder() / _MARK
    for path in _archives(mark.parent, linked=False) if mark.exists() else ():
        if f"module_fqn={path.name.partition('-')[0]!r}".encode() in payload:
            from ._built_store import keep_one

            keep_one(_kept_folder(), path, payload, mark.stat().st_mtime_ns)


def _kept_folder() -> Path:
    return Path(constants.config.get_config_value("ANSIBLE_HOME")) / "built_modules"


def _run_folder() -> Path:
    """Return where ansible-core keeps what this run has built."""
    return Path(constants.DEFAULT_LOCAL_TMP) / "ansiballz_cache"


def _archives(run: Path, *, linked: bool) -> Iterable[Path]:
    """Yield what is kept of a run's archives, or what is not."""
    for path in run.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another worker's, unfinished
            if not path.name.endswith((_MARK, ".lock")) and (path.stat().st_nlink > 1) == linked:
                yield path


def _is_overridden() -> bool:
    """Tell whether there are folders of module_utils beside ansible-core's and the collections'."""
    own = Path(ansible.__file__).parent / "module_utils"
    paths = [Path(path) for path in module_utils_loader.print_paths().split(os.pathsep)]
    return any(path.is_dir() and path != own for path in paths)


def _take_back(run: Path) -> None:
    """Let ansible-core build anew what is kept."""
    if (run / _MARK).exists():
        for path in list(_archives(run, linked=True)):
            path.unlink(missing_ok=True)
        (run / _MARK).unlink(missing_ok=True)
