# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Plain dictionaries in, frozen dataclasses out. Pure.

No TypedDict: mypy lets `get` ask one for any key.
"""

from __future__ import annotations

import functools
import types
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass

Known = t.TypeVar("Known")


class AwsShape:
    """A dataclass whose fields have AWS's own names in small letters: `storage_class` is `StorageClass`."""


def shape(kind: type[Known], raw: object) -> Known:
    """Return what a dictionary says: what is null or missing is the field's default, other keys are left out."""
    return t.cast("Known", _reader(t.cast("t.Any", kind))(_without_nulls(raw) or {}))


def shape_of_any(kind: type[Known], raw: object) -> Known | None:
    """Return what a dictionary says, None if it says nothing."""
    return t.cast("Known | None", _optional(kind)(_without_nulls(raw)))


def _without_nulls(raw: t.Any) -> t.Any:
    if isinstance(raw, dict):
        return {key: _without_nulls(value) for key, value in raw.items() if value is not None}
    return [_without_nulls(value) for value in raw if value is not None] if isinstance(raw, list) else raw


@functools.cache
def _reader(hint: t.Any) -> Callable[[t.Any], t.Any]:
    """Return what reads a value of a field's type."""
    origin, inner = t.get_origin(hint), t.get_args(hint)
    if origin is types.UnionType:
        return _optional(inner[0])
    if origin is tuple:
        read = _reader(inner[0])
        # A policy has one thing without a list around it.
        return lambda raw: tuple(map(read, raw if isinstance(raw, list) else [raw]))
    if origin is Mapping:
        read = _reader(inner[1])
        return lambda raw: {name: read(part) for name, part in raw.items()}
    if is_dataclass(hint):
        return _whole(t.cast("type[t.Any]", hint))
    return t.cast("Callable[[t.Any], t.Any]", hint) if hint in (bool, float, int, str) else lambda raw: raw


def _optional(hint: t.Any) -> Callable[[t.Any], t.Any]:
    read, of_parts = _reader(hint), is_dataclass(hint)
    # With an empty dictionary a reading says that something is not there.
    return lambda raw: None if of_parts and not raw else read(raw)


def _whole(kind: type[t.Any]) -> Callable[[t.Any], t.Any]:
    readers = {name: _reader(hint) for name, hint in t.get_type_hints(kind).items()}
    names = {name.replace("_", ""): name for name in readers} if issubclass(kind, AwsShape) else {}

    def read(raw: t.Any) -> t.Any:
        told = {names.get(key.lower(), key): value for key, value in raw.items()} if names else raw
        return kind(**{name: read(told[name]) for name, read in readers.items() if name in told})

    return read
