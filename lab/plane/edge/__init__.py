# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront's edge and its origins."""
