# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: may change without notice.
"""The error of everything around a site's code."""

from __future__ import annotations


class RuntimeSettingError(Exception):
    """One sentence: which variable, what was found, what to do. Never a secret's value."""
