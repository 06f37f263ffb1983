# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a bucket holds a whole release, and the error page is there: read from an account in this process."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils._release.manifest import (
    File,
    Manifest,
    Pointer,
    Tree,
    encode,
    encode_pointer,
    file_key,
    manifest_key,
)
from ansible_collections.hasite.aws.plugins.module_utils._site.model import Site
from ansible_collections.hasite.aws.plugins.module_utils._site.objects import read_contents, read_error_objects
from ansible_collections.hasite.aws.plugins.module_utils._site.scope import ReadScope

from tests.unit.plugins.modules.route53_account import REGION, Account, open_account

BUCKET = "shop-content-123456789012"
SHA = "a" * 64
TREE = Tree((File("index.php", SHA, 3, False),), (), (), ())
RELEASE = f"20270131T120000Z-{TREE.digest[:12]}"
OBJECTS = {
    "site/current.json": encode_pointer(Pointer(RELEASE, TREE.digest)),
    f"site/{manifest_key(RELEASE)}": gzip.compress(encode(Manifest(RELEASE, TREE, ()))),
    f"site/{file_key(SHA)}": b"abc",
}


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        yield made


def upload(account: Account, objects: dict[str, bytes]) -> dict[str, Any]:
    """Fill the content bucket; return what is read of it."""
    s3 = account.client("s3", REGION)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key, body in objects.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    site = Site("shop", REGION, buckets=[{"name": BUCKET, "part": "content"}])
    found: dict[str, Any] = read_contents(ReadScope("shop", [], REGION, account.client), site)
    return dict(found[BUCKET])


def test_a_whole_release_lacks_nothing(account: Account) -> None:
    assert upload(account, OBJECTS) == {"release": RELEASE, "missing": []}


@pytest.mark.parametrize("key", OBJECTS)
def test_what_a_release_lacks_is_named(account: Account, key: str) -> None:
    told = upload(account, {name: body for name, body in OBJECTS.items() if name != key})
    assert told["missing"] == [key]


def test_a_damaged_manifest_is_a_problem(account: Account) -> None:
    told = upload(account, {**OBJECTS, f"site/{manifest_key(RELEASE)}": b"not gzip"})
    assert told["release"] is None
    assert told["problem"]


def test_the_error_page_as_it_is_in_its_bucket(account: Account) -> None:
    s3 = account.client("s3", REGION)
    bucket = "shop-error-page-123456789012"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    edge = {
        "origin_domain_name": f"{bucket}.s3.{REGION}.amazonaws.com",
        "custom_error_responses": [
            {"error_code": code, "response_page_path": "/error/index.html"} for code in (403, 404)
        ],
    }
    site = Site("shop", REGION, buckets=[{"name": bucket, "part": "error_page"}], distributions=[edge])
    scope = ReadScope("shop", [], REGION, account.client)
    assert read_error_objects(scope, site) == {f"{bucket}/error/index.html": {}}
    s3.put_object(Bucket=bucket, Key="error/index.html", Body=b"soon", ContentType="text/html")
    page = {"content_length": 4, "content_type": "text/html"}
    assert read_error_objects(scope, site) == {f"{bucket}/error/index.html": page}
