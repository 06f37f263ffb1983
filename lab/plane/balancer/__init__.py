# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers, as HAProxy processes, and the checks of their targets."""
