# SPDX-License-Identifier: GPL-3.0-or-later
"""What every other package stands on: names and paths on the host, the clock, keys, errors."""
