# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that switch one of AWS's habits on, at a measure. Pure."""

from __future__ import annotations

from lab.base.errors import LabError


def aws_factor(name: str, option: str) -> float:
    """Read `none` (0), `aws` (1) or `aws:FACTOR`; raise the sentence for the user."""
    word, _, factor = option.partition(":")
    if option == "none":
        return 0.0
    try:
        found = float(factor or 1) if word == "aws" else 0.0
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise LabError(f"--{name} is {option!r}; use none, aws, or aws:FACTOR with a factor above 0, such as aws:0.1.")
    return found
