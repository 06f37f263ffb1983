# SPDX-License-Identifier: GPL-3.0-or-later
"""The waits that AWS imposes on its callers, and what of a run's time they explain."""
