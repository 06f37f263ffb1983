# SPDX-License-Identifier: GPL-3.0-or-later
"""Which operation a call asks for, and how its service words an error, before any of moto has looked at it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

import botocore.session

from lab.world.access.s3_signature import Signature, SignatureError, Signed

SERVICE = "lab.service"
"""The key of the WSGI environment that names the service where the signature's scope does not."""

_REST = {
    "access-analyzer": "accessanalyzer",
    "arc-zonal-shift": "arc-zonal-shift",
    "cloudfront": "cloudfront",
    "elasticfilesystem": "efs",
    "guardduty": "guardduty",
    "lambda": "lambda",
    "route53": "route53",
}
"""Services whose operation is in the path, by the name they sign with, to botocore's name of them."""
CONTROL = "/v20180820/"
"""Where S3's control operations are, which are of the account's and no bucket's."""
_OTHERWISE = {
    "s3:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "s3:PutPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
    "s3:DeletePublicAccessBlock": "s3:PutAccountPublicAccessBlock",
}
"""S3's control operations that need an action of another name:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html"""
_PREFIXES = {"monitoring": "cloudwatch", "email": "ses"}
"""IAM's prefix of services that sign with another name."""
_REST_JSON = ("access-analyzer", "arc-zonal-shift", "elasticfilesystem", "guardduty", "lambda")
_IN_JSON = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "RequestTimeTooSkewed": "InvalidSignatureException",
}
_IN_EC2 = {
    "AccessDenied": "UnauthorizedOperation",
    "ExpiredToken": "RequestExpired",
    "InvalidClientTokenId": "AuthFailure",
    "MissingAuthenticationToken": "AuthFailure",
    "SignatureDoesNotMatch": "AuthFailure",
}
_IN_S3 = {"InvalidClientTokenId": "InvalidAccessKeyId"}


@dataclass(frozen=True)
class Call:
    """A call as it came, and what it says about its signature."""

    request: Signed
    body: bytes
    signature: Signature | None
    broken: SignatureError | None = None

    @property
    def service(self) -> str:
        """Return the name that the service signs with; an empty text without a signature."""
        scope = self.signature.scope if self.signature else ()
        return scope[2] if len(scope) == 4 else ""

    @property
    def permission(self) -> str:
        """Return the action as IAM names it, such as `cloudwatch:DescribeAlarms`; CloudWatch signs as `monitoring`.

        https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
        """
        named = f"{_PREFIXES.get(self.service, self.service)}:{self.operation}"
        return _OTHERWISE.get(named, named)

    @cached_property
    def action(self) -> str:
        """Return the operation of AWS's Query protocol, an empty text without one."""
        form = self.request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        for text in (self.request.query, self.body.decode(errors="replace") if form else ""):
            if found := parse_qs(text).get("Action"):
                return found[0]
        return ""

    @property
    def is_malformed(self) -> bool:
        """Tell whether a service that speaks JSON was sent something else; an empty body is none.

        https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
        """
        if "x-amz-target" not in self.request.headers or not self.body.strip():
            return False
        try:
            return not isinstance(json.loads(self.body), dict)
        except ValueError:
            return True

    @property
    def operation(self) -> str:
        """Return the operation's name, an empty text when it is not known."""
        if target := self.request.headers.get("x-amz-target"):
            return target.rpartition(".")[2]
        if self._model:
            return self._routed[0]
        return self.action

    @property
    def _model(self) -> str:
        """Return botocore's name of a service whose operations are in paths, an empty text of another one."""
        if self.service == "s3":
            return "s3control" if self.request.path.startswith(CONTROL) else ""
        return _REST.get(self.service, "")

    @cached_property
    def _routed(self) -> tuple[str, dict[str, str]]:
        return _by_path(self._model, self.request)

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """Return what the call gives: a form's fields, a JSON object's members, and what its path names.

        A body in XML is not read.
        """
        fields: dict[str, Any] = {name: values[0] for name, values in parse_qs(self.request.query).items()}
        text = self.body.decode(errors="replace")
        if text.startswith("{"):
            fields |= _members(text)
        elif self.action:
            fields |= {name: values[0] for name, values in parse_qs(text).items()}
        return {**fields, **(self._routed[1] if self._model else {})}


def _members(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _by_path(service: str, request: Signed) -> tuple[str, dict[str, str]]:
    """Return the operation with what the path names; no operation where none has such a path."""
    pairs = request.query.split("&")
    query = {*pairs, *(pair.removesuffix("=") for pair in pairs)}
    for route in _routes(service):
        found = route.pattern.fullmatch(request.path) if route.method == request.method else None
        if found and route.query <= query:
            return route.operation, dict(zip(route.names, map(unquote, found.groups()), strict=True))
    return "", {}


@dataclass(frozen=True)
class _Route:
    method: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    """Of the pattern's groups."""
    query: frozenset[str]
    """What tells operations of one path apart: `WithTags`, `Operation=Tag`."""
    operation: str


@cache
def _routes(service: str) -> list[_Route]:
    """Return a service's operations, those with the most text of their own first."""
    model = botocore.session.get_session().get_service_model(service)
    found: list[tuple[int, _Route]] = []
    for name in model.operation_names:
        http: dict[str, Any] = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        pieces = re.split(r"(\{[^}]+\})", path)
        pattern = "".join(
            ("(.+)" if piece.endswith("+}") else "([^/]+)") if piece.startswith("{") else re.escape(piece)
            for piece in pieces
        )
        names = tuple(piece.strip("{+}") for piece in pieces[1::2])
        wanted = frozenset(filter(None, query.split("&")))
        route = _Route(http["method"], re.compile(f"{pattern}/?"), names, wanted, name)
        found.append((-len("".join(pieces[::2])) - len(query), route))
    return [route for _length, route in sorted(found, key=lambda each: each[0])]


def error(call: Call, code: str, message: str) -> tuple[str, str, bytes]:
    """Return status line, content type and body of an error, as the service's clients read it."""
    if "x-amz-target" in call.request.headers or call.service in _REST_JSON:
        named = _IN_JSON.get(code, code)
        return (
            "400 Bad Request",
            "application/x-amz-json-1.1",
            json.dumps({"__type": named, "message": message}).encode(),
        )
    said = escape(message)
    if call.service == "ec2":
        inside = f"<Code>{_IN_EC2.get(code, code)}</Code><Message>{said}</Message>"
        text = f"<Response><Errors><Error>{inside}</Error></Errors><RequestID>lab</RequestID></Response>"
    elif call.service in ("", "s3") and not call.action:
        text = f"<Error><Code>{_IN_S3.get(code, code)}</Code><Message>{said}</Message></Error>"
    else:
        inside = f"<Type>Sender</Type><Code>{code}</Code><Message>{said}</Message>"
        text = f"<ErrorResponse><Error>{inside}</Error><RequestId>lab</RequestId></ErrorResponse>"
    return "403 Forbidden", "text/xml", f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
