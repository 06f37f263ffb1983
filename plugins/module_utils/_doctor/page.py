# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Rules: what a visitor gets. Nearly always it follows from something else, so these come last."""

from __future__ import annotations

from collections.abc import Iterator

from .._visit import is_served
from .evidence import Evidence
from .finding import CRITICAL, PROVISION, WARNING, Area, Occurrence, RuleInfo, Where
from .known.visit import Fetch
from .needs import PAGE, PLAIN

AREA = Area("page")


def _said(fetch: Fetch) -> str:
    return fetch.problem or f"status {fetch.status}"


@AREA.rule(
    RuleInfo(
        "page-unavailable",
        CRITICAL,
        "This is what it is all for.",
        f"If nothing else is found, look at the machines' error logs: {PROVISION}",
    ),
    "elbv2: load balancers",
    PAGE,
)
def page_unavailable(evidence: Evidence) -> Iterator[Occurrence]:
    """Visitors do not get the site."""
    fetch = evidence.outside.page
    if evidence.balancer and fetch and (fetch.problem or not is_served(fetch.status or 0)):
        yield Occurrence(f"Visitors of {evidence.domain} do not get the site.", Where("page", fetch.url), _said(fetch))


@AREA.rule(
    RuleInfo(
        "plain-unavailable",
        WARNING,
        "Many do, and old links do.",
        f"Let the listener on port 80 redirect to HTTPS: {PROVISION}",
    ),
    "elbv2: load balancers",
    PLAIN,
)
def plain_unavailable(evidence: Evidence) -> Iterator[Occurrence]:
    """Who types the name without https:// does not come to the site."""
    fetch = evidence.outside.plain
    if not evidence.balancer or not fetch:
        return
    redirected = fetch.status in (301, 302, 307, 308) and fetch.headers.get("location", "").startswith("https://")
    if not redirected:
        said = f"{_said(fetch)}, Location: {fetch.headers.get('location') or 'none'}"
        yield Occurrence(f"{fetch.url} does not lead to HTTPS.", Where("page", fetch.url), said)
