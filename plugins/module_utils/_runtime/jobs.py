# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: may change without notice.
"""What a scheduled job is."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping, Sequence

from .calendar import fault
from .error import RuntimeSettingError

SETTING = "site_jobs"
# Part of the names of units and folders.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?\Z")
_KEYS = {"name", "command", "schedule", "timeout"}
DEFAULT_TIMEOUT = 3600


def jobs_of(given: t.Any) -> list[dict[str, t.Any]]:
    """Return the jobs with all their keys (`timeout` in seconds), or raise RuntimeSettingError."""
    if (
        not isinstance(given, Sequence)
        or isinstance(given, str)
        or not all(isinstance(entry, Mapping) for entry in given)
    ):
        raise RuntimeSettingError(
            f"{SETTING} is no list of jobs; write it as in [{{name: feed, command: bin/feed, schedule: hourly}}]."
        )
    jobs = [_job(number, entry) for number, entry in enumerate(given, 1)]
    names = [job["name"] for job in jobs]
    for name in names:
        if names.count(name) > 1:
            raise RuntimeSettingError(f"{SETTING} has two jobs named {name}; give one of them another name.")
    return jobs


def _job(number: int, given: Mapping[str, t.Any]) -> dict[str, t.Any]:
    name = given.get("name")
    if not isinstance(name, str) or not _NAME.match(name):
        raise RuntimeSettingError(
            f"{SETTING} has a job named {name!r} (number {number}); use 1 to 40 small letters, digits, hyphens and "
            "underscores."
        )
    unknown = sorted(set(given) - _KEYS)
    if unknown:
        raise RuntimeSettingError(
            f"{SETTING}: the job {name} has {', '.join(map(str, unknown))}; a job has name, command, schedule, timeout."
        )
    return {
        "name": name,
        "command": _command(name, given.get("command")),
        "schedule": _schedule(name, given.get("schedule")),
        "timeout": _timeout(name, given.get("timeout", DEFAULT_TIMEOUT)),
    }


def _command(name: str, command: t.Any) -> str:
    if not isinstance(command, str) or not command.strip() or "\0" in command:
        raise RuntimeSettingError(
            f"{SETTING}: the job {name} has the command {command!r}; write a line for the shell, run in the release."
        )
    return command


def _schedule(name: str, schedule: t.Any) -> str:
    wrong = fault(schedule) if isinstance(schedule, str) else "is no text"
    if wrong:
        raise RuntimeSettingError(
            f"{SETTING}: the schedule {schedule!r} of the job {name} {wrong}; write a calendar expression of systemd, "
            "such as '*:0/15', '03:30' or 'Mon..Fri 08:00 Asia/Tokyo'."
        )
    return str(schedule)


def _timeout(name: str, timeout: t.Any) -> int:
    if isinstance(timeout, bool) or not isinstance(timeout, int) or timeout < 1:
        raise RuntimeSettingError(f"{SETTING}: the job {name} has the timeout {timeout!r}; give whole seconds.")
    return timeout
