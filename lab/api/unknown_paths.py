# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses, in the protocol of the service that was meant, what no part of moto answers: it would send a web page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import escape

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_PAGE = b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>"
"""How werkzeug begins what it says of a path that it has no rule for."""
_SCOPE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/aws4_request")
"""A signature's scope names the service:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
_SPEAKS_XML = ("s3", "route53", "cloudfront")


def refusal(service: str, method: str, path: str) -> tuple[str, bytes]:
    """Return content type and body of the refusal, as the service's clients read errors."""
    sentence = f"The lab does not know {service} {method} {path}; nothing was done."
    if service in _SPEAKS_XML:
        inside = f"<Code>NotImplemented</Code><Message>{escape(sentence)}</Message>"
        # S3's errors are bare, the others' are wrapped.
        text = (
            f"<Error>{inside}</Error>" if service == "s3" else f"<ErrorResponse><Error>{inside}</Error></ErrorResponse>"
        )
        return "application/xml", text.encode()
    return "application/json", json.dumps({"__type": "NotImplemented", "message": sentence}).encode()


def refusing_unknown_paths(application: Application) -> Application:
    """Return the application with refusals in the place of web pages."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started: list[Any] = []

        def hold(*answer: Any) -> None:
            started[:] = answer

        body = b"".join(application(environ, hold))
        if body.startswith(_PAGE):
            scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
            service = scope[1] if scope else "an unnamed service's"
            kind, body = refusal(service, environ["REQUEST_METHOD"], environ["PATH_INFO"])
            headers = [("Content-Type", kind), ("x-amzn-ErrorType", "NotImplemented")]
            started[:] = "501 Not Implemented", [*headers, ("Content-Length", str(len(body)))]
        start_response(*started)
        return [body]

    return serve
