# SPDX-License-Identifier: GPL-3.0-or-later
"""The world that the API's state describes. Pure: backends and observations in, dataclasses out."""
