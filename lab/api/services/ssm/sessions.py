# SPDX-License-Identifier: GPL-3.0-or-later
"""SSM's sessions: the API's half; the other is the session service of the data plane."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from moto.core.responses import ActionResult
from moto.ssm.exceptions import InvalidDocument, SSMException
from moto.ssm.responses import SimpleSystemManagerResponse

from lab.api.callers.authorization import authorize, caller_of, decision_on
from lab.api.callers.signature import SignatureError
from lab.api.moto.extension import adds
from lab.api.services.ssm.instances import connected, moment, paged
from lab.base.backends import ACCOUNT
from lab.context import Context
from lab.session_registry import Session
from lab.world.access.api_permissions import Permission
from lab.world.machines.session_documents import DEFAULT_PREFERENCES, PREFERENCES, ParameterError, fill

_CHECK = "ssm:SessionDocumentAccessCheck"
_FILTERS = ("InvokedAfter", "InvokedBefore", "Target", "Owner", "Status", "SessionId", "AccessType")


def extend(context: Context) -> None:
    """Add the operations of sessions."""
    _begin(context)
    _go_on(context)
    _list(context)


def _begin(context: Context) -> None:
    registry = context.sessions

    @adds(SimpleSystemManagerResponse, "start_session")
    def start_session(self: Any) -> ActionResult:
        target = self._get_param("Target") or ""
        name = self._get_param("DocumentName") or PREFERENCES
        parameters = self._get_param("Parameters") or {}
        try:
            _authorize(context, self, target, self._get_param("DocumentName"))
        except SignatureError as error:
            raise SSMException(error.code, str(error)) from error
        document = _document(self.ssm_backend, name, parameters)
        if not connected(context, self.region, target):
            raise SSMException("TargetNotConnected", f"{target} is not connected.")
        owner = _owner(context, self.access_key)
        session = Session(
            id=f"{owner.rsplit('/', 1)[-1].rsplit(':', 1)[-1]}-{secrets.token_hex(9)[:17]}",
            region=self.region,
            target=target,
            document_name=name,
            document=document,
            parameters={key: list(values) for key, values in parameters.items()},
            owner=owner,
            reason=self._get_param("Reason") or "",
            started=context.clock.time(),
            active=context.clock.monotonic(),
        )
        registry.add(session)
        registry.deliver(session)
        return ActionResult(_opened(context, self.uri, session))


def _authorize(context: Context, call: Any, target: str, document: str | None) -> None:
    """Refuse a session that the caller's policies do not allow.

    The machine is looked at, and the document if the call names one. If it names none, the account's own is looked at
    only if a policy asks for that by its condition `ssm:SessionDocumentAccessCheck`:
    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-sessiondocumentaccesscheck.html
    """
    who = caller_of(call, context.backends)
    if who is None:
        return
    tags = context.backends.at("ec2", call.region).describe_tags({"resource-id": [target]})
    machine = f"arn:aws:ec2:{call.region}:{ACCOUNT}:instance/{target}"
    on = {f"ssm:resourceTag/{tag['key']}": tag["value"] for tag in tags}
    unchecked = Permission("ssm:StartSession", machine, {**on, _CHECK: "false"})
    if document is None and decision_on(who, unchecked) == "allow":
        return
    authorize(who, Permission("ssm:StartSession", machine, {**on, _CHECK: "true"}))
    name = document or PREFERENCES
    owner = "" if name.startswith("AWS-") else ACCOUNT
    known = call.ssm_backend._resource_tags["Document"].get(name, {})
    of_document = {f"ssm:resourceTag/{key}": value for key, value in known.items()}
    arn = f"arn:aws:ssm:{call.region}:{owner}:document/{name}"
    authorize(who, Permission("ssm:StartSession", arn, {**of_document, _CHECK: "true"}))


def _go_on(context: Context) -> None:
    registry = context.sessions

    @adds(SimpleSystemManagerResponse, "resume_session")
    def resume_session(self: Any) -> ActionResult:
        session = registry.sessions.get(self._get_param("SessionId") or "")
        if session is None:
            raise SSMException("DoesNotExistException", "The specified session does not exist.")
        if session.over:
            # The client takes the missing token for the session's end.
            return ActionResult({"SessionId": session.id})
        return ActionResult(_opened(context, self.uri, session))

    @adds(SimpleSystemManagerResponse, "terminate_session")
    def terminate_session(self: Any) -> ActionResult:
        identifier = self._get_param("SessionId") or ""
        session = registry.sessions.get(identifier)
        if session and not session.over:
            registry.finish(session)
        return ActionResult({"SessionId": identifier})


def _list(context: Context) -> None:
    registry = context.sessions

    @adds(SimpleSystemManagerResponse, "describe_sessions")
    def describe_sessions(self: Any) -> ActionResult:
        state = self._get_param("State")
        if state not in ("Active", "History"):
            raise SSMException(
                "ValidationException",
                f"1 validation error detected: Value '{state}' at 'state' failed to satisfy constraint: "
                "Member must satisfy enum value set: [Active, History]",
            )
        wanted = {str(filter_.get("key")): str(filter_.get("value")) for filter_ in self._get_param("Filters") or []}
        for key in wanted:
            if key not in _FILTERS:
                raise SSMException("InvalidFilterKey", f"The filter key {key} is not valid.")
        listed = [
            _described(session)
            for session in reversed(list(registry.sessions.values()))
            if session.region == self.region and session.over == (state == "History") and _passes(session, wanted)
        ]
        size = self._get_int_param("MaxResults") or 200
        return ActionResult(paged("Sessions", listed, self._get_param("NextToken"), size))


def _document(backend: Any, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a session document with its parameters in their places."""
    try:
        found = backend._get_documents(name).get_default_version()
        kind, content = found.document_type, found.content_json
    except InvalidDocument as error:
        if name != PREFERENCES:
            raise SSMException("InvalidDocument", f"Document with name {name} does not exist.") from error
        # Until somebody changes the preferences, the account has no such document.
        kind, content = "Session", DEFAULT_PREFERENCES
    if kind != "Session":
        raise SSMException(
            "InvalidDocument",
            f"Document type: '{kind}' is not supported. Only type: 'Session' is supported by Session Manager.",
        )
    try:
        return fill(content, parameters)
    except ParameterError as error:
        raise SSMException("InvalidParameters", str(error)) from error


def _opened(context: Context, asked: str, session: Session) -> dict[str, str]:
    """Return what a client needs to open the session's websocket from where it asked."""
    host = urlsplit(asked).hostname or ""
    inside = host.endswith(".amazonaws.com")
    base = f"wss://ssmmessages.{session.region}.amazonaws.com" if inside else context.sessions.stream_base
    return {
        "SessionId": session.id,
        "TokenValue": session.renew_client_token(),
        "StreamUrl": f"{base}/v1/data-channel/{session.id}?role=publish_subscribe",
    }


def _owner(context: Context, access_key: str) -> str:
    """Return the ARN of whose access key it is; the owner's is the root's."""
    assumed = context.backends.at("sts", "aws").get_assumed_role_from_access_key(access_key)
    if assumed:
        return str(assumed.arn)
    for user in context.backends.at("iam", "aws").users.values():
        if any(key.access_key_id == access_key for key in user.access_keys):
            return str(user.arn)
    return f"arn:aws:iam::{ACCOUNT}:root"


def _described(session: Session) -> dict[str, Any]:
    described: dict[str, Any] = {
        "SessionId": session.id,
        "Target": session.target,
        "Status": session.status,
        "StartDate": moment(session.started),
        "DocumentName": session.document_name,
        "Owner": session.owner,
        "OutputUrl": {},
        "AccessType": "Standard",
    }
    if session.reason:
        described["Reason"] = session.reason
    if session.ended is not None:
        described["EndDate"] = moment(session.ended)
    return described


def _passes(session: Session, wanted: Mapping[str, str]) -> bool:
    facts = {
        "Target": session.target,
        "Owner": session.owner,
        "Status": session.status,
        "SessionId": session.id,
        "AccessType": "Standard",
    }
    for key, value in wanted.items():
        if key in facts and facts[key] != value:
            return False
        if key == "InvokedAfter" and session.started < _seconds(value):
            return False
        if key == "InvokedBefore" and session.started >= _seconds(value):
            return False
    return True


def _seconds(text: str) -> float:
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise SSMException("ValidationException", f"The date {text!r} is not in ISO 8601 format.") from error
