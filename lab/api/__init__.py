# SPDX-License-Identifier: GPL-3.0-or-later
"""The control plane: moto in this process, and what it lacks or gets wrong."""
