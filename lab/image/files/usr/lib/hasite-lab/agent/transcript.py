# SPDX-License-Identifier: GPL-3.0-or-later
"""A session's log in CloudWatch Logs: what its terminal shows, line by line, as AWS's agent sends it while it runs.

One stream for each session, named like it, of events in JSON. What is typed is in it only where the terminal echoes it.
https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-logging-cwl-streaming.html
"""

from __future__ import annotations

import asyncio
import datetime
import json
import logging
import re
import time
from dataclasses import dataclass
from typing import Any

from .service import Service, ServiceRefusedError, UnreachableError

_log = logging.getLogger(__name__)
_EVERY = 1.0
"""Seconds between two uploads."""
_LARGEST = 200_000
"""Bytes of an event's lines."""
_PER_CALL = 4
_CONTROL = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")
UNENCRYPTED = (
    "We couldn't start the session because encryption is not set up on the selected CloudWatch Logs log group. Either "
    "encrypt the log group or choose an option to enable logging without encryption."
)


class NotEncryptedError(Exception):
    """The document wants an encrypted log group, and there is none."""


@dataclass(frozen=True)
class Heading:
    """What every event says of its session."""

    session: str
    region: str
    target: str
    owner: str
    """The ARN of who has started it."""
    run_as: str


class Transcript:
    """Collects a session's output, and brings it to its log stream."""

    def __init__(self, service: Service, group: str, heading: Heading) -> None:
        """Prepare; `run` begins."""
        self._service = service
        self._group = group
        self._heading = heading
        self._taken = bytearray()
        self._token: str | None = None
        self._created = False
        self._stopped = False

    async def check(self, *, encrypted: bool) -> None:
        """Look at the log group before the session begins; without one, nothing is logged.

        Raises NotEncryptedError if the group should be encrypted by a customer's key, and is not or can't be seen.
        """
        found = await self._describe()
        if encrypted and not (found or {}).get("kmsKeyId"):
            raise NotEncryptedError(UNENCRYPTED)
        if found is None:
            _log.warning("session %s is not logged: %s can't be seen", self._heading.session, self._group)
            self._stopped = True

    def take(self, data: bytes) -> None:
        """Take what the terminal has shown."""
        if not self._stopped:
            self._taken += data

    async def run(self) -> None:
        """Upload complete lines every second, for as long as the session lasts."""
        while not self._stopped:
            await asyncio.sleep(_EVERY)
            await self._upload(whole=False)

    async def finish(self) -> None:
        """Upload what is left."""
        while self._taken and not self._stopped and await self._upload(whole=True):
            pass

    async def _describe(self) -> dict[str, Any] | None:
        try:
            answer = await self._service.logs("DescribeLogGroups", {"logGroupNamePrefix": self._group})
        except (ServiceRefusedError, UnreachableError) as error:
            _log.warning("%s", error)
            return None
        groups: list[dict[str, Any]] = answer.get("logGroups", [])
        return next((group for group in groups if group["logGroupName"] == self._group), None)

    async def _upload(self, *, whole: bool) -> bool:
        """Send the next lines; tell whether they have arrived."""
        events, used = self._events(whole)
        if not events:
            return False
        try:
            await self._prepare()
            if self._stopped:
                return False
            arguments = {"logEvents": events, **self._stream()}
            if self._token:
                arguments["sequenceToken"] = self._token
            answer = await self._service.logs("PutLogEvents", arguments)
        except (ServiceRefusedError, UnreachableError) as error:
            _log.warning("The log of session %s is late: %s", self._heading.session, error)
            self._stopped = getattr(error, "status", 0) == 400 and "ResourceNotFoundException" in str(error)
            return False
        self._token = answer.get("nextSequenceToken")
        del self._taken[:used]
        return True

    async def _prepare(self) -> None:
        if not self._created:
            if await self._describe() is None:
                self._stopped = True
                return
            try:
                await self._service.logs("CreateLogStream", self._stream())
            except ServiceRefusedError as error:
                if "ResourceAlreadyExistsException" not in str(error):
                    self._stopped = True
                    raise
            self._created = True
        if self._token is None:
            prefix = {"logGroupName": self._group, "logStreamNamePrefix": self._heading.session}
            found = (await self._service.logs("DescribeLogStreams", prefix)).get("logStreams", [])
            self._token = next((stream.get("uploadSequenceToken") for stream in found), None)

    def _stream(self) -> dict[str, Any]:
        return {"logGroupName": self._group, "logStreamName": self._heading.session}

    def _events(self, whole: bool) -> tuple[list[dict[str, Any]], int]:
        """Return events of the lines that are complete, or of all, and how many bytes they take."""
        events: list[dict[str, Any]] = []
        used = 0
        while used < len(self._taken) and len(events) < _PER_CALL:
            piece = bytes(self._taken[used : used + _LARGEST])
            end = piece.rfind(b"\n") + 1
            if not end:
                if not whole and len(piece) < _LARGEST:
                    break
                end = len(piece)
            events.append(self._event(piece[:end]))
            used += end
        return events, used

    def _event(self, lines: bytes) -> dict[str, Any]:
        text = _CONTROL.sub(b"", lines).decode(errors="replace").replace("\t", " ").replace("\r", "")
        message = {
            "eventVersion": "1.0",
            "eventTime": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "awsRegion": self._heading.region,
            "target": {"id": self._heading.target},
            "userIdentity": {"arn": self._heading.owner},
            "runAsUser": self._heading.run_as,
            "sessionId": self._heading.session,
            "sessionData": text.removesuffix("\n").split("\n"),
        }
        return {"message": json.dumps(message, separators=(",", ":")), "timestamp": int(time.time() * 1000)}
