# SPDX-License-Identifier: GPL-3.0-or-later
"""The data plane: makes this machine look like the world that the API describes, and says what is true."""
