# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosted zones, health checks and delegations, and the answers that follow from them."""
