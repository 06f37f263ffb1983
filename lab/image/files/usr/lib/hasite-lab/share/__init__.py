# SPDX-License-Identifier: GPL-3.0-or-later
"""EFS on a machine of the lab: what mounts a share, and what watches over the mount."""
