# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scanner says, in one shape for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """One check that a resource has not passed."""

    check: str
    resource: str
    detail: str
    tags: str = ""
    """The resource's tags as the scanner prints them."""


@dataclass
class Result:
    """What one scanner has found."""

    scanner: str
    """Its key among the ids of a control."""
    passed: int = 0
    findings: list[Finding] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    """What it could not look at: the call that failed and how, each once."""
    quiet: list[str] = field(default_factory=list)
    """The checks that ran and had nothing of their kind to look at."""
