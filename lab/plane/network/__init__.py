# SPDX-License-Identifier: GPL-3.0-or-later
"""The VPCs' networks, their routers, and the internet around them."""
