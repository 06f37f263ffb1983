# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the connection tells its user of: each error is one sentence.

PRIVATE to the collection. Apart from what raises them, for a task's worker compiles all that it imports.
"""

from __future__ import annotations


class StartError(Exception):
    """Why no session could be had; `permanent` ones are not tried again."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


class SessionError(Exception):
    """What happened to the session; to start another one does not help where it is `permanent`."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class BucketError(Exception):
    """What the bucket refused."""


class FileError(Exception):
    """Why a file could not be copied."""


class ChangedError(FileError):
    """A file that was written anew while it was read."""
