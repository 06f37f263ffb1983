# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The audit for reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .judging import ABSENT, ACCOUNT, EXCEPTION, FAIL, MET, UNREAD, Row

TITLES = {
    FAIL: "FAIL: not met, and no exception is on file",
    UNREAD: "NOT READ: nothing is concluded",
    ACCOUNT: "ACCOUNT: not met, outside the site, for your information",
    EXCEPTION: "EXCEPTION: not met, and accepted",
    MET: "MET",
    ABSENT: "ABSENT: there is nothing of the kind",
}
WIDTH = 11


def render(rows: Iterable[Row]) -> str:
    """Return the audit as a text: a block for each state, and how many there are of each."""
    found = list(rows)
    blocks = []
    for state, title in TITLES.items():
        of_it = [row for row in found if row.state == state]
        if of_it:
            blocks.append("\n".join([f"{title} ({len(of_it)})", *(_lines(row) for row in of_it)]))
    return "\n\n".join([*blocks, counted(found)])


def counted(rows: Iterable[Row]) -> str:
    """Return in one line how many controls are in each state."""
    count = Counter(row.state for row in rows)
    return ", ".join(f"{count[state]} {state}" for state in TITLES)


def _lines(row: Row) -> str:
    told = row.as_dict()
    head = f"  {row.control['id']}: {row.control['title']}{f' [{chr(44).join(row.ids)}]' if row.ids else ''}"
    if row.state in (MET, ABSENT):
        return head
    parts = [
        *(("evidence", line) for line in told["evidence"]),
        ("error", told["error"]),
        ("reason", told["reason"]),
        ("cost", told["cost"]),
        ("switch", told["switch"]),
        ("remedy", told["remedy"] if row.state in (FAIL, ACCOUNT) else None),
    ]
    return "\n".join([head, *(f"    {name:<{WIDTH}}{text}" for name, text in parts if text)])
