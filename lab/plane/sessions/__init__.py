# SPDX-License-Identifier: GPL-3.0-or-later
"""The services that the machines' agents and the sessions' clients talk to."""
