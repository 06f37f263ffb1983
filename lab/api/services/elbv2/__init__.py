# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing, as far as moto lacks it or gets it wrong."""
