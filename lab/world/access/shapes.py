# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a call's parameters are what AWS's own description of the service allows. Pure.

The descriptions are those that botocore has; clients check of them only what is required and of which type. The words
are AWS's: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html (ValidationError).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

_MOST_SAID = 3


def complaint(shape: Any, given: Any) -> str | None:
    """Return AWS's sentence about what is wrong with the parameters of a call, None if nothing is."""
    found = [said for _, said in zip(range(_MOST_SAID), _wrong(shape, given, ""), strict=False)]
    if not found:
        return None
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"


def _wrong(shape: Any, given: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(given, Mapping):
        yield from _members(shape, given, path)
    elif shape.type_name == "list" and isinstance(given, Sequence) and not isinstance(given, str):
        yield from _limits(shape, len(given), "length", given, path)
        for number, item in enumerate(given, 1):
            yield from _wrong(shape.member, item, f"{path}.{number}.member")
    elif shape.type_name == "string" and isinstance(given, str):
        yield from _text(shape, given, path)
    elif shape.type_name in ("integer", "long") and isinstance(given, int):
        yield from _limits(shape, given, "value", given, path)


def _members(shape: Any, given: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if given.get(name) is None:
            yield _said("null", _under(path, name), "Member must not be null", quoted=False)
    for name, member in shape.members.items():
        if given.get(name) is not None:
            yield from _wrong(member, given[name], _under(path, name))


def _text(shape: Any, given: str, path: str) -> Iterator[str]:
    if shape.enum and given not in shape.enum:
        yield _said(given, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
        return
    yield from _limits(shape, len(given), "length", given, path)
    pattern = _pattern(shape.metadata.get("pattern", ""))
    if pattern and not pattern.fullmatch(given):
        yield _said(given, path, f"Member must satisfy regular expression pattern: {pattern.pattern}")


def _limits(shape: Any, measured: int, what: str, given: Any, path: str) -> Iterator[str]:
    lowest, highest = shape.metadata.get("min"), shape.metadata.get("max")
    if lowest is not None and measured < lowest:
        yield _said(given, path, f"Member must have {what} greater than or equal to {lowest}")
    if highest is not None and measured > highest:
        yield _said(given, path, f"Member must have {what} less than or equal to {highest}")


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    """Return a pattern, or None for one that only Java reads."""
    try:
        return re.compile(text) if text else None
    except re.error:
        return None


def _under(path: str, name: str) -> str:
    first = name[:1].lower() + name[1:]
    return f"{path}.{first}" if path else first


def _said(given: Any, path: str, rule: str, quoted: bool = True) -> str:
    return f"Value {repr(given) if quoted else given} at '{path}' failed to satisfy constraint: {rule}"
