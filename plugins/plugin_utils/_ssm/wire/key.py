# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the option `require_encryption` demands.

PRIVATE to the collection. Apart from the channel, for a task's worker compiles all that it imports.
"""

from __future__ import annotations

import re

from .errors import SessionError

ANY_KEY = "any"
"""A session must be encrypted, whatever its key is."""
_YES = ("true", "yes", "on", "1")
_NO = ("", "false", "no", "off", "0")
_ARN = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")


def required_key(value: object) -> str:
    """Return the ARN of the key that has to encrypt a session, ANY_KEY, or an empty text for none."""
    text = "" if value is None else str(value).strip()
    if text.lower() in _NO:
        return ""
    if text.lower() in _YES:
        return ANY_KEY
    if not _ARN.fullmatch(text):
        raise SessionError(f"require_encryption is {text!r}; give true, false or the ARN of a KMS key.")
    return text
