# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a machine's files from outside: by its own root, so that no link of the machine's leads to the host's.

A path below `/proc/PID/root` begins in the machine, but an absolute link on it is followed in the looker's root.
"""

from __future__ import annotations

import ctypes
import os
import struct

_OPENAT2 = 437
"""The system call's number is the same on every architecture that Debian has."""
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_IN_ROOT = 0x10


def exists(process: int, path: str) -> bool:
    """Tell whether a file is there for a process, see openat2(2); it is not opened, whatever it is."""
    try:
        root = os.open(f"/proc/{process}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):
        return False
    try:
        found = _open_in_root(root, path)
    finally:
        os.close(root)
    if found >= 0:
        os.close(found)
    return found >= 0


def _open_in_root(root: int, path: str) -> int:
    how = struct.pack("=QQQ", os.O_PATH | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS)
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    return int(call(ctypes.c_long(_OPENAT2), ctypes.c_long(root), path.encode(), how, ctypes.c_size_t(len(how))))
