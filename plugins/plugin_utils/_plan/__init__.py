# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A plan: what a run in check mode would change, as rows.

rows     one change as a row, and several as a table; pure
running  a second ansible-playbook in check mode, whose changes the callback hasite.aws.plan writes down
"""
