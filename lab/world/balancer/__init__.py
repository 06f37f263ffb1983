# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers, the health of their targets, and HAProxy's configuration for both."""
