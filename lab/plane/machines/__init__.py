# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances, as containers, and their metadata service."""
