# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls, for which operation, and whether that is allowed."""
