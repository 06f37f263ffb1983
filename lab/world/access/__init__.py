# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: IAM's and S3's policies, and signatures."""
