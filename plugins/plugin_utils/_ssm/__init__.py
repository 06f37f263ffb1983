# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session Manager's sessions.

`wire` is their format, `session` one of them, `daemon` the process that keeps some open, `plugin` the command for the
AWS CLI.

PRIVATE to the collection.
"""
