# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudTrail's event history, which every account has without a trail: the calls of each region, the newest first.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult

from lab.api.moto.extension import adds
from lab.api.moto.paging import TokenError, page
from lab.base.backends import ACCOUNT
from lab.base.history import Event
from lab.context import Context

_PAGE = 50
_ATTRIBUTES: dict[str, Callable[[Event], str]] = {
    "EventId": lambda event: event.id,
    "EventName": lambda event: event.name,
    "ReadOnly": lambda event: str(event.reads).lower(),
    "Username": lambda event: event.user,
    "EventSource": lambda event: event.source,
    "AccessKeyId": lambda event: event.key,
    "ResourceType": lambda event: "",  # noqa: ARG005  which resources a call is about is not kept
    "ResourceName": lambda event: "",  # noqa: ARG005
}


def extend(context: Context) -> None:
    """Answer what has been called."""

    @adds(CloudTrailResponse, "lookup_events")
    def lookup_events(self: Any) -> ActionResult:
        asked = json.loads(self.body or "{}")
        wanted = _wanted(asked)
        found = [event for event in reversed(context.history.events) if event.region == self.region and wanted(event)]
        size = asked.get("MaxResults") or _PAGE
        if not 1 <= size <= _PAGE:
            raise JsonRESTError("InvalidMaxResultsException", f"MaxResults must be between 1 and {_PAGE}.")
        try:
            shown, token = page(found, asked.get("NextToken"), size)
        except TokenError as error:
            raise JsonRESTError("InvalidNextTokenException", str(error)) from error
        return ActionResult({"Events": [_told(trail) for trail in shown], "NextToken": token})


def _wanted(asked: Mapping[str, Any]) -> Callable[[Event], bool]:
    """Return which events a call asks for."""
    attributes = asked.get("LookupAttributes") or []
    if len(attributes) > 1 or any(attribute.get("AttributeKey") not in _ATTRIBUTES for attribute in attributes):
        raise JsonRESTError("InvalidLookupAttributesException", "One attribute that events have can be looked up.")
    start, end = (_time(asked.get(key)) for key in ("StartTime", "EndTime"))
    if start and end and start > end:
        raise JsonRESTError("InvalidTimeRangeException", "The start time is after the end time.")

    def is_wanted(event: Event) -> bool:
        in_time = (not start or event.time >= start) and (not end or event.time <= end)
        return in_time and all(
            _ATTRIBUTES[attribute["AttributeKey"]](event) == attribute["AttributeValue"] for attribute in attributes
        )

    return is_wanted


def _time(seconds: Any) -> datetime.datetime | None:
    if seconds is None:
        return None
    try:
        return datetime.datetime.fromtimestamp(float(seconds), datetime.UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise JsonRESTError("InvalidTimeRangeException", "A time is given in seconds since 1970.") from error


def _told(event: Event) -> dict[str, Any]:
    return {
        "EventId": event.id,
        "EventName": event.name,
        "ReadOnly": str(event.reads).lower(),
        "AccessKeyId": event.key,
        "EventTime": event.time,
        "EventSource": event.source,
        "Username": event.user,
        "Resources": [],
        "CloudTrailEvent": json.dumps(record(event)),
    }


def record(event: Event) -> dict[str, Any]:
    """Return an event as CloudTrail writes it.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    kinds = {":root": "Root", ":assumed-role/": "AssumedRole", ":user/": "IAMUser"}
    kind = next((kind for mark, kind in kinds.items() if mark in event.arn), "Unknown")
    identity = {"type": kind, "arn": event.arn, "accountId": ACCOUNT, "accessKeyId": event.key}
    if kind == "IAMUser":
        identity["userName"] = event.user
    if kind == "AssumedRole":
        issuer = {
            "type": "Role",
            "arn": event.entity,
            "accountId": ACCOUNT,
            "userName": event.entity.rpartition("/")[2],
        }
        identity["sessionContext"] = {"sessionIssuer": issuer}  # type: ignore[assignment]  # JSON
    return {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": event.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": event.source,
        "eventName": event.name,
        "awsRegion": event.region,
        "sourceIPAddress": event.address,
        "userAgent": event.agent,
        "readOnly": event.reads,
        "eventID": event.id,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
