# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a fork of a warm interpreter becomes what `python <module` is: a process of its own that runs a module.

PRIVATE to the collection. Runs under any Python from 3.9.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import os
import signal
import sys
import time
import types
import typing as t
from importlib.machinery import BuiltinImporter

from . import private_python as python
from .task import Task

if t.TYPE_CHECKING:
    from collections.abc import Callable


_SIGNALS = {
    number: signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
}
"""As the interpreter was started: who starts it may ignore some, as nohup does."""


def run(task: Task, streams: tuple[int, int, int], prepare: Callable[[], None]) -> int:
    """Run a module and return its exit status."""
    try:
        _detach(streams)
        _surround(task)
        prepare()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    status = _execute(task.payload)
    return _finish(status)


def _detach(streams: tuple[int, int, int]) -> None:
    """Leave the interpreter: its signals, its session, its files."""
    signal.set_wakeup_fd(-1)
    for number, handler in _SIGNALS.items():
        signal.signal(number, handler)
    os.setsid()
    for target, source in enumerate(streams):
        os.dup2(source, target)
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 (numbers, not paths)
        if int(name) > 2:
            with contextlib.suppress(OSError):  # the listing's own
                os.close(int(name))


def _surround(task: Task) -> None:
    """Give the module its surroundings."""
    os.environb.clear()
    os.environb.update(task.environ)
    time.tzset()
    os.umask(task.umask)
    os.chdir(task.cwd)
    _correct_pwd()
    sys.path.insert(0, "")
    sys.argv = [""]
    sys.orig_argv = [sys.executable]
    gc.enable()


def _correct_pwd() -> None:
    """Set PWD to the working directory, as a shell does before it starts a program."""
    with contextlib.suppress(OSError):
        if os.path.samefile(os.environ.get("PWD", ""), "."):  # noqa: PTH121 (pathlib is not imported for one path)
            return
    os.environ["PWD"] = os.getcwd()  # noqa: PTH109


def _execute(payload: bytes) -> int:
    """Run the payload as Python runs what it reads from standard input."""
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, __file__="<stdin>", __cached__=None, __loader__=BuiltinImporter)
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    sys.modules["__main__"] = main
    try:
        exec(compile(payload, "<stdin>", "exec", dont_inherit=True), main.__dict__)  # noqa: S102 (the task)
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
        return 1
    except BaseException as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next  # without this function
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


def _finish(status: int) -> int:
    """End as Python ends, but for taking everything apart, which would cost more than all before."""
    python.wait_for_threads()
    python.call_exit_functions()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream and not stream.closed:
                stream.flush()
        except (OSError, ValueError):
            status = status or 120
    return status & 0xFF
