# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS tells about an account: its organization, quotas, prices, trails and findings."""
