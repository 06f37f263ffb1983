# SPDX-License-Identifier: GPL-3.0-or-later
"""Strangers' scanners against a lab's site: `make exams`.

`tools` are the scanners and how they are installed, `prowler`, `custodian` and `scoutsuite` run one each and read what
it says, `comparing` puts that beside the exceptions on file. They see the lab only, never AWS.
"""
