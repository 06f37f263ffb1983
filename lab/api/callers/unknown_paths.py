# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses, in the protocol of the service that was meant, what no part of moto answers or what breaks in it.

moto would send a web page, or nothing at all.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import OperationNotFoundError

_log = logging.getLogger(__name__)
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_PAGE = b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>"
"""How werkzeug begins what it says of a path that it has no rule for."""
_SCOPE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/aws4_request")
"""A signature's scope names the service:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
_UNPLAYED = "The lab does not know {call}; nothing was done."
_UNKNOWN = "The action of {call} is not valid for this web service."
_BROKEN = "The lab failed at {call}; its log says why."
_SPEAKS_XML = ("s3", "route53", "cloudfront")
_FORM = "application/x-www-form-urlencoded"
"""How a call of AWS's Query protocol comes, whose errors are XML too."""


class UnknownServiceError(Exception):
    """A service of AWS that no part of moto plays."""


def refusal(service: str, code: str, sentence: str, kind: str = "") -> tuple[str, bytes]:
    """Return content type and body of the refusal, as the service's clients read errors; `kind` is the call's type."""
    if service == "ec2":
        inside = f"<Code>{code}</Code><Message>{escape(sentence)}</Message>"
        text = f"<Response><Errors><Error>{inside}</Error></Errors><RequestID>lab</RequestID></Response>"
        return "application/xml", text.encode()
    if service in _SPEAKS_XML or kind.startswith(_FORM):
        inside = f"<Code>{code}</Code><Message>{escape(sentence)}</Message>"
        # S3's errors are bare, the others' are wrapped.
        text = (
            f"<Error>{inside}</Error>" if service == "s3" else f"<ErrorResponse><Error>{inside}</Error></ErrorResponse>"
        )
        return "application/xml", text.encode()
    return "application/json", json.dumps({"__type": code, "message": sentence}).encode()


def refusing_unknown_paths(application: Application) -> Application:
    """Return the application with refusals in the place of web pages."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started: list[Any] = []

        def hold(*answer: Any) -> None:
            started[:] = answer

        try:
            body = b"".join(application(environ, hold))
        except UnknownServiceError as unknown:
            _log.info("The lab has no %s; %s was refused.", unknown, environ.get("HTTP_X_AMZ_TARGET", "a call"))
            body = _PAGE
        except OperationNotFoundError:
            # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html; JSON services name it otherwise.
            code = "UnknownOperationException" if "HTTP_X_AMZ_TARGET" in environ else "InvalidAction"
            return _refuse(environ, start_response, "400 Bad Request", code, _UNKNOWN)
        except Exception:
            _log.exception("%s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            return _refuse(environ, start_response, "500 Internal Server Error", "InternalFailure", _BROKEN)
        if body.startswith(_PAGE):
            return _refuse(environ, start_response, "501 Not Implemented", "NotImplemented", _UNPLAYED)
        start_response(*started)
        return [body]

    return serve


def _refuse(
    environ: dict[str, Any], start_response: Callable[..., Any], status: str, code: str, why: str
) -> Iterable[bytes]:
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    service = scope[1] if scope else "an unnamed service's"
    sentence = why.format(call=f"{service} {environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
    kind, body = refusal(service, code, sentence, environ.get("CONTENT_TYPE", ""))
    headers = [("Content-Type", kind), ("x-amzn-ErrorType", code), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]
