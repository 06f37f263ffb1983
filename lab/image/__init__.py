# SPDX-License-Identifier: GPL-3.0-or-later
"""The root file system of the lab's machines, built from the distribution's packages."""
