# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The audit: facts in, a row for each control out. Pure, but for `reading`, which asks AWS.

`facts` is what is known, `network`, `machines`, `identity`, `balancing`, `edge`, `storage`, `names` and `account` have
the checks, `judging` puts what they have seen beside the controls' data (playbooks/files/security_controls.yml), and
`report` is for reading.
"""
