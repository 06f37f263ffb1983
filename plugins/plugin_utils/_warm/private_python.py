# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All private names of CPython that a warm interpreter uses.

PRIVATE to the collection. Runs under any Python from 3.9, which all have these names (3.14 too).
A Python without one of them keeps no interpreter warm, and says which name it lacks.
"""

from __future__ import annotations

import _imp
import atexit
import threading
import typing as t

if t.TYPE_CHECKING:
    import types

_NAMES: tuple[tuple[types.ModuleType, str], ...] = (
    (_imp, "_fix_co_filename"),
    (threading, "_shutdown"),
    (atexit, "_run_exitfuncs"),
)


def missing() -> str:
    """Return what this Python lacks, as a clause; "" if nothing."""
    lacking = [f"{module.__name__}.{name}" for module, name in _NAMES if not hasattr(module, name)]
    return f"this Python has no {' and no '.join(lacking)}" if lacking else ""


def set_file_name(code: types.CodeType, path: str) -> None:
    """Change the file that a code object and those in it come from, as importlib does with a moved .pyc file."""
    _imp._fix_co_filename(code, path)  # type: ignore[attr-defined]


def wait_for_threads() -> None:
    """Wait for the threads that are no daemons, as Python does before it ends."""
    threading._shutdown()  # type: ignore[attr-defined]


def call_exit_functions() -> None:
    """Call what was registered with `atexit`, the last one first."""
    atexit._run_exitfuncs()
