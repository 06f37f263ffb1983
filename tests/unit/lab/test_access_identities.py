# SPDX-License-Identifier: GPL-3.0-or-later
"""Origin access identities: as the API keeps them, and what a bucket lets the edge have that asks as one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.plane.edge.origin import Fetch, S3Origins
from lab.world.edge import edge
from tests.unit.lab.served import REGION, Served, serve

CONFIG = {"CallerReference": "one", "Comment": "the error page"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("api")) as served:
        yield served


@pytest.fixture
def served(api: Served) -> Served:
    api.forget()
    return api


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def identity(served: Served) -> tuple[str, str, str]:
    """Make one; return its id, its canonical user and its version."""
    made = served.client("cloudfront").create_cloud_front_origin_access_identity(
        CloudFrontOriginAccessIdentityConfig=CONFIG
    )
    found = made["CloudFrontOriginAccessIdentity"]
    return found["Id"], found["S3CanonicalUserId"], made["ETag"]


def distribute(served: Served, identity: str) -> Any:
    origin = {"Id": "a", "DomainName": f"errors.s3.{REGION}.amazonaws.com"}
    config = {
        "CallerReference": "one", "Comment": "", "Enabled": True,
        "DefaultCacheBehavior": {"TargetOriginId": "a", "ViewerProtocolPolicy": "https-only"},
        "Origins": {"Quantity": 1, "Items": [{**origin, "S3OriginConfig": {"OriginAccessIdentity": identity}}]},
    }  # fmt: skip
    return served.client("cloudfront").create_distribution(DistributionConfig=config)


def bucket(served: Served, principal: dict[str, str]) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="errors", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="errors", Key="page", Body=b"sorry")
    allow = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::errors/*"}
    s3.put_bucket_policy(Bucket="errors", Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))


def fetched(served: Served) -> int:
    """Return the status with which the bucket answers the edge."""
    (found,) = edge.describe(served.context.backends).distributions
    asked = S3Origins(served.api.application).fetch(found, found.origins[0], Fetch("GET", "/page"))
    return asyncio.run(asked).status


def arn(id_: str) -> str:
    return f"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity {id_}"


def test_an_identity_is_kept_told_changed_and_deleted(served: Served) -> None:
    client = served.client("cloudfront")
    id_, canonical, etag = identity(served)
    assert identity(served) == (id_, canonical, etag), "the same reference is the same identity"
    other = {"CallerReference": "one", "Comment": "another"}
    create = client.create_cloud_front_origin_access_identity
    code = refused(create, CloudFrontOriginAccessIdentityConfig=other)
    assert code == "CloudFrontOriginAccessIdentityAlreadyExists"
    (listed,) = client.list_cloud_front_origin_access_identities()["CloudFrontOriginAccessIdentityList"]["Items"]
    assert listed == {"Id": id_, "S3CanonicalUserId": canonical, "Comment": "the error page"}
    update = client.update_cloud_front_origin_access_identity
    asked: dict[str, Any] = {"Id": id_, "CloudFrontOriginAccessIdentityConfig": other}
    assert refused(update, **asked) == "InvalidIfMatchVersion"
    changed = update(**asked, IfMatch=etag)["ETag"]
    told = client.get_cloud_front_origin_access_identity_config(Id=id_)
    assert (told["CloudFrontOriginAccessIdentityConfig"], told["ETag"]) == (other, changed)
    assert refused(client.delete_cloud_front_origin_access_identity, Id=id_, IfMatch=etag) == "PreconditionFailed"
    client.delete_cloud_front_origin_access_identity(Id=id_, IfMatch=changed)
    get = client.get_cloud_front_origin_access_identity
    assert refused(get, Id=id_) == "NoSuchCloudFrontOriginAccessIdentity"


def test_the_edge_asks_as_the_identity_that_its_origin_names(served: Served) -> None:
    id_, _canonical, etag = identity(served)
    bucket(served, {"AWS": arn(id_)})
    distribute(served, f"origin-access-identity/cloudfront/{id_}")
    assert fetched(served) == 200
    delete = served.client("cloudfront").delete_cloud_front_origin_access_identity
    assert refused(delete, Id=id_, IfMatch=etag) == "CloudFrontOriginAccessIdentityInUse"


def test_a_policy_may_name_the_canonical_user(served: Served) -> None:
    id_, canonical, _etag = identity(served)
    bucket(served, {"CanonicalUser": canonical})
    distribute(served, f"origin-access-identity/cloudfront/{id_}")
    assert fetched(served) == 200


def test_a_bucket_for_an_identity_is_closed_to_an_edge_without_one(served: Served) -> None:
    bucket(served, {"AWS": arn(identity(served)[0])})
    distribute(served, "")
    assert fetched(served) == 403


@pytest.mark.parametrize("named", ["origin-access-identity/cloudfront/E0000000000000", "E1"])
def test_an_identity_that_is_not_there_is_refused(served: Served, named: str) -> None:
    with pytest.raises(ClientError, match="InvalidOriginAccessIdentity"):
        distribute(served, named)
