# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: may change without notice.
"""systemd's calendar expressions, as far as a job may have them.

https://www.freedesktop.org/software/systemd/man/latest/systemd.time.html#Calendar%20Events
A job runs once a minute at most, for a scheduled minute is what machines claim: so seconds are one number.
"""

from __future__ import annotations

import re
from zoneinfo import available_timezones

_WORDS = frozenset(
    {"minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semiannually", "yearly", "annually"}
)
_DAY = "(?:mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_DAYS = re.compile(rf"{_DAY}(?:\.\.{_DAY})?(?:,{_DAY}(?:\.\.{_DAY})?)*\Z", re.IGNORECASE)
_DATE = re.compile(r"(?:(?P<year>[^-~]+)-)?(?P<month>[^-~]+)[-~](?P<day>[^-~]+)\Z")
_TIME = re.compile(r"(?P<hour>[^:]+):(?P<minute>[^:]+)(?::(?P<second>[^:]+))?\Z")
_RANGES = {
    "year": (1970, 2199),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
}
_NUMBERS = re.compile(r"(?:\*|(?P<first>\d+)(?:\.\.(?P<last>\d+))?)(?:/(?P<step>\d+))?\Z")


def fault(expression: str) -> str:
    """Return what is wrong with an expression as the end of a sentence, or nothing."""
    words = expression.split()
    if not words:
        return "is empty"
    if len(words) > 1 and _is_zone(words[-1]):
        words = words[:-1]
    if len(words) == 1 and words[0].lower() in _WORDS:
        return ""
    return _parts_fault(words)


def _is_zone(word: str) -> bool:
    known = available_timezones()
    # A controller without the time zone database can't tell a zone from a mistake in its name.
    return word == "UTC" or word in known or (not known and "/" in word)


def _parts_fault(words: list[str]) -> str:
    kinds: list[str] = []
    for word in words:
        kind = "days" if _DAYS.match(word) else "time" if _TIME.match(word) else "date" if _DATE.match(word) else ""
        if not kind:
            return f"has {word!r}, which is no day of the week, date, time or time zone"
        wrong = _numbers_fault(kind, word)
        if wrong:
            return wrong
        kinds.append(kind)
    if kinds != sorted(set(kinds), key=["days", "date", "time"].index):
        return "does not have days of the week, date and time in this order, each once"
    return ""


def _numbers_fault(kind: str, word: str) -> str:
    pattern = {"time": _TIME, "date": _DATE}.get(kind)
    found = pattern.match(word) if pattern else None
    for name, text in (found.groupdict() if found else {}).items():
        if text is not None and not all(_within(part, *_RANGES[name]) for part in text.split(",")):
            return f"has the {name} {text!r}, which is none"
        if name == "second" and text is not None and not text.isdigit():
            return "comes more than once a minute; jobs run once a minute at most, so leave out the seconds"
    return ""


def _within(part: str, least: int, greatest: int) -> bool:
    found = _NUMBERS.match(part)
    if not found:
        return False
    numbers = [int(text) for text in (found["first"], found["last"]) if text]
    if found["step"] and not 0 < int(found["step"]) <= greatest:
        return False
    return all(least <= number <= greatest for number in numbers) and numbers == sorted(numbers)
