# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the callback `hasite.aws.progress` shows besides Ansible's own output.

- `text`: widths and durations, pure.
- `usual`: the usual time that a task's name gives, pure.
- `running`: which tasks run on which hosts, and since when, pure but for its lock.
- `line`: the line for what runs, cut to the terminal's width, pure.
- `ending`: the last lines of a run, pure.
- `screen`: the line on the terminal, which gives way to any other output.
"""
