# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A site's names, without any I/O: what was typed, the hosted zone of each, the records and certificates they need.

`text` reads names as people type them, `suffix` knows where domains are registered, `zones` chooses hosted zones,
`records` compares and replaces record sets, `given` judges certificates that exist already.
"""
