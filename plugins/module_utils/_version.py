# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The collection's version, for modules: what runs of them on a host has no galaxy.yml beside it."""

from __future__ import annotations

VERSION = "0.1.0"
