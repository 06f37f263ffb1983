# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a terminal who runs `ansible-playbook`, and what they see. The terminal is emulated by pyte."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pyte

ROOT = Path(__file__).parents[4]
BOUND = 180.0
"""Seconds until a test gives up, on a machine that is busy."""
PROGRAM = [sys.executable, "-m", "ansible", "playbook"]


def environment(folder: Path, changes: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a run that depends on nobody's configuration."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {
        **kept,
        # The interpreter that Ansible discovers is this one: another may be a shim that runs nothing.
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections"),
        "ANSIBLE_STDOUT_CALLBACK": "hasite.aws.progress",
        "ANSIBLE_PROGRESS_LIVE_AFTER": "0",
        "ANSIBLE_PROGRESS_SLOWEST": "0",
        "ANSIBLE_ASYNC_DIR": str(folder / "async"),
        "ANSIBLE_PIPELINING": "true",
        "PYTHONUNBUFFERED": "1",
        "TERM": "xterm-256color",
        **changes,
    }


def piped(folder: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run to the end without a terminal."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=environment(folder, changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BOUND,
        check=False,
    )


class Person:
    """Somebody at a terminal of `columns` by `lines`."""

    def __init__(self, folder: Path, *arguments: str, columns: int = 80, lines: int = 24, **changes: str) -> None:
        self.screen = pyte.HistoryScreen(columns, lines, history=2000)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self._end, self.terminal = pty.openpty()
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.modes = termios.tcgetattr(self.terminal)
        self._process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=folder,
            env=environment(folder, changes),
            stdin=self.terminal,
            stdout=self.terminal,
            stderr=self.terminal,
            preexec_fn=_own_terminal,
        )

    def types(self, text: str) -> None:
        """Press keys."""
        os.write(self._end, text.encode())

    def answers(self, text: str) -> int:
        """Press keys until the program has ended; return its exit status.

        ansible-core throws away what is pressed between its prompt and the moment from which it reads
        (`Display.prompt_until` flushes the terminal's input), so a person presses again.
        """
        deadline = time.monotonic() + BOUND
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"it did not end in time:\n{self.everything()}"
            self.types(text)
            self._look()
        return self.waits()

    def sees(self, seen: Callable[[str], bool]) -> None:
        """Look until the screen is so."""
        deadline = time.monotonic() + BOUND
        while not seen(self.screenful()):
            assert time.monotonic() < deadline, f"it was not seen in time:\n{self.everything()}"
            assert self._look() or self._process.poll() is None, f"the program ended:\n{self.everything()}"

    def waits(self) -> int:
        """Look until the program has ended, and return its exit status."""
        deadline = time.monotonic() + BOUND
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"it did not end in time:\n{self.everything()}"
            self._look()
        while self._look():
            pass
        return self._process.returncode

    def leaves(self) -> None:
        """End the program if it runs, and close the terminal."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self.terminal)
        os.close(self._end)

    def screenful(self) -> str:
        """Return what is on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def everything(self) -> str:
        """Return what has scrolled off the screen, and what is on it."""
        gone = ("".join(line[column].data for column in range(self.screen.columns)) for line in self.screen.history.top)
        return "\n".join([*(line.rstrip() for line in gone), self.screenful()])

    def _look(self) -> bool:
        readable, _, _ = select.select([self._end], [], [], 0.1)
        if readable:
            data = os.read(self._end, 65536)
            self.raw += data
            self._stream.feed(data)
        return bool(readable)


def _own_terminal() -> None:
    """Make the terminal of stdin the controlling one, so that Ctrl-C reaches the program."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
