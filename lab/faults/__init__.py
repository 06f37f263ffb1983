# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes that people make with such a site, made for real: by calls to the API, or by commands on a machine.

One function makes one fault (`fault.py` says how); each notes how to take back what it is about to do (`steps.py`), so
that `lab mend` can put back also what a killed `lab break` has left. Only the registrar, which is outside AWS, is told.
"""
