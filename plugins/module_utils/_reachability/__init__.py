# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Who reaches whom, from AWS's description alone.

`assembly` turns EC2's answers into the `model`, `judging` answers questions about it: `ends` finds whom a question
means, `walking` follows a packet there and its answer back, `filters` and `routes` say what a security group, a network
ACL and a route table do with one. All of it is pure and imports the standard library alone, for the lab's API judges by
it too: `lab/reachability` is a link to it. IPv6 is not judged.
"""
