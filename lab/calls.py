# SPDX-License-Identifier: GPL-3.0-or-later
"""Which actions were called, by whom: what a policy that lets these callers do their work has to allow.

`Calls` is written where calls are admitted (`lab.api.callers`, `lab.api.s3_authorization`), under the API's lock, and
read by `lab calls`. Actions are IAM's: `elasticloadbalancing:DescribeTags`, `s3:GetObject`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lab.endpoint import ask
from lab.place import Place

PATH = "/_lab/calls"
"""Where the API's server answers it, as it does `lab.status.PATH`."""


@dataclass
class Calls:
    """The actions by the ARN of who has called them."""

    seen: dict[str, set[str]] = field(default_factory=dict)

    def note(self, arn: str, action: str) -> None:
        """Take down an action that was admitted."""
        self.seen.setdefault(arn, set()).add(action)

    def page(self, sent: Any) -> dict[str, list[str]]:
        """Return the actions by caller, sorted; `{"forget": true}` begins anew after that."""
        found = {arn: sorted(actions) for arn, actions in sorted(self.seen.items())}
        if isinstance(sent, dict) and sent.get("forget"):
            self.seen.clear()
        return found


def fetch(place: Place, *, forget: bool = False) -> dict[str, list[str]]:
    """Return the actions that were called in a running lab, by caller."""
    found: dict[str, list[str]] = ask(place, PATH, {"forget": forget})
    return found


def table(calls: dict[str, list[str]]) -> str:
    """Return each caller with its actions below it."""
    lines = [line for arn, actions in calls.items() for line in (arn, *(f"  {action}" for action in actions))]
    return "\n".join(lines) or "Nobody has called anything."
