# SPDX-License-Identifier: GPL-3.0-or-later
"""What each of AWS's services says and does, where moto lacks it or answers otherwise."""
