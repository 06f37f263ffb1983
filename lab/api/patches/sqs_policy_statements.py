# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements of a queue's policy are a list, also when one was given without.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html (Policy)
"""

from __future__ import annotations

import json
from typing import Any

from moto.sqs.models import Queue

_kept = Queue.policy


def _set(queue: Any, policy: Any) -> None:
    if policy:
        document = json.loads(policy)
        if isinstance(document.get("Statement"), dict):
            policy = json.dumps({**document, "Statement": [document["Statement"]]})
    _kept.fset(queue, policy)


def extend() -> None:
    """Keep them as one."""
    Queue.policy = property(_kept.fget, _set)
