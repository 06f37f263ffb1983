# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rows of a plan, made of what tasks return in check mode. Pure."""

from __future__ import annotations

import difflib
import json
import re
import textwrap
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import yaml

CREATE, CHANGE, REMOVE = "create", "change", "remove"
_VERBS = {
    "Create": CREATE,
    "Issue": CREATE,
    "Request": CREATE,
    "Upload": CREATE,
    "Install": CREATE,
    "Remove": REMOVE,
    "Delete": REMOVE,
}
"""What a task does by the first word of its name, where its module returns no difference."""
_WOULD_CREATE = re.compile(r"\bwould\b.*\b(created|launched)\b", re.IGNORECASE)
"""What amazon.aws's modules say in check mode of some things that are not there."""
_IDENTITY = re.compile(r"(^|_)(id|ids|arn)$")
_SHOWN = 3
"""How many changed keys or lines a row shows."""
_WIDTH = 38
_HEADERS = ("what", "where", "before", "after")


@dataclass(frozen=True)
class Row:
    """Something that would be created, changed or removed; what is replaced is two of them."""

    kind: str
    task: str
    """The task's name, with its role's."""
    item: str
    """Which one of several; empty if the task has no loop."""
    host: str
    before: str
    after: str

    @property
    def what(self) -> str:
        """Return what people call it."""
        name = self.task.rpartition(" : ")[2]
        return f"{self.kind}: {name}{f' ({self.item})' if self.item else ''}"


def row_of(task: str, host: str, item: str, result: Mapping[str, t.Any]) -> Row:
    """Return the row of a task's result, which says that something would change."""
    before, after = _sides(result)
    kind = _kind(before, after) or _undetailed_kind(task, result)
    if before is None and after is None:
        return Row(kind, task, item, host, "", "")
    told = _told(before, after)
    return Row(kind, task, item, host, *told)


def _sides(result: Mapping[str, t.Any]) -> tuple[t.Any, t.Any]:
    """Return what there is before and after, None where the module does not say; nothing of a secret."""
    found = result.get("diff")
    several = [
        entry for entry in (found if isinstance(found, list) else [found]) if isinstance(entry, Mapping) and entry
    ]
    if result.get("_ansible_no_log") or result.get("censored") or not several:
        return None, None
    if len(several) == 1 and "before" not in several[0] and "after" not in several[0]:
        return None, several[0].get("prepared")
    sides = [(_read(entry.get("before")), _read(entry.get("after"))) for entry in several]
    if len(sides) == 1:
        return sides[0]
    return [before for before, dummy in sides], [other for dummy, other in sides]


def _read(side: t.Any) -> t.Any:
    """Return a side as data if it is a text of data."""
    if isinstance(side, str):
        try:
            found = yaml.safe_load(side)
        except yaml.YAMLError:
            return side
        return found if isinstance(found, (dict, list)) else side
    return side


def _kind(before: t.Any, after: t.Any) -> str | None:
    """Return what a difference is; None if there is no difference to tell it by."""
    if before is None and after is None:
        return None
    there, wanted = _exists(before), _exists(after)
    if there != wanted:
        return CREATE if wanted else REMOVE
    return CHANGE


def _undetailed_kind(task: str, result: Mapping[str, t.Any]) -> str:
    """Return what a task does whose module returns no difference: by its message, its name, and what it returns."""
    if _WOULD_CREATE.search(str(result.get("msg", ""))):
        return CREATE
    kind = _VERBS.get(task.rpartition(" : ")[2].partition(" ")[0], CHANGE)
    return CHANGE if kind == CREATE and _identified(result) else kind


def _identified(result: Mapping[str, t.Any]) -> bool:
    """Tell whether a module has returned an id or ARN: what would be created has none yet."""
    parts = [result, *(value for value in result.values() if isinstance(value, Mapping))]
    return any(value and _IDENTITY.search(key) for part in parts for key, value in part.items())


def _exists(side: t.Any) -> bool:
    """Tell whether a side is something: ansible.builtin.file tells by the state."""
    return bool(side) and not (isinstance(side, Mapping) and side.get("state") == "absent")


def _told(before: t.Any, after: t.Any) -> tuple[str, str]:
    """Return both sides in a few words: what differs, or how much."""
    if isinstance(before, str) and isinstance(after, str) and before and after:
        return _lines(before.splitlines(), after.splitlines())
    if not _flat(before) or not _flat(after):
        return _whole(before), _whole(after)
    changes = _changes(before, after)
    return (
        _listed([(path, one) for path, one, dummy in changes]),
        _listed([(path, other) for path, dummy, other in changes]),
    )


def _changes(before: t.Any, after: t.Any, above: str = "") -> list[tuple[str, str, str]]:
    """Return the path of what differs, and both sides of it; what only one side has is one difference, however big."""
    if before and after and isinstance(before, Mapping) and isinstance(after, Mapping):
        found: list[tuple[str, str, str]] = []
        for key in dict.fromkeys([*before, *after]):
            found += _changes(before.get(key), after.get(key), f"{above}.{key}" if above else str(key))
        return found
    one, other = _text(before), _text(after)
    return [(above, one, other)] if one != other else []


def _lines(before: Sequence[str], after: Sequence[str]) -> tuple[str, str]:
    changes = [line for line in difflib.ndiff(before, after) if line[:2] in ("- ", "+ ")]
    gone = [line[2:].strip() for line in changes if line.startswith("- ")]
    come = [line[2:].strip() for line in changes if line.startswith("+ ")]
    return _few(gone), _few(come)


def _flat(value: t.Any, above: str = "") -> dict[str, str]:
    """Return a structure's leaves by their paths."""
    if isinstance(value, Mapping) and value:
        found: dict[str, str] = {}
        for key, part in value.items():
            found |= _flat(part, f"{above}.{key}" if above else str(key))
        return found
    return {above: text} if (text := _text(value)) else {}


def _text(value: t.Any) -> str:
    """Return a value in a few words, none if there is nothing."""
    if value in (None, "", {}, []):
        return ""
    if isinstance(value, Mapping):
        leaves = _flat(value)
        value = f"{len(leaves)} settings" if len(leaves) > _SHOWN else value if leaves else ""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _whole(side: t.Any) -> str:
    """Return all of the only side; of many settings only how many they are, which are many words that say little."""
    leaves = _flat(side)
    if len(leaves) > _SHOWN:
        return f"{len(leaves)} settings"
    return _few([f"{path}: {text}" if path else text for path, text in leaves.items()])


def _listed(side: Sequence[tuple[str, str]]) -> str:
    """Return the first differences as one side has them, and how many more there are."""
    shown = [f"{path}: {text}" if path else text for path, text in side[:_SHOWN] if text]
    return _few(shown, len([text for dummy, text in side[_SHOWN:] if text]))


def _few(parts: Sequence[str], more: int = 0) -> str:
    shown = [" ".join(part.split()) for part in parts[:_SHOWN]]
    rest = len(parts) - len(shown) + more
    return "; ".join([*shown, *([f"{rest} more"] if rest > 0 else [])])


def merged(rows: Iterable[Row]) -> list[Row]:
    """Return the rows in a stable order, each once: the hosts of a run come in any order."""
    order: dict[str, int] = {}
    found = list(dict.fromkeys(rows))
    for row in found:
        order.setdefault(row.task, len(order))
    return sorted(found, key=lambda row: (order[row.task], row.item, row.host))


def as_data(rows: Iterable[Row]) -> list[dict[str, str]]:
    """Return rows as plain dictionaries."""
    return [asdict(row) for row in rows]


def moved(saved: Iterable[Mapping[str, str]], now: Iterable[Row]) -> list[str]:
    """Return in what a saved plan and the present one differ, one line each; nothing if they are the same."""
    planned, present = {Row(**row) for row in saved}, set(now)
    return [
        *(f"no longer to do: {row.what} on {row.host}" for row in merged(planned - present)),
        *(f"new: {row.what} on {row.host}" for row in merged(present - planned)),
    ]


def table(rows: Sequence[Row]) -> str:
    """Return the plan as a table."""
    if not rows:
        return "Nothing is to be done: the site is as the inventory says."
    cells = [_HEADERS, *((row.what, row.host, row.before, row.after) for row in rows)]
    wrapped = [[textwrap.wrap(cell, _WIDTH) or [""] for cell in line] for line in cells]
    widths = [max(len(part) for line in wrapped for part in line[column]) for column in range(len(_HEADERS))]
    lines = []
    for number, line in enumerate(wrapped):
        for level in range(max(map(len, line))):
            parts = [cell[level] if level < len(cell) else "" for cell in line]
            lines.append("  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip())
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    counts = {kind: sum(row.kind == kind for row in rows) for kind in (CREATE, CHANGE, REMOVE)}
    summary = ", ".join(f"{count} to {kind}" for kind, count in counts.items() if count)
    return "\n".join([*lines, "", f"{summary}."])
