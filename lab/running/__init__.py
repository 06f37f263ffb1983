# SPDX-License-Identifier: GPL-3.0-or-later
"""The process of a running lab."""
