# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls that the API has admitted, as CloudTrail's event history and IAM's last-accessed reports tell them.

Written where calls are admitted (`lab/api/callers/`), under the API's lock. S3's calls are not in it, nor what was
sent and answered: no secret gets here.
"""

from __future__ import annotations

import datetime
import uuid
from collections import deque
from dataclasses import dataclass, field

KEPT = 20_000
"""How many events are kept; AWS keeps them for 90 days."""


def now() -> datetime.datetime:
    """Return the time as CloudTrail tells it, in whole seconds."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Event:
    """One call."""

    service: str
    """The name that the service signs with, such as `ec2`."""
    name: str
    region: str
    key: str
    """The access key's id."""
    arn: str
    """Who has called: a role's session, a user, or the root user."""
    entity: str
    """The role, user or root user whose policies count."""
    address: str
    agent: str
    time: datetime.datetime = field(default_factory=now)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def source(self) -> str:
        """The service as CloudTrail names it."""
        return f"{self.service}.amazonaws.com"

    @property
    def user(self) -> str:
        """The user's or the session's name, `root` for the root user."""
        return self.arn.rpartition(":")[2].rpartition("/")[2]

    @property
    def reads(self) -> bool:
        """Tell whether the operation only reads."""
        return self.name.startswith(("Describe", "Get", "List", "Head", "Lookup", "Search", "Simulate", "Test"))


@dataclass
class History:
    """The events, the newest last."""

    begun: datetime.datetime = field(default_factory=now)
    """When the account was made: with the lab."""
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=KEPT))
    last: dict[tuple[str, str], Event] = field(default_factory=dict)
    """The last event of each entity and service, which outlives the events."""

    def note(self, event: Event) -> None:
        """Take down a call."""
        self.events.append(event)
        self.last[event.entity, event.service] = event

    def newest(self, entity: str) -> Event | None:
        """Return an entity's last call of any service, None if there was none."""
        found = [event for (who, _service), event in self.last.items() if who == entity]
        return max(found, key=lambda event: event.time, default=None)
