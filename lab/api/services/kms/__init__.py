# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS, as far as moto lacks it or gets it wrong."""
