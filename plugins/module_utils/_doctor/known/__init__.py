# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What rules know of each kind of thing: frozen dataclasses, with those of the modules' keys that a rule reads.

What was not read, or is not there, is a field's default. A key that is misspelt in a rule is an error of mypy.
"""
