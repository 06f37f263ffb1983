# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What AWS tells of one thing."""

from __future__ import annotations

import typing as t

Resource = dict[str, t.Any]
"""An answer of AWS's API, or a part of one, with keys in snake case where a module returns it."""
