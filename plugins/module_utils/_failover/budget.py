# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The time budget: what a visitor sees how long after what, which setting dominates, what a faster one costs."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._route53 import ALIAS_TTL
from .arithmetic import Checkers, Spread, time_to_turn
from .settings import HealthCheck, Settings

ANSWERED = 0.2
"""Seconds for an answer over TLS to a checker on another continent."""
CHOICES = tuple((interval, threshold) for interval in (10, 30) for threshold in (1, 2, 3))

Budget = dict[str, t.Any]


def _told(spread: Spread) -> dict[str, float]:
    return {key: round(value, 1) for key, value in spread._asdict().items()}


def _turned(settings: Settings, checkers: Checkers | None, ttl: float, *, down: bool) -> Spread:
    """Return how long until the name has turned, for who asks afresh (TTL 0) and for who keeps answers.

    Without a health check, only the load balancer's own checks turn it; AWS publishes no figure for how fast Route 53
    learns of them, so nothing is added for that.
    """
    if checkers:
        return time_to_turn(checkers, ANSWERED, ttl, down=down)
    checks = settings.targets
    detected = checks.longest_detection if checks and settings.evaluates_targets and down else 0
    return Spread(detected + ttl / 2, detected + 0.95 * ttl, detected + ttl)


def _phases(settings: Settings, *, down: bool) -> list[dict[str, t.Any]]:
    """Return the longest time of each phase, and the setting that decides it."""
    checkers = settings.check.checkers if settings.check else None
    turned = _turned(settings, checkers, 0, down=down).longest
    setting = (
        f"health check {checkers.interval:.0f} s × {checkers.threshold}" if checkers else "target group's health checks"
    )
    phases = [
        {"phase": "the name's health turns", "seconds": turned, "setting": setting},
        {"phase": "resolvers let the old answer go", "seconds": ALIAS_TTL, "setting": "TTL of an alias (fixed by AWS)"},
    ]
    if not down:
        phases += [
            {
                "phase": "browsers let the error page go",
                "seconds": settings.page_max_age,
                "setting": "Cache-Control of the error page",
            }
        ]
    return phases


def _direction(settings: Settings, *, down: bool) -> Budget:
    checkers = settings.check.checkers if settings.check else None
    phases = _phases(settings, down=down)
    kept = 0 if down else settings.page_max_age
    seen = _turned(settings, checkers, ALIAS_TTL, down=down)
    return {
        "new_visitors": _told(_turned(settings, checkers, 0, down=down)),
        "returning_visitors": _told(seen._replace(longest=seen.longest + kept)),
        "phases": phases,
        "dominated_by": max(phases, key=lambda one: float(one["seconds"]))["setting"],
    }


def _one_machine(settings: Settings) -> Budget:
    checks = settings.targets
    return {
        "detection": checks.longest_detection if checks else None,
        "recovery": checks.longest_recovery if checks else None,
        "deregistration": checks.deregistration_delay if checks else None,
    }


def _zone(settings: Settings) -> Budget:
    """Return for how long names lead to the load balancer's node in a zone that is gone.

    It leaves the name when it reaches too few healthy targets, of which it learns by the same checks as of a machine:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health.html
    """
    checks = settings.targets
    noticed = checks.longest_detection if checks else None
    return {
        "new_visitors": noticed,
        "returning_visitors": None if noticed is None else noticed + ALIAS_TTL,
    }


def _alternatives(check: HealthCheck) -> list[Budget]:
    """Return what each choice of interval and threshold would give, and cost."""
    now = (check.checkers.interval, check.checkers.threshold)
    found = []
    for interval, threshold in CHOICES:
        checkers = replace(check.checkers, interval=interval, threshold=threshold)
        found.append(
            {
                "interval": interval,
                "threshold": threshold,
                "in_force": (interval, threshold) == now,
                "error_page": _told(time_to_turn(checkers, ANSWERED, ALIAS_TTL, down=True)),
                "back": _told(time_to_turn(checkers, ANSWERED, ALIAS_TTL, down=False)),
                "usd_per_month": check.price(interval),
            }
        )
    return found


def make_budget(settings: Settings) -> Budget:
    """Return the time budget of a site."""
    return {
        "error_page": _direction(settings, down=True),
        "back": _direction(settings, down=False),
        "one_machine": _one_machine(settings),
        "zone": _zone(settings),
        "edge": {"error_ttl": settings.edge_error_ttl},
        "alternatives": _alternatives(settings.check) if settings.check else [],
        "notes": _notes(settings),
    }


def _notes(settings: Settings) -> list[str]:
    notes = []
    if settings.check and settings.evaluates_targets:
        notes.append(
            "The name also follows the load balancer's targets (evaluate target health), so the error page may come "
            "sooner; AWS publishes no figure for it. The site is back only when the health check agrees."
        )
    if settings.check and settings.check.checkers.threshold == 1:
        notes.append("With a threshold of 1, a single lost packet turns a checker: expect needless failovers.")
    if settings.page_max_age:
        notes.append(
            f"The error page may be kept for {settings.page_max_age} s by browsers: who has seen it goes on seeing it "
            "when the site is back. Let it answer Cache-Control: no-store."
        )
    if settings.edge_error_ttl:
        notes.append(
            f"The edge keeps an error of its bucket for {settings.edge_error_ttl} s (error_caching_min_ttl), so a "
            "repaired error page comes that much later."
        )
    return notes
