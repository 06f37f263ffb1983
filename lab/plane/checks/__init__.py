# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53's health checkers."""
