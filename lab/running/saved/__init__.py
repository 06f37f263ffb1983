# SPDX-License-Identifier: GPL-3.0-or-later
"""Worlds that outlive the lab's process: the one that `lab down --keep` leaves, and snapshots."""
