# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This fragment is PRIVATE to the collection: it may change at any time.
"""What every module of the collection promises, for its documentation."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of the modules that change something, and of the `_info` modules."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
    details:
      - Values that only AWS can give, such as the ARN of a resource that does not exist yet, are
        V((known after creation\)) in check mode.
  diff_mode:
    description: Will return details on what has changed, or needs changing in C(check_mode), when in diff mode.
    support: full
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
  action_group:
    description: Use C(group/hasite.aws.aws) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - hasite.aws.aws
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
    details:
      - This action does not modify state.
  diff_mode:
    description: Will return details on what has changed, or needs changing in C(check_mode), when in diff mode.
    support: N/A
    details:
      - This action does not modify state.
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
    details:
      - This action does not modify state.
"""

    RECORDER = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
    details:
      - In check mode nothing is observed.
  diff_mode:
    description: Will return details on what has changed, or needs changing in C(check_mode), when in diff mode.
    support: none
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: none
    details:
      - Every run adds to the record.
"""
    """For a module that adds to a record of what it observes."""

    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/hasite.aws.aws) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - hasite.aws.aws
"""
    """For a module that calls AWS, beside one of the others but the first."""
