# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures what the project claims about speed, against what it is compared with, side by side in one run.

    python -m bench [--list] [--rows KEY,KEY] [--lab NAME] [--port N]

Each row of the table is one function (`bench.remote`, `bench.site`, `bench.growth`). What can't be measured says why.
"""
