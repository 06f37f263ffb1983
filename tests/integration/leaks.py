# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for words that have to stay secret: in what runs, in what a run has said, and in what it has left."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PAUSE = 0.05
"""Between two looks at the processes, in seconds."""


@contextmanager
def arguments_seen(words: Iterable[str]) -> Iterator[list[str]]:
    """Look at the arguments of all processes, the machines' too, while the block runs; yield those that have a word.

    Everybody may read them, and whoever waits for a short one needs luck: so do we, and look as often as we can.
    """
    sought = [word.encode() for word in words]
    found: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(_PAUSE):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    data = (process / "cmdline").read_bytes()
                    found.extend(repr(data[:300]) for word in sought if word in data)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield found
    finally:
        over.set()
        looking.join()


def files_with(words: Iterable[str], folders: Iterable[Path]) -> list[str]:
    """Return the files below folders that hold a word; a folder that is none counts as a file."""
    sought = [word.encode() for word in words]
    files = (path for top in folders for path in (top, *top.rglob("*")) if path.is_file() and not path.is_symlink())
    return [str(path) for path in files if any(word in path.read_bytes() for word in sought)]


def script_that_finds(words: Iterable[str], since: str) -> str:
    """Return a shell's script that prints a machine's files newer than another one, and the journal, that hold a word.

    The words are in halves: what looks for them is not to be found by them.
    """
    halves = " ".join(shlex.quote(half) for word in words for half in (word[:8], word[8:]))
    return f"""set -- {halves}
        while test $# -gt 0; do printf '%s%s\\n' "$1" "$2"; shift 2; done >/dev/shm/words
        find / /dev/shm /run /tmp /srv -xdev -type f -newer {since} ! -path /dev/shm/words -print0 2>/dev/null |
            xargs -0 -r grep -lFf /dev/shm/words
        journalctl --no-pager 2>/dev/null | grep -qFf /dev/shm/words && echo journal
        rm /dev/shm/words"""
