# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a viewer's request counts: which behavior it meets, and what is in the cache key. Pure.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-the-cache-key.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

Which = Literal["none", "whitelist", "allExcept", "all"]


@dataclass(frozen=True)
class Selection:
    """Which names of one kind are chosen."""

    which: Which = "none"
    names: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Tell whether a name is chosen."""
        listed = name in self.names
        return {"none": False, "whitelist": listed, "allExcept": not listed, "all": True}[self.which]

    def __or__(self, other: Selection) -> Selection:
        """Return what either chooses; an exception stays one only if both make it."""
        if "all" in (self.which, other.which):
            return Selection("all")
        if "allExcept" in (self.which, other.which):
            excepted = [selection.names for selection in (self, other) if selection.which == "allExcept"]
            chosen = [selection.names for selection in (self, other) if selection.which == "whitelist"]
            return Selection("allExcept", frozenset.intersection(*excepted).difference(*chosen))
        if "none" in (self.which, other.which):
            return self if other.which == "none" else other
        return Selection("whitelist", self.names | other.names)


@dataclass(frozen=True)
class Choice:
    """What of a request is in the cache key, or goes to the origin; header names are in lower case."""

    headers: Selection = Selection()
    cookies: Selection = Selection()
    query: Selection = Selection()

    def __or__(self, other: Choice) -> Choice:
        """Return what either chooses."""
        return Choice(self.headers | other.headers, self.cookies | other.cookies, self.query | other.query)


NOTHING = Choice()
"""Nothing but the path."""

Pairs = Sequence[tuple[str, str]]
Key = tuple[str, str, Pairs, Pairs, Pairs]


def key(choice: Choice, distribution: str, path: str, headers: Pairs, cookies: Pairs, query: Pairs) -> Key:
    """Return the cache key of a request; the query's order counts, as CloudFront does not sort it."""
    return (
        distribution,
        path,
        tuple(sorted((name.lower(), value) for name, value in headers if choice.headers.has(name.lower()))),
        tuple(sorted(chosen(choice.cookies, cookies))),
        tuple(chosen(choice.query, query)),
    )


def chosen(selection: Selection, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs whose names are chosen."""
    return [pair for pair in pairs if selection.has(pair[0])]


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern), re.DOTALL)


def path_matches(pattern: str, path: str) -> bool:
    """Tell whether a behavior's or an invalidation's pattern matches; a leading slash may be left out of it.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
    """
    return _expression(pattern.removeprefix("/")).fullmatch(path.removeprefix("/")) is not None
