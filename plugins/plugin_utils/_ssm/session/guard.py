# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends a command that runs as another user when its session has ended.

PRIVATE to the collection. Pure. The session's user may not signal such a command, so it looks after itself.
"""

from __future__ import annotations

import re

SESSION = "/proc/%HASITE-SESSION%"
"""Stands in a command for what is there as long as the session's loop runs: its process, which the daemon knows."""
_SUCCESS = re.compile(r"echo BECOME-SUCCESS-\w+ ; ")
_WATCH = (
    f"[ -d {SESSION} ] && {{ while [ -d {SESSION} ] && kill -0 $$; do sleep 1; done; "
    f"[ -d {SESSION} ] || kill -TERM 0; }} </dev/null >/dev/null 2>&1 & "
)
"""Beside the command, as its user, in its process group; it ends with the command, a second later at most.

It holds no quote, for it stands within quotes. Where processes of others are hidden (hidepid), it does nothing.
"""


def guarded(command: str) -> str:
    """Return a command of become for a POSIX shell that ends with its session."""
    return _SUCCESS.sub(lambda found: found[0] + _WATCH, command, count=1)
