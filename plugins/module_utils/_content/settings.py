# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The options that say what a site's files are."""

from __future__ import annotations

import typing as t

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "source": {"type": "path", "required": True},
    "excludes": {"type": "list", "elements": "str", "default": []},
    "shared_paths": {"type": "list", "elements": "str", "default": []},
    "public_folder": {"type": "str"},
}
