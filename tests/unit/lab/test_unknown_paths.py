# SPDX-License-Identifier: GPL-3.0-or-later
"""An operation at a path that moto does not know is refused in its service's own protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any
from xml.etree import ElementTree

import pytest

from lab.api.unknown_paths import UnknownServiceError, refusing_unknown_paths

PAGE = b"<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"


def ask(service: str, body: bytes | Exception, status: str, kind: str = "") -> tuple[str, bytes]:
    started: list[Any] = []

    def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if isinstance(body, Exception):
            raise body
        start_response(status, [("Content-Type", "text/html")])
        return [body]

    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/2020/a&b",
        "CONTENT_TYPE": kind,
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=K/20260101/eu-west-1/{service}/aws4_request, Signature=0",
    }
    answer = b"".join(refusing_unknown_paths(application)(environ, lambda *given: started.extend(given)))
    return started[0], answer


def test_a_json_service_answers_json() -> None:
    status, body = ask("elasticfilesystem", PAGE, "404 NOT FOUND")
    assert status == "501 Not Implemented"
    assert json.loads(body)["message"] == "The lab does not know elasticfilesystem GET /2020/a&b; nothing was done."


@pytest.mark.parametrize(("service", "path"), [("s3", "Code"), ("route53", "Error/Code"), ("cloudfront", "Error/Code")])
def test_an_xml_service_answers_xml(service: str, path: str) -> None:
    assert ElementTree.fromstring(ask(service, PAGE, "404 NOT FOUND")[1]).findtext(path) == "NotImplemented"


def test_an_answer_of_motos_own_is_left_alone() -> None:
    assert ask("s3", b"<Error/>", "404 NOT FOUND") == ("404 NOT FOUND", b"<Error/>")


def test_a_service_that_nothing_plays_is_refused_in_its_protocol() -> None:
    status, body = ask("accessanalyzer", UnknownServiceError("accessanalyzer"), "")
    assert status == "501 Not Implemented"
    assert json.loads(body)["__type"] == "NotImplemented"
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    _, body = ask("neptune", UnknownServiceError("neptune"), "", kind)
    assert ElementTree.fromstring(body).findtext("Error/Code") == "NotImplemented"
