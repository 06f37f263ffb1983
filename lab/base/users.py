# SPDX-License-Identifier: GPL-3.0-or-later
"""The users without rights as whom the lab runs what strangers talk to; they have numbers, and no entry in passwd.

Debian gives numbers from 60000 to 64999 to packages on demand, and these to none:
https://www.debian.org/doc/debian-policy/ch-opersys.html#uid-and-gid-classes
"""

from __future__ import annotations

BALANCER = 64980
"""HAProxy's, after it has read its configuration and opened its ports."""
BROWSER = 64981
"""Chromium's."""


def become(number: int) -> list[str]:
    """Return the command prefix that runs a program as this user and group, which never gets rights again."""
    return [
        *("setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", "--no-new-privs"),
        *("--inh-caps=-all", "--bounding-set=-all"),
    ]
