# SPDX-License-Identifier: GPL-3.0-or-later
"""What both the API and the data plane run: a recursive resolver, and CloudFront's functions."""
