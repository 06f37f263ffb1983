# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true of every API call: unknown and unpermitted ones are refused, and those that change something noticed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from moto.core import responses
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import method_names_from_class

from lab.api.callers import authorization, shapes
from lab.api.moto.extension import replaces
from lab.api.services.ec2 import refusals
from lab.api.serving import empty_lists, standing_answers
from lab.context import Context

_READING = ("Describe", "List", "Get", "Head", "Lookup", "Search", "Simulate", "Test", "Batch")

_OF_SESSIONS = ("UpdateInstanceInformation", "StartSession", "ResumeSession", "TerminateSession", "SendCommand")
"""They change what agents do, which the service of sessions sees itself; the world stays as it is."""


def changes_something(action: str) -> bool:
    """Tell whether an operation may change the API's state; when in doubt it may."""
    return not action.startswith(_READING) and action not in _OF_SESSIONS


class UnknownOperation(ServiceException):
    """An operation that AWS may have and the lab has not."""

    code = "NotImplemented"

    def __init__(self, service: str, action: str) -> None:
        super().__init__(f"The lab does not know {service} {action}; nothing was done.")


def extend(context: Context) -> None:
    """Look at every call on its way into moto."""
    # moto lists a class's methods for each call; from the first call on they stay what they are.
    responses.method_names_from_class = cache(method_names_from_class)

    @replaces(BaseResponse, "call_action")
    def call_action(original: Callable[..., Any], self: Any) -> Any:
        action = self._get_action() or "an operation without a name"
        refusal = authorization.refusal(self, action, context) or refusals.malformed(self)
        refusal = refusal or refusals.dry_run(self) or shapes.refusal(self, action)
        if refusal is not None:
            return refusal
        try:
            answer = original(self)
        except NotImplementedError as error:
            for told in (empty_lists.answer(self, action), standing_answers.answer(self, action)):
                if told is not None:
                    return told
            if invalid := refusals.invalid_filter(error, action):
                return self.serialized(ActionResult(invalid))
            unknown = UnknownOperation(self.service_name, action)
            status, headers, body = self.serialized(ActionResult(unknown))
            return 501 if status < 500 else status, headers, body
        if changes_something(action):
            context.mark_dirty()
        return answer
