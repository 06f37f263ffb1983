# SPDX-License-Identifier: GPL-3.0-or-later
"""An operation at a path that moto does not know is refused in its service's own protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError
from botocore.model import OperationNotFoundError

from lab.api.callers.unknown_paths import UnknownServiceError, refusing_unknown_paths
from tests.unit.lab.served import serve

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


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("service", "kind", "where"),
    [
        ("ec2", FORM, "Errors/Error/Code"),
        ("iam", FORM, "Error/Code"),
        ("s3", "", "Code"),
        ("route53", "", "Error/Code"),
    ],
)
def test_what_breaks_is_told_in_the_service_s_words(
    service: str, kind: str, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    status, body = ask(service, KeyError("Status"), "", kind)
    assert status == "500 Internal Server Error"
    assert ElementTree.fromstring(body).findtext(where) == "InternalFailure"
    assert b"KeyError" not in body
    assert "KeyError" in caplog.text


def test_an_operation_that_no_sdk_knows_is_no_valid_action() -> None:
    status, body = ask("ec2", OperationNotFoundError("Foo"), "", FORM)
    assert status == "400 Bad Request"
    assert ElementTree.fromstring(body).findtext("Errors/Error/Code") == "InvalidAction"


def test_sdks_read_what_has_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: Any) -> None:
        raise KeyError

    with serve(tmp_path) as api:
        for service, response, operation in (
            ("ec2", "moto.ec2.responses.EC2Response", "describe_vpcs"),
            ("iam", "moto.iam.responses.IamResponse", "list_roles"),
            ("ssm", "moto.ssm.responses.SimpleSystemManagerResponse", "describe_parameters"),
            ("efs", "moto.efs.responses.EFSResponse", "describe_file_systems"),
        ):
            monkeypatch.setattr(f"{response}.{operation}", broken)
            with pytest.raises(ClientError) as caught:
                getattr(api.client(service), operation)()
            assert caught.value.response["Error"]["Code"] == "InternalFailure", service
