# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: may change without notice.
r"""The file that hands an environment to processes.

systemd (`EnvironmentFile=`) and the POSIX shell (`.`) read a text in double quotes alike: a backslash takes
the meaning from `"`, `\`, `` ` `` and `$`, and everything else, a line's end too, is itself.
https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=
https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_03
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .error import RuntimeSettingError

_ESCAPED = re.compile(r'(["\\`$])')
# systemd passes no other control characters on, and would write the whole assignment to the journal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Linux's MAX_ARG_STRLEN (execve(2)) holds for one `NAME=value` and the zero byte after it.
_LONGEST = 131072 - 1
_PAIR = re.compile(r'^([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"$', re.DOTALL | re.MULTILINE)


def render(values: Mapping[str, str]) -> str:
    """Return the file's text, one assignment for each variable, in the order of names; or raise RuntimeSettingError."""
    return "".join(f'{name}="{_escaped(name, values[name])}"\n' for name in sorted(values))


def _escaped(name: str, value: str) -> str:
    found = _CONTROL.search(value)
    if found:
        raise RuntimeSettingError(
            f"The value of {name} has the control character {found[0]!r}, which systemd passes to no process; "
            "store the value without it (a text with Windows' line ends converted), or encoded, for example as base64."
        )
    try:
        size = len(f"{name}={value}".encode())
    except UnicodeEncodeError as error:
        raise RuntimeSettingError(
            f"The value of {name} is no valid Unicode text; store it encoded as base64."
        ) from error
    if size > _LONGEST:
        raise RuntimeSettingError(
            f"{name} and its value have {size} bytes, more than the {_LONGEST} that Linux passes to a process; "
            "keep what is that long in a file."
        )
    return _ESCAPED.sub(r"\\\1", value)


def parse(text: str) -> dict[str, str]:
    """Return the variables of a text that `render` has made."""
    return {name: re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) for name, value in _PAIR.findall(text)}
