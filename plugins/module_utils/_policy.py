# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Resource policies, which services rewrite when they are given one."""

from __future__ import annotations

from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies

from ._resource import Resource


def kept_policy(present: Resource, wanted: Resource | None) -> Resource:
    """Return the present policy if the wanted one means the same, or if none is wanted; else the wanted one."""
    same = wanted is None or (bool(present) == bool(wanted) and not compare_policies(present, wanted))
    return present if same else dict(wanted or {})
