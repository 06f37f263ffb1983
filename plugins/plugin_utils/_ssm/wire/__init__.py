# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire format of sessions, for both their ends. Imports the standard library alone, but for the cipher.

PRIVATE to the collection.
"""
