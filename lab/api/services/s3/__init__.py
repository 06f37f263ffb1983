# SPDX-License-Identifier: GPL-3.0-or-later
"""S3, as far as moto lacks it or gets it wrong."""
