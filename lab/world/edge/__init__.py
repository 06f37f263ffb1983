# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront's distributions: what the edge keeps, asks for and answers."""
