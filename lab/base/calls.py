# SPDX-License-Identifier: GPL-3.0-or-later
"""Which actions were called, by whom: what a policy that lets these callers do their work has to allow.

`Calls` is written where calls are admitted (`lab/api/callers/`), under the API's lock, and read by `lab calls`.
Actions are IAM's: `elasticloadbalancing:DescribeTags`, `s3:GetObject`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lab.base.endpoint import ask
from lab.base.paths import LabPaths

PATH = "/_lab/calls"
"""Where the API's server answers it, as it does `lab.running.status.PATH`."""


Called = dict[str, dict[str, list[str]]]
"""By caller's ARN: each action with the resources that IAM was asked about, none where it was asked about any."""


@dataclass
class Calls:
    """The actions by the ARN of who has called them."""

    seen: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def note(self, arn: str, action: str, resource: str | None = None) -> None:
        """Take down an action that was admitted, and the resource if IAM was asked about a certain one."""
        resources = self.seen.setdefault(arn, {}).setdefault(action, set())
        if resource:
            resources.add(resource)

    def page(self, sent: Any) -> Called:
        """Return the actions by caller, sorted; `{"forget": true}` begins anew after that."""
        found = {
            arn: {action: sorted(resources) for action, resources in sorted(actions.items())}
            for arn, actions in sorted(self.seen.items())
        }
        if isinstance(sent, dict) and sent.get("forget"):
            self.seen.clear()
        return found


def fetch(place: LabPaths, *, forget: bool = False) -> Called:
    """Return the actions that were called in a running lab, by caller."""
    found: Called = ask(place, PATH, {"forget": forget})
    return found


def table(calls: Called) -> str:
    """Return each caller with its actions below it."""
    lines = [line for arn, actions in calls.items() for line in (arn, *(f"  {action}" for action in actions))]
    return "\n".join(lines) or "Nobody has called anything."
