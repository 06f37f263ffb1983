# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Backup, as far as moto lacks it or gets it wrong. No backup ever runs here."""
