# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53 and Route 53 Domains, as far as moto lacks them or gets them wrong."""
