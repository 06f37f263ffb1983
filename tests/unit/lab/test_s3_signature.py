# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from lab.world.access import s3_signature
from lab.world.access.s3_signature import SignatureError, Signed

KEY, SECRET, TOKEN = "ASIAEXAMPLE", "secret", "token"
URL = "https://content.s3.ap-northeast-1.amazonaws.com"
NOW = datetime.datetime.now(datetime.UTC)


def by_header(path: str) -> Signed:
    request = AWSRequest("GET", URL + path, headers={"Range": "bytes=0-1"})
    S3SigV4Auth(Credentials(KEY, SECRET, TOKEN), "s3", "ap-northeast-1").add_auth(request)
    return signed(request)


def by_query(path: str, expires: int = 60) -> Signed:
    request = AWSRequest("GET", URL + path)
    S3SigV4QueryAuth(Credentials(KEY, SECRET, TOKEN), "s3", "ap-northeast-1", expires).add_auth(request)
    return signed(request)


def signed(request: AWSRequest) -> Signed:
    split = urlsplit(str(request.url))
    headers = {name.lower(): str(value) for name, value in request.headers.items()} | {"host": split.netloc}
    return Signed("GET", split.path, split.query, headers)


@pytest.mark.parametrize(
    "request_", [by_header("/a%20b/%C3%BC%2B1.php?x=1&a=b%20c&a"), by_query("/a%20b/%C3%BC.php", 3600)]
)
def test_what_an_sdk_signs_is_accepted(request_: Signed) -> None:
    found = s3_signature.read(request_)
    assert found is not None
    assert (found.key, found.token) == (KEY, TOKEN)
    s3_signature.check_time(found, datetime.datetime.now(datetime.UTC))
    s3_signature.check(request_, found, SECRET)
    with pytest.raises(SignatureError) as refusal:
        s3_signature.check(request_, found, "another secret")
    assert refusal.value.code == "SignatureDoesNotMatch"


@given(st.sampled_from(["/other", "/a%20b/x/"]))
def test_a_signature_is_for_one_path(path: str) -> None:
    request = by_header("/a%20b/x")
    found = s3_signature.read(request)
    assert found is not None
    with pytest.raises(SignatureError):
        s3_signature.check(Signed("GET", path, request.query, request.headers), found, SECRET)


def test_a_presigned_address_ends() -> None:
    found = s3_signature.read(by_query("/a", expires=60))
    assert found is not None
    with pytest.raises(SignatureError, match="expired"):
        s3_signature.check_time(found, NOW + datetime.timedelta(hours=1))


def test_a_clock_that_is_far_off_is_refused() -> None:
    found = s3_signature.read(by_header("/a"))
    assert found is not None
    with pytest.raises(SignatureError) as refusal:
        s3_signature.check_time(found, NOW - datetime.timedelta(hours=1))
    assert refusal.value.code == "RequestTimeTooSkewed"


def test_without_a_signature_there_is_none() -> None:
    assert s3_signature.read(Signed("GET", "/", "", {})) is None


@pytest.mark.parametrize(
    ("query", "headers"), [("X-Amz-Algorithm=AWS4-HMAC-SHA256", {}), ("", {"authorization": "AWS4-HMAC-SHA256 what"})]
)
def test_a_garbled_signature_is_refused(query: str, headers: dict[str, str]) -> None:
    with pytest.raises(SignatureError, match=r"not valid|requires"):
        s3_signature.read(Signed("GET", "/", query, headers))
