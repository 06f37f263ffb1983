# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Widths of text on a terminal, and durations as people read them. Pure."""

from __future__ import annotations

import unicodedata


def width(text: str) -> int:
    """Return the columns that `text` takes on a terminal.

    Wide and full-width characters take two columns (Unicode Standard Annex #11), combining and control ones none.
    """
    return sum(_columns(character) for character in text)


def clip(text: str, columns: int) -> str:
    """Return `text` in at most `columns` columns; an ellipsis ends what had to be cut."""
    if width(text) <= columns:
        return text
    kept, used = [], 0
    for character in text:
        used += _columns(character)
        if used > columns - 1:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…" if columns > 0 else ""


def duration(seconds: float) -> str:
    """Return minutes and seconds as `1:05`, with hours before them from one hour on."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def one_line(text: str) -> str:
    """Return `text` with each run of white space as one space and without other control characters."""
    return "".join(character for character in " ".join(text.split()) if unicodedata.category(character) != "Cc")


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cc", "Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
