# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules as ansible-core has built them in an earlier run, so that this run need not build them again.

PRIVATE to the collection. What each task needs is here; what is needed once a run is `_built.store`.

ansible-core gathers a module and all that it imports of `module_utils` in an archive. It does so once a run, which
costs 0.1 s of processor time for each module, and keeps the archives in the run's own temporary folder. From there
they are linked into a folder that stays, and from that one into the next run's, as they are.
"""

from __future__ import annotations

import contextlib
import typing as t
from pathlib import Path

import ansible
from ansible import constants
from ansible.utils.display import Display

from .._warm import private_core as core

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MARK = ".restored"
"""The file in a run's folder that says since when what was kept is linked there. Links have a second name."""


def restore() -> None:
    """Put what is kept, if it is as it would be built now, where ansible-core will find it. Once a run."""
    with _told():
        run = core.run_folder()
        mark = run / _MARK
        if _is_overridden():
            _take_back(run)
        elif not mark.exists():
            from .store import link_valid

            run.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):  # another worker does it
                mark.touch(exist_ok=False)
                link_valid(_kept_folder(), run)


def keep(payload: bytes) -> None:
    """Keep the module of this payload, if it has been built in this run."""
    with _told():
        mark = core.run_folder() / _MARK
        if not core.is_wrapped(payload) or not mark.exists():
            return
        name = core.module_name(payload)
        own = [path for path in _archives(mark.parent) if path.name.partition("-")[0] == name]
        if not own:
            raise core.GoneError(f"it keeps what it has built elsewhere than in {mark.parent.name}")
        for path in own:
            if not _is_linked(path):
                from .store import keep_one

                keep_one(_kept_folder(), path, payload, mark.stat().st_mtime_ns)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Warn of an ansible-core that is another than is known. It shows the same warning once a run."""
    try:
        yield
    except core.GoneError as error:
        Display().warning(core.warning("Modules are built anew in each run", str(error)))


def _kept_folder() -> Path:
    return Path(constants.config.get_config_value("ANSIBLE_HOME")) / "built_modules"


def _archives(run: Path) -> Iterable[Path]:
    """Yield a run's archives."""
    return (path for path in run.iterdir() if not path.name.endswith((_MARK, core.LOCK_SUFFIX)))


def _is_linked(path: Path) -> bool:
    """Tell whether an archive is kept; not if it is another worker's, unfinished, and gone."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_nlink > 1
    return True


def _is_overridden() -> bool:
    """Tell whether there are folders of module_utils beside ansible-core's and the collections'."""
    own = Path(ansible.__file__).parent / "module_utils"
    return any(path.is_dir() and path != own for path in core.folders_of_module_utils())


def _take_back(run: Path) -> None:
    """Make ansible-core build anew what is kept."""
    if (run / _MARK).exists():
        for path in list(_archives(run)):
            if _is_linked(path):
                path.unlink(missing_ok=True)
        (run / _MARK).unlink(missing_ok=True)
