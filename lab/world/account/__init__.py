# SPDX-License-Identifier: GPL-3.0-or-later
"""The account: its resources, quotas and prices."""
