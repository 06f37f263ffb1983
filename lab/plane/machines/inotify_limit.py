# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's limit on inotify instances: every machine's systemd takes some, all as root, so all count together."""

from __future__ import annotations

from pathlib import Path

from lab.base.paths import ROOT

_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
_BEFORE = ROOT / "inotify_instances"
"""The host's setting before a lab raised it; all labs share it, and the last machine to go puts it back."""

_EACH = 12
"""systemd, its journal and D-Bus hold seven; the site's own services may want some."""
_OTHERS = 64
"""What the host itself, and other labs, may use."""


def needed(machines: int) -> int:
    """Return the limit that so many machines need."""
    return _OTHERS + _EACH * machines


def allow(machines: int) -> None:
    """Raise the host's limit if so many machines would not fit, and remember how it was."""
    now = int(_LIMIT.read_text())
    if now >= needed(machines):
        return
    if not _BEFORE.exists():
        _BEFORE.parent.mkdir(parents=True, exist_ok=True)
        _BEFORE.write_text(f"{now}\n")
    _LIMIT.write_text(f"{needed(machines)}\n")


def restore() -> None:
    """Put the host's own limit back, if a lab has raised it."""
    if _BEFORE.exists():
        _LIMIT.write_text(_BEFORE.read_text())
        _BEFORE.unlink()
