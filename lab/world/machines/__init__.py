# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances, and what Systems Manager and the metadata service know of them."""
