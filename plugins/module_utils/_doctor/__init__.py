# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The doctor: evidence in, findings out. Pure.

`evidence` is what is known; each area's file has its rules, in the order of causes; `diagnosis` asks them all and puts
what follows from something else beneath it.
"""
