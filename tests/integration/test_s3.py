# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 as it is reached from the lab's internet, and as the controller reaches it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lab.base.paths import LabPaths
from tests.integration.internet import fetch

pytestmark = pytest.mark.lab

REGION = "ap-northeast-1"
HERE = {"LocationConstraint": REGION}
BUCKET = "closed-content"
URL = f"https://{BUCKET}.s3.{REGION}.amazonaws.com"


@pytest.fixture(scope="module")
def s3(session: boto3.session.Session) -> Iterator[Any]:
    client = session.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=HERE)
    client.put_object(Bucket=BUCKET, Key="a b/index.php", Body=b"<?php ?>")
    yield client
    client.delete_bucket_policy(Bucket=BUCKET)
    client.delete_object(Bucket=BUCKET, Key="a b/index.php")
    client.delete_bucket(Bucket=BUCKET)


def test_a_stranger_is_refused_by_name_and_certificate(s3: Any, place: LabPaths) -> None:
    for url in (f"{URL}/a%20b/index.php", f"{URL}/", f"https://s3.{REGION}.amazonaws.com/{BUCKET}/a%20b/index.php"):
        answer = fetch(place, url)
        assert (answer.status, "<Code>AccessDenied</Code>" in answer.body) == (403, True)


def test_what_is_missing_is_refused_likewise(s3: Any, place: LabPaths) -> None:
    assert fetch(place, f"{URL}/nothing").status == 403
    assert fetch(place, f"https://no-such-bucket-{BUCKET}.s3.{REGION}.amazonaws.com/").status == 404


@pytest.fixture(scope="module")
def presigned(session: boto3.session.Session) -> str:
    """Return an address that is good for a while, as an SDK makes it for AWS."""
    as_aws = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    signer = session.client("s3", endpoint_url=f"https://s3.{REGION}.amazonaws.com", config=as_aws)
    return str(signer.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "a b/index.php"}))


def test_a_presigned_address_opens_one_object(s3: Any, place: LabPaths, presigned: str) -> None:
    assert presigned.startswith(f"{URL}/")
    assert fetch(place, presigned).body == "<?php ?>"


def test_clear_text_is_refused_where_the_policy_says_so(s3: Any, place: LabPaths, presigned: str) -> None:
    plain = presigned.replace("https", "http", 1)
    assert fetch(place, plain).status == 200
    arn = f"arn:aws:s3:::{BUCKET}"
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert fetch(place, plain).status == 403
    assert fetch(place, presigned).status == 200
    assert s3.get_object(Bucket=BUCKET, Key="a b/index.php")["Body"].read() == b"<?php ?>"


def test_a_public_policy_is_blocked(s3: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def test_a_role_may_do_what_its_policy_says(s3: Any, session: boto3.session.Session) -> None:
    iam, sts = session.client("iam"), session.client("sts")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    role = iam.create_role(RoleName="s3-reader", AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    try:
        given = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        reader = boto3.client(
            "s3",
            region_name=REGION,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.get_object(Bucket=BUCKET, Key="a b/index.php")
        allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
        policy = {"Version": "2012-10-17", "Statement": [allow]}
        iam.put_role_policy(RoleName="s3-reader", PolicyName="read", PolicyDocument=json.dumps(policy))
        assert reader.get_object(Bucket=BUCKET, Key="a b/index.php")["Body"].read() == b"<?php ?>"
        with pytest.raises(ClientError, match="AccessDenied"):
            reader.put_object(Bucket=BUCKET, Key="new", Body=b"")
    finally:
        iam.delete_role_policy(RoleName="s3-reader", PolicyName="read")
        iam.delete_role(RoleName="s3-reader")
