# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs, their interfaces and routes, and the packet rules that follow from them."""
