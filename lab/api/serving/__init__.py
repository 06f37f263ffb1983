# SPDX-License-Identifier: GPL-3.0-or-later
"""How calls are taken and answered, whatever the service."""
