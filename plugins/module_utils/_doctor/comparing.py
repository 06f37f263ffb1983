# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Two diagnoses of one site: what is new, what is gone, what is still there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .known.shape import shape

Raw = Mapping[str, object]
Key = tuple[str, str]
"""A finding's code, and the id of a place."""


@dataclass(frozen=True)
class ToldThing:
    """The thing that a report is about."""

    id: str = ""


@dataclass(frozen=True)
class ToldPlace:
    """A place of a reported finding."""

    what: str = ""
    where: ToldThing = ToldThing()


@dataclass(frozen=True)
class ToldFinding(ToldPlace):
    """A reported finding."""

    code: str = ""
    places: tuple[ToldPlace, ...] = ()


def keys(findings: Iterable[Raw]) -> dict[Key, str]:
    """Return what is wrong at each place, by code and place; of reports without places, at the finding's own."""
    return {
        (finding.code, place.where.id): place.what
        for finding in (shape(ToldFinding, raw) for raw in findings)
        for place in finding.places or (finding,)
    }


def compared(
    earlier: Iterable[Raw], now: Iterable[Raw], unjudged: Iterable[str] = ()
) -> dict[str, list[dict[str, str]]]:
    """Return what is `new`, `gone` and `still` there, each with `code`, `where` and `what`.

    What was there and is not judged now is not gone: it is `unknown`.
    """
    before, after, open_codes = keys(earlier), keys(now), set(unjudged)
    lost = {key: what for key, what in before.items() if key not in after}
    parts = {
        "new": {key: what for key, what in after.items() if key not in before},
        "gone": {key: what for key, what in lost.items() if key[0] not in open_codes},
        "still": {key: what for key, what in after.items() if key in before},
        "unknown": {key: what for key, what in lost.items() if key[0] in open_codes},
    }
    return {
        name: [{"code": code, "where": where, "what": what} for (code, where), what in part.items()]
        for name, part in parts.items()
    }


def said(change: Mapping[str, list[dict[str, str]]]) -> str:
    """Say in one line what has changed since an earlier report."""

    def part(name: str, word: str) -> str:
        codes = ", ".join(dict.fromkeys(place["code"] for place in change[name]))
        return f"{len(change[name])} {word}{f' ({codes})' if codes and name != 'still' else ''}"

    parts = [part("new", "new"), part("gone", "gone"), part("still", "still there")]
    parts += [part("unknown", "not seen now")] if change["unknown"] else []
    return f"Since the earlier report: {', '.join(parts)}."
