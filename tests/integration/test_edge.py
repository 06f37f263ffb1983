# SPDX-License-Identifier: GPL-3.0-or-later
"""An error page at the edge: a private bucket, an alias with a certificate of its own, 503 on every path."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lab.base import addresses
from lab.base.paths import LabPaths
from lab.commands.shell import visitor
from tests.integration.internet import fetch
from tests.integration.small_world import until

pytestmark = pytest.mark.lab

REGION = "ap-northeast-1"
ZONE = "edge-world.test"
NAME = f"www.{ZONE}"
BUCKET = "edge-world-page"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
EDGE_ZONE = "Z2FDTNDATAQYW2"
TO_NOTHING = b"function handler(event) { event.request.uri = '/nothing'; return event.request; }"


class Page:
    """The distribution and what it stands on."""

    def __init__(self, session: boto3.session.Session) -> None:
        self.s3, self.cloudfront = session.client("s3"), session.client("cloudfront")
        self.route53, self.acm = session.client("route53"), session.client("acm", region_name="us-east-1")
        self.zone = self.route53.create_hosted_zone(Name=ZONE, CallerReference=uuid.uuid4().hex)["HostedZone"]["Id"]
        self.certificate = self.issue()
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.put("page.html", "sorry", "no-store")
        self.control = self.cloudfront.create_origin_access_control(
            OriginAccessControlConfig={
                "Name": "edge-world",
                "SigningProtocol": "sigv4",
                "SigningBehavior": "always",
                "OriginAccessControlOriginType": "s3",
            }
        )
        self.headers = self.cloudfront.create_response_headers_policy(
            ResponseHeadersPolicyConfig={
                "Name": "edge-world",
                "CustomHeadersConfig": {
                    "Quantity": 1,
                    "Items": [{"Header": "Retry-After", "Value": "60", "Override": True}],
                },
            }
        )
        made = self.cloudfront.create_function(
            Name="edge-world",
            FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"},
            FunctionCode=TO_NOTHING,
        )
        self.cloudfront.publish_function(Name="edge-world", IfMatch=made["ETag"])
        self.function = made["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
        self.distribution = self.cloudfront.create_distribution(DistributionConfig=self.config())["Distribution"]
        self.id = self.distribution["Id"]
        alias = {"HostedZoneId": EDGE_ZONE, "DNSName": self.distribution["DomainName"], "EvaluateTargetHealth": False}
        self.record({"Name": NAME, "Type": "A", "AliasTarget": alias})
        self.deployed()

    def put(self, key: str, body: str, cache_control: str) -> None:
        self.s3.put_object(
            Bucket=BUCKET, Key=key, Body=body.encode(), ContentType="text/html", CacheControl=cache_control
        )

    def record(self, record: dict[str, Any], action: str = "CREATE") -> None:
        changes = [{"Action": action, "ResourceRecordSet": record}]
        self.route53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch={"Changes": changes})

    def issue(self) -> str:
        arn = str(self.acm.request_certificate(DomainName=NAME, ValidationMethod="DNS")["CertificateArn"])

        def described() -> dict[str, Any]:
            return dict(self.acm.describe_certificate(CertificateArn=arn)["Certificate"])

        proof = until(lambda: described()["DomainValidationOptions"][0].get("ResourceRecord"))
        self.record({"Name": proof["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": proof["Value"]}]})
        until(lambda: described()["Status"] == "ISSUED", 60)
        return arn

    def config(self) -> dict[str, Any]:
        return {
            "CallerReference": "edge-world",
            "Comment": "",
            "Enabled": True,
            "Aliases": {"Quantity": 1, "Items": [NAME]},
            "ViewerCertificate": {
                "ACMCertificateArn": self.certificate,
                "SSLSupportMethod": "sni-only",
                "MinimumProtocolVersion": "TLSv1.2_2021",
            },
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "page",
                        "DomainName": f"{BUCKET}.s3.{REGION}.amazonaws.com",
                        "S3OriginConfig": {"OriginAccessIdentity": ""},
                        "OriginAccessControlId": self.control["OriginAccessControl"]["Id"],
                    }
                ],
            },
            "DefaultCacheBehavior": {
                "TargetOriginId": "page",
                "ViewerProtocolPolicy": "redirect-to-https",
                "CachePolicyId": CACHING_DISABLED,
                "ResponseHeadersPolicyId": self.headers["ResponseHeadersPolicy"]["Id"],
                "FunctionAssociations": {
                    "Quantity": 1,
                    "Items": [{"FunctionARN": self.function, "EventType": "viewer-request"}],
                },
            },
            "CustomErrorResponses": {
                "Quantity": 1,
                "Items": [
                    {
                        "ErrorCode": 403,
                        "ResponsePagePath": "/page.html",
                        "ResponseCode": "503",
                        "ErrorCachingMinTTL": 0,
                    }
                ],
            },
        }

    def admit(self) -> None:
        """Admit this distribution, and nobody else, to the bucket."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/*",
            "Condition": {"StringEquals": {"AWS:SourceArn": self.distribution["ARN"]}},
        }
        self.s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    def change(self, **behavior: Any) -> None:
        """Change the default behavior and wait until the edge has it."""
        found = self.cloudfront.get_distribution_config(Id=self.id)
        config = found["DistributionConfig"]
        config["DefaultCacheBehavior"].update(behavior)
        self.cloudfront.update_distribution(Id=self.id, DistributionConfig=config, IfMatch=found["ETag"])
        self.deployed()

    def deployed(self) -> None:
        until(lambda: self.cloudfront.get_distribution(Id=self.id)["Distribution"]["Status"] == "Deployed")

    def remove(self) -> None:
        found = self.cloudfront.get_distribution_config(Id=self.id)
        config = found["DistributionConfig"] | {"Enabled": False}
        etag = self.cloudfront.update_distribution(Id=self.id, DistributionConfig=config, IfMatch=found["ETag"])["ETag"]
        self.deployed()
        self.cloudfront.delete_distribution(Id=self.id, IfMatch=etag)
        self.cloudfront.delete_origin_access_control(
            Id=self.control["OriginAccessControl"]["Id"], IfMatch=self.control["ETag"]
        )
        self.cloudfront.delete_response_headers_policy(
            Id=self.headers["ResponseHeadersPolicy"]["Id"], IfMatch=self.headers["ETag"]
        )
        function = self.cloudfront.describe_function(Name="edge-world")
        self.cloudfront.delete_function(Name="edge-world", IfMatch=function["ETag"])
        self.acm.delete_certificate(CertificateArn=self.certificate)
        for key in [one["Key"] for one in self.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]:
            self.s3.delete_object(Bucket=BUCKET, Key=key)
        self.s3.delete_bucket(Bucket=BUCKET)
        for record in self.route53.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]:
            if record["Type"] not in ("NS", "SOA"):
                self.record(record, "DELETE")
        self.route53.delete_hosted_zone(Id=self.zone)


@pytest.fixture(scope="module")
def page(session: boto3.session.Session, place: LabPaths) -> Iterator[Page]:
    made = Page(session)
    yield made
    made.remove()


def test_until_the_bucket_admits_the_edge_the_page_is_refused(page: Page, place: LabPaths) -> None:
    assert fetch(place, f"https://{NAME}/").status == 403


def test_every_path_is_the_page_as_503_not_to_be_kept(page: Page, place: LabPaths) -> None:
    page.admit()
    for path in ("/", "/index.php?a=b", "/page.html", "/deep/er/"):
        answer = fetch(place, f"https://{NAME}{path}")
        assert (answer.status, answer.body) == (503, "sorry")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["retry-after"] == "60"
        assert answer.headers["x-cache"] == "Error from cloudfront"
    own = fetch(place, f"https://{page.distribution['DomainName']}/")
    assert own.status == 503


@pytest.mark.parametrize(
    ("suite", "is_offered"),
    [("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256", True),
     ("ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256", False)],
)  # fmt: skip
def test_the_suites_are_those_of_the_security_policy(page: Page, place: LabPaths, suite: str, is_offered: bool) -> None:
    told = ("curl", "--silent", "--output", "/dev/null", "--max-time", "10", "--tls-max", "1.2", "--ciphers", suite)
    done = subprocess.run([*visitor(place), *told, f"https://{NAME}/"], timeout=30, check=False)
    assert (done.returncode == 0) == is_offered


def test_clear_text_is_redirected(page: Page, place: LabPaths) -> None:
    answer = fetch(place, f"http://{NAME}/a?b=c")
    assert (answer.status, answer.headers["location"]) == (301, f"https://{NAME}/a?b=c")


def test_the_bucket_itself_stays_closed(page: Page, place: LabPaths) -> None:
    assert fetch(place, f"https://{BUCKET}.s3.{REGION}.amazonaws.com/page.html").status == 403


def test_a_name_without_a_distribution_is_refused(page: Page, place: LabPaths) -> None:
    name = "dnobody.cloudfront.net"
    assert fetch(place, f"https://{name}/", "--resolve", f"{name}:443:{addresses.EDGE[0]}").status == 403


def test_answers_are_kept_for_their_time_and_dropped_by_an_invalidation(page: Page, place: LabPaths) -> None:
    page.put("style.css", "one", "max-age=600")
    page.change(FunctionAssociations={"Quantity": 0}, CachePolicyId=CACHING_OPTIMIZED)
    url = f"https://{NAME}/style.css"
    assert fetch(place, url).headers["x-cache"] == "Miss from cloudfront"
    page.put("style.css", "two", "max-age=600")
    kept = fetch(place, url)
    assert (kept.body, kept.headers["x-cache"]) == ("one", "Hit from cloudfront")
    assert int(kept.headers["age"]) >= 0
    batch = {"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": "edge-world"}
    made = page.cloudfront.create_invalidation(DistributionId=page.id, InvalidationBatch=batch)["Invalidation"]["Id"]
    page.cloudfront.get_waiter("invalidation_completed").wait(
        DistributionId=page.id, Id=made, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    assert fetch(place, url).body == "two"


def test_what_is_in_use_or_served_is_not_deleted(page: Page) -> None:
    etag = page.cloudfront.get_distribution(Id=page.id)["ETag"]
    with pytest.raises(ClientError, match="DistributionNotDisabled"):
        page.cloudfront.delete_distribution(Id=page.id, IfMatch=etag)
    with pytest.raises(ClientError, match="OriginAccessControlInUse"):
        page.cloudfront.delete_origin_access_control(
            Id=page.control["OriginAccessControl"]["Id"], IfMatch=page.control["ETag"]
        )
    with pytest.raises(ClientError, match="ResourceInUse"):
        page.acm.delete_certificate(CertificateArn=page.certificate)
    with pytest.raises(ClientError, match="CNAMEAlreadyExists"):
        page.cloudfront.create_distribution(DistributionConfig=page.config() | {"CallerReference": "another"})
