# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is answered: the owner, roles and users within their policies, and nobody else."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from moto.moto_api._internal.models import moto_api_backend
from werkzeug.test import create_environ, run_wsgi_app

from lab.api import extensions
from lab.api.callers.callers import is_ours
from lab.api.callers.operations import CONTROL, Call
from lab.api.callers.s3_callers import CALLER, CURRENT
from lab.api.serving.server import Api
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.endpoint import Endpoint, start_time
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context
from lab.world.access.bucket_access import Caller
from lab.world.access.permissions import Principal, conceivable
from lab.world.access.s3_signature import Signature, Signed

REGION = "ap-northeast-1"
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
HERE = {"LocationConstraint": REGION}


@dataclass
class Served:
    """A lab's API on the loopback, and nothing else."""

    context: Context
    port: int
    application: Callable[..., Any]
    """The same without a socket, as the lab's own services ask it."""

    def client(
        self, service: str, access: str = "", secret: str = "", token: str | None = None, region: str = REGION
    ) -> Any:
        owner = self.context.owner
        make: Any = boto3.client
        return make(
            service, region, endpoint_url=f"http://127.0.0.1:{self.port}",
            config=Config(retries={"max_attempts": 0}, signature_version="s3v4" if service == "s3" else None),
            aws_access_key_id=access or owner.access_key, aws_secret_access_key=secret or owner.secret_key,
            aws_session_token=token,
        )  # fmt: skip

    def role(self, *statements: dict[str, Any], name: str = "web") -> dict[str, str]:
        """Return the credentials of a new role with these permissions, as arguments of `client`."""
        access = self.client("iam")
        made = access.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            access.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
        given = self.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="i-1")["Credentials"]
        return {"access": given["AccessKeyId"], "secret": given["SecretAccessKey"], "token": given["SessionToken"]}

    def ask(self, method: str, path: str, body: bytes = b"", **head: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in head.items()})
        answer = connection.getresponse()
        found = answer.status, answer.read().decode()
        connection.close()
        return found


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    context = Context(LabPaths("unit"), Clock(), authority, Observed(), asyncio.new_event_loop())
    extensions.extend(context)
    server = Api(context, {"/_lab/page": lambda _sent: "shown"})
    listener = socket.create_server(("127.0.0.1", 0))
    made = Served(context, listener.getsockname()[1], server.application)
    server.serve(listener)
    yield made
    server.close()


@pytest.fixture
def served(api: Served) -> Iterator[Served]:
    """The API of an account with nothing in it."""
    moto_api_backend.reset()
    yield api
    moto_api_backend.reset()


ASKING: dict[str, Callable[[Any], Any]] = {
    "ec2": lambda client: client.describe_vpcs(),
    "iam": lambda client: client.list_roles(),
    "ssm": lambda client: client.describe_parameters(),
    "kms": lambda client: client.list_keys(),
    "route53": lambda client: client.list_hosted_zones(),
    "cloudfront": lambda client: client.list_distributions(),
    "efs": lambda client: client.describe_file_systems(),
    "elbv2": lambda client: client.describe_load_balancers(),
    "s3": lambda client: client.list_buckets(),
    "sts": lambda client: client.get_caller_identity(),
}
"""A service of each protocol: https://smithy.io/2.0/aws/protocols/index.html"""
UNKNOWN = {
    "ec2": "AuthFailure", "iam": "InvalidClientTokenId", "ssm": "UnrecognizedClientException",
    "kms": "UnrecognizedClientException", "route53": "InvalidClientTokenId", "cloudfront": "InvalidClientTokenId",
    "efs": "UnrecognizedClientException", "elbv2": "InvalidClientTokenId", "s3": "InvalidAccessKeyId",
    "sts": "InvalidClientTokenId",
}  # fmt: skip
FORGED = {
    "ec2": "AuthFailure", "iam": "SignatureDoesNotMatch", "ssm": "InvalidSignatureException",
    "kms": "InvalidSignatureException", "route53": "SignatureDoesNotMatch", "cloudfront": "SignatureDoesNotMatch",
    "efs": "InvalidSignatureException", "elbv2": "SignatureDoesNotMatch", "s3": "SignatureDoesNotMatch",
    "sts": "SignatureDoesNotMatch",
}  # fmt: skip
DENIED = {
    "ec2": "UnauthorizedOperation", "iam": "AccessDenied", "ssm": "AccessDeniedException",
    "kms": "AccessDeniedException", "route53": "AccessDenied", "cloudfront": "AccessDenied",
    "efs": "AccessDeniedException", "elbv2": "AccessDenied", "s3": "AccessDenied",
}  # fmt: skip
ACTIONS = {
    "ec2": "ec2:DescribeVpcs", "iam": "iam:ListRoles", "ssm": "ssm:DescribeParameters", "kms": "kms:ListKeys",
    "route53": "route53:ListHostedZones", "cloudfront": "cloudfront:ListDistributions",
    "efs": "elasticfilesystem:DescribeFileSystems", "elbv2": "elasticloadbalancing:DescribeLoadBalancers",
    "s3": "s3:ListAllMyBuckets",
}  # fmt: skip


def refused(service: str, client: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        ASKING[service](client)
    return str(refusal.value.response["Error"]["Code"])


def test_the_owner_may_do_everything(served: Served) -> None:
    for service, ask in ASKING.items():
        ask(served.client(service))


def test_made_up_keys_open_nothing(served: Served) -> None:
    for keys in (("lab", "nobody"), ("AKIAIOSFODNN7EXAMPLE", "x"), ("ASIAIOSFODNN7EXAMPLE", "x", "token")):
        assert {service: refused(service, served.client(service, *keys)) for service in ASKING} == UNKNOWN


def test_the_owners_name_without_the_secret_opens_nothing(served: Served) -> None:
    access = served.context.owner.access_key
    assert {service: refused(service, served.client(service, access, "guessed")) for service in ASKING} == FORGED


def test_a_region_that_does_not_exist_answers_nobody(served: Served) -> None:
    regional = [service for service in ASKING if service not in ("iam", "route53", "cloudfront")]
    assert {each: refused(each, served.client(each, region="mars-north-1")) for each in regional} == {
        each: FORGED[each] for each in regional
    }


def test_a_role_may_do_what_its_policies_allow(served: Served) -> None:
    none = served.role(name="none")
    assert {each: refused(each, served.client(each, **none)) for each in DENIED} == DENIED
    served.client("sts", **none).get_caller_identity()
    some = served.role({"Effect": "Allow", "Action": list(ACTIONS.values()), "Resource": "*"}, name="some")
    for service in ACTIONS:
        ASKING[service](served.client(service, **some))
    with pytest.raises(ClientError, match=r"assumed-role/some/i-1 is not authorized to perform: ec2:RunInstances"):
        served.client("ec2", **some).run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)


def test_a_role_needs_its_token_and_its_secret(served: Served) -> None:
    keys = served.role({"Effect": "Allow", "Action": "*", "Resource": "*"})
    assert refused("ssm", served.client("ssm", keys["access"], keys["secret"])) == "UnrecognizedClientException"
    assert refused("ssm", served.client("ssm", keys["access"], keys["secret"], "x")) == "UnrecognizedClientException"
    assert refused("ssm", served.client("ssm", keys["access"], "x", keys["token"])) == "InvalidSignatureException"
    [session] = served.context.backends.at("sts", "aws").assumed_roles
    session.expiration = session.expiration.replace(year=2020)
    assert refused("ssm", served.client("ssm", **keys)) == "ExpiredTokenException"
    assert refused("ec2", served.client("ec2", **keys)) == "RequestExpired"


def test_a_user_may_do_what_the_policies_allow(served: Served) -> None:
    access = served.client("iam")
    access.create_user(UserName="operator")
    made = access.create_access_key(UserName="operator")["AccessKey"]
    keys = made["AccessKeyId"], made["SecretAccessKey"]
    assert refused("ec2", served.client("ec2", *keys)) == "UnauthorizedOperation"
    statement = {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    access.put_user_policy(UserName="operator", PolicyName="look", PolicyDocument=document)
    served.client("ec2", *keys).describe_vpcs()
    assert refused("iam", served.client("iam", *keys)) == "AccessDenied"
    for action in ("iam:ListRoles", "iam:ListUsers"):
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = access.create_policy(PolicyName=action.partition(":")[2], PolicyDocument=document)["Policy"]["Arn"]
        access.attach_user_policy(UserName="operator", PolicyArn=made)
    served.client("iam", *keys).list_roles()
    access.create_group(GroupName="all")
    access.add_user_to_group(GroupName="all", UserName="operator")
    access.attach_group_policy(GroupName="all", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    served.client("efs", *keys).describe_file_systems()


def test_a_request_is_answered_as_it_was_signed(served: Served) -> None:
    owner = served.context.owner
    url = f"http://127.0.0.1:{served.port}/"
    made = AWSRequest("POST", url, data=b"{}", headers={"X-Amz-Target": "AmazonSSM.DescribeParameters"})
    SigV4Auth(Credentials(owner.access_key, owner.secret_key), "ssm", REGION).add_auth(made)
    head = dict(made.headers)
    assert served.ask("POST", "/", b"{}", **head)[0] == 200
    assert "InvalidSignatureException" in served.ask("POST", "/", b'{"MaxResults": 5}', **head)[1]
    other = {**head, "X-Amz-Target": "AmazonSSM.SendCommand"}
    assert "InvalidSignatureException" in served.ask("POST", "/", b"{}", **other)[1]
    assert "InvalidSignatureException" in served.ask("GET", "/", b"{}", **head)[1]
    assert "InvalidSignatureException" in served.ask("POST", "/?a=b", b"{}", **head)[1]
    assert "InvalidSignatureException" in served.ask("POST", "/", b"{}", **head, Host="localhost")[1]


def test_what_is_sent_to_a_bucket_is_what_was_signed(served: Served) -> None:
    owner = served.context.owner
    served.client("s3").create_bucket(Bucket="content", CreateBucketConfiguration=HERE)
    made = AWSRequest("PUT", f"http://127.0.0.1:{served.port}/content/key", data=b"one")
    made.context["client_config"] = Config(s3={"payload_signing_enabled": True})
    S3SigV4Auth(Credentials(owner.access_key, owner.secret_key), "s3", REGION).add_auth(made)
    assert "XAmzContentSHA256Mismatch" in served.ask("PUT", "/content/key", b"two", **dict(made.headers))[1]
    assert served.ask("PUT", "/content/key", b"one", **dict(made.headers))[0] == 200


FORM = {"Content_Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("method", "path", "body", "head"),
    [
        ("POST", "/", b"Action=DescribeVpcs&Version=2016-11-15", FORM),
        ("GET", "/?Action=ListRoles&Version=2010-05-08", b"", {}),
        ("POST", "/", b"{}", {"X_Amz_Target": "AmazonSSM.SendCommand"}),
        ("POST", "/", b"{}", {"X_Amz_Target": "AmazonSSM.SendCommand", "Authorization": "Bearer x"}),
        ("GET", "/2013-04-01/hostedzone", b"", {"Host": "route53.amazonaws.com"}),
        ("POST", "/moto-api/reset", b"", {}),
        ("GET", "/moto-api/data.json", b"", {}),
        ("GET", "/latest/meta-data/iam/security-credentials/web", b"", {}),
        ("GET", "/?AWSAccessKeyId=lab&Expires=9999999999&Signature=x", b"", {}),
        ("GET", "/_lab/page", b"", {}),
        ("GET", "/_lab/page", b"", {"Authorization": "Bearer nobody-asks-for-it"}),
        ("GET", "/", b"", {"Authorization": "AWS4-HMAC-SHA256 Credential=lab, SignedHeaders=host, Signature=00"}),
        ("GET", "/", b"", {"Authorization": "AWS4-HMAC-SHA256 nonsense"}),
    ],
)
def test_who_signs_nothing_is_not_answered(
    served: Served, method: str, path: str, body: bytes, head: dict[str, str]
) -> None:
    made = served.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    status, text = served.ask(method, path, body, **head)
    assert 400 <= status < 500, text
    assert served.client("ec2").describe_vpcs(VpcIds=[made])["Vpcs"]


def test_a_bucket_decides_who_may_read_without_a_signature(served: Served) -> None:
    mine = served.client("s3")
    mine.create_bucket(Bucket="content", CreateBucketConfiguration=HERE)
    mine.put_object(Bucket="content", Key="page", Body=b"public")
    assert served.ask("GET", "/content/page")[0] == 403
    mine.delete_public_access_block(Bucket="content")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::content/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    mine.put_bucket_policy(Bucket="content", Policy=policy)
    assert served.ask("GET", "/content/page") == (200, "public")


def test_a_presigned_address_opens_what_it_names_and_no_other_service(served: Served) -> None:
    mine = served.client("s3")
    mine.create_bucket(Bucket="content", CreateBucketConfiguration=HERE)
    mine.put_object(Bucket="content", Key="page", Body=b"mine")
    url = mine.generate_presigned_url("get_object", Params={"Bucket": "content", "Key": "page"}, ExpiresIn=60)
    path = url.partition(f":{served.port}")[2]
    assert served.ask("GET", path) == (200, "mine")
    assert served.ask("GET", path.replace("page", "other"))[0] == 403
    assert served.ask("GET", path, X_Amz_Target="AmazonSSM.DescribeParameters") == (200, "mine")
    query = dict(urllib.parse.parse_qsl(path.partition("?")[2]))
    query["X-Amz-Credential"] = query["X-Amz-Credential"].replace("/s3/", "/ssm/")
    elsewhere = f"/?{urllib.parse.urlencode(query)}"
    assert served.ask("POST", elsewhere, b"{}", X_Amz_Target="AmazonSSM.DescribeParameters")[0] in (400, 403)


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:4580", True), ("localhost:1", True), ("content.localhost:1", True), ("[::1]:1", True),
        ("198.18.0.41", True), ("ec2.ap-northeast-1.amazonaws.com", True), ("content.s3.amazonaws.com:443", True),
        ("evil.example", False), ("evil.example:4580", False), ("127.0.0.1.evil.example", False), ("", False),
        ("amazonaws.com.evil.example", False), ("xamazonaws.com", False), ("localhost.evil.example", False),
    ],
)  # fmt: skip
def test_a_name_of_somebody_elses_is_not_answered(host: str, ours: bool) -> None:
    assert is_ours(host) is ours


def test_a_page_that_leads_its_own_name_to_the_loopback_gets_nothing(served: Served) -> None:
    mine = served.client("s3")
    mine.create_bucket(Bucket="content", CreateBucketConfiguration=HERE)
    assert served.ask("GET", "/", Host="evil.example")[0] == 403
    assert "not reached by that name" in served.ask("GET", "/content", Host=f"evil.example:{served.port}")[1]


def call(service: str, method: str, path: str, **head: str) -> Call:
    scope = ("20260101", REGION, service, "aws4_request")
    path, _, query = path.partition("?")
    return Call(Signed(method, path, query, head), b"", Signature("k", scope, ("host",), "0", "", "", ""))


@pytest.mark.parametrize(
    ("service", "method", "path", "operation"),
    [
        ("route53", "POST", "/2013-04-01/hostedzone/Z1/rrset/", "ChangeResourceRecordSets"),
        ("route53", "GET", "/2013-04-01/hostedzone/Z1/rrset", "ListResourceRecordSets"),
        ("route53", "GET", "/2013-04-01/hostedzone/Z1", "GetHostedZone"),
        ("route53", "GET", "/2013-04-01/hostedzonecount", "GetHostedZoneCount"),
        ("cloudfront", "POST", "/2020-05-31/distribution/E1/invalidation", "CreateInvalidation"),
        ("elasticfilesystem", "GET", "/2015-02-01/mount-targets", "DescribeMountTargets"),
        ("elasticfilesystem", "DELETE", "/2015-02-01/file-systems/fs-1", "DeleteFileSystem"),
        ("cloudfront", "POST", "/2020-05-31/distribution", "CreateDistribution"),
        ("cloudfront", "POST", "/2020-05-31/distribution?WithTags", "CreateDistributionWithTags"),
        ("cloudfront", "POST", "/2020-05-31/tagging?Operation=Untag&Resource=x", "UntagResource"),
        ("guardduty", "GET", "/detector", "ListDetectors"),
        ("s3", "GET", "/v20180820/configuration/publicAccessBlock", "GetPublicAccessBlock"),
        ("s3", "GET", "/v20180820/nothing-of-the-kind", ""),
        ("access-analyzer", "GET", "/analyzer", "ListAnalyzers"),
        ("route53", "GET", "/2013-04-01/nothing-of-the-kind", ""),
        ("batch", "POST", "/v1/submitjob", ""),
    ],
)
def test_a_path_is_an_operation(service: str, method: str, path: str, operation: str) -> None:
    assert call(service, method, path).operation == operation


def test_a_call_names_what_it_is_about() -> None:
    share = call("elasticfilesystem", "DELETE", "/2015-02-01/file-systems/fs-0123456789abcdef0")
    assert share.parameters == {"FileSystemId": "fs-0123456789abcdef0"}
    listed = call("iam", "GET", "/?Action=GetRole&RoleName=shop%2Dweb")
    assert listed.parameters == {"Action": "GetRole", "RoleName": "shop-web"}


EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def test_a_role_may_act_on_what_its_policies_name(served: Served) -> None:
    own = "arn:aws:iam::123456789012:role/shop-*"
    keys = served.role({"Effect": "Allow", "Action": ["iam:GetRole", "iam:CreateRole"], "Resource": own}, name="shop-a")
    access = served.client("iam", **keys)
    access.get_role(RoleName="shop-a")
    trust = json.dumps(TRUST)
    with pytest.raises(ClientError, match=r"iam:GetRole on resource: arn:aws:iam::123456789012:role/other because"):
        access.get_role(RoleName="other")
    access.create_role(RoleName="shop-b", AssumeRolePolicyDocument=trust)
    tags = [{"Key": "a", "Value": "b"}]
    with pytest.raises(ClientError, match="not authorized to perform: iam:TagRole"):
        access.create_role(RoleName="shop-c", AssumeRolePolicyDocument=trust, Tags=tags)


def test_what_the_account_lets_be_public_is_an_action_of_its_own(served: Served) -> None:
    keys = served.role({"Effect": "Allow", "Action": "s3:GetAccountPublicAccessBlock", "Resource": "*"})
    url = f"http://127.0.0.1:{served.port}{CONTROL}configuration/publicAccessBlock"
    said = {}
    for method in ("GET", "DELETE"):
        made = AWSRequest(method, url, headers={"x-amz-account-id": "123456789012"})
        S3SigV4Auth(Credentials(keys["access"], keys["secret"], keys["token"]), "s3", REGION).add_auth(made)
        said[method] = served.ask(method, urllib.parse.urlsplit(url).path, **dict(made.headers))[1]
    assert "NoSuchPublicAccessBlockConfiguration" in said["GET"]
    assert "not authorized to perform: s3:PutAccountPublicAccessBlock" in said["DELETE"]


def test_a_service_has_iams_name(served: Served) -> None:
    keys = served.role({"Effect": "Allow", "Action": "servicequotas:ListAWSDefaultServiceQuotas", "Resource": "*"})
    with pytest.raises(ClientError, match="servicequotas:GetServiceQuota"):
        served.client("service-quotas", **keys).get_service_quota(ServiceCode="vpc", QuotaCode="L-F678F1CE")
    served.client("service-quotas", **keys).list_aws_default_service_quotas(ServiceCode="vpc")


def test_machines_are_terminated_by_those_only_whose_tags_they_bear(served: Served) -> None:
    condition = {"StringEquals": {"aws:ResourceTag/hasite:site": "shop"}}
    allowed = {"Effect": "Allow", "Action": "ec2:TerminateInstances", "Resource": "*", "Condition": condition}
    keys = served.role(allowed)
    mine = served.client("ec2")
    ids, image = [], mine.describe_images()["Images"][0]["ImageId"]
    for site in ("shop", "blog"):
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "hasite:site", "Value": site}]}]
        made = mine.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=tags)
        ids.append(made["Instances"][0]["InstanceId"])
    with pytest.raises(
        ClientError, match=r"You are not authorized to perform this operation\. User: .*TerminateInstances"
    ):
        served.client("ec2", **keys).terminate_instances(InstanceIds=ids)
    served.client("ec2", **keys).terminate_instances(InstanceIds=ids[:1])
    elsewhere = served.client("ec2", **keys, region="us-west-2")
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        elsewhere.terminate_instances(InstanceIds=ids)


def _certificate(served: Served, site: str) -> dict[str, str]:
    tags = [{"Key": "hasite:site", "Value": site}]
    made = served.client("acm").request_certificate(DomainName=f"{site}.test", ValidationMethod="DNS", Tags=tags)
    return {"CertificateArn": made["CertificateArn"]}


def _distribution(served: Served, site: str) -> dict[str, str]:
    origin = {"Id": "a", "DomainName": "a.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    behaviour = {"TargetOriginId": "a", "ViewerProtocolPolicy": "https-only"}
    config = {
        "CallerReference": site, "Comment": "", "Enabled": False, "DefaultCacheBehavior": behaviour,
        "Origins": {"Quantity": 1, "Items": [origin]},
    }  # fmt: skip
    tags = {"Items": [{"Key": "hasite:site", "Value": site}]}
    made = served.client("cloudfront").create_distribution_with_tags(
        DistributionConfigWithTags={"DistributionConfig": config, "Tags": tags}
    )
    served.context.observed.edge[made["Distribution"]["Id"]] = made["ETag"]  # or it could not be deleted yet
    return {"Id": made["Distribution"]["Id"], "IfMatch": made["ETag"]}


def _key(served: Served, site: str) -> dict[str, Any]:
    made = served.client("kms").create_key(Tags=[{"TagKey": "hasite:site", "TagValue": site}])
    return {"KeyId": made["KeyMetadata"]["KeyId"], "PendingWindowInDays": 7}


def _share(served: Served, site: str) -> dict[str, str]:
    tags = [{"Key": "hasite:site", "Value": site}]
    return {"FileSystemId": served.client("efs").create_file_system(CreationToken=site, Tags=tags)["FileSystemId"]}


@pytest.mark.parametrize(
    ("service", "action", "method", "make", "absent"),
    [
        (
            "acm", "acm:DeleteCertificate", "delete_certificate", _certificate,
            {"CertificateArn": f"arn:aws:acm:{REGION}:123456789012:certificate/12345678-1234-1234-1234-123456789012"},
        ),
        ("cloudfront", "cloudfront:DeleteDistribution", "delete_distribution", _distribution, {"Id": "E1ABCDEFGHIJKL"}),
        (
            "kms", "kms:ScheduleKeyDeletion", "schedule_key_deletion", _key,
            {"KeyId": "12345678-1234-1234-1234-123456789abc"},
        ),
        (
            "efs", "elasticfilesystem:DeleteFileSystemPolicy", "delete_file_system_policy", _share,
            {"FileSystemId": "fs-0123456789abcdef0"},
        ),
    ],
)  # fmt: skip
def test_what_has_only_an_id_is_ended_by_those_whose_tags_it_bears(
    served: Served,
    service: str,
    action: str,
    method: str,
    make: Callable[[Served, str], dict[str, str]],
    absent: dict[str, str],
) -> None:
    condition = {"StringEquals": {"aws:ResourceTag/hasite:site": "shop"}}
    keys = served.role({"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition})
    end = getattr(served.client(service, **keys), method)
    for other in (make(served, "blog"), absent):
        with pytest.raises(ClientError, match=action):
            end(**other)
    end(**make(served, "shop"))


def test_a_mount_target_is_judged_by_its_file_system(served: Served) -> None:
    condition = {"StringEquals": {"aws:ResourceTag/hasite:site": "shop"}}
    keys = served.role(
        {"Effect": "Allow", "Action": "elasticfilesystem:DeleteMountTarget", "Resource": "*", "Condition": condition},
        {"Effect": "Allow", "Action": "ec2:DeleteNetworkInterface", "Resource": "*"},
    )
    owner, ec2 = served.client("efs"), served.client("ec2")
    end = served.client("efs", **keys).delete_mount_target
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    for site, refusal in (("blog", "elasticfilesystem:DeleteMountTarget"), ("shop", "")):
        made = owner.create_mount_target(**_share(served, site), SubnetId=subnet)["MountTargetId"]
        if refusal:
            with pytest.raises(ClientError, match=refusal):
                end(MountTargetId=made)
        else:
            end(MountTargetId=made)


def test_a_function_of_the_edge_has_a_name(served: Served) -> None:
    own = "arn:aws:cloudfront::123456789012:function/shop-*"
    keys = served.role({"Effect": "Allow", "Action": "cloudfront:DeleteFunction", "Resource": own})
    with pytest.raises(ClientError, match=r"cloudfront:DeleteFunction on resource: .*:function/blog-rewrite"):
        served.client("cloudfront", **keys).delete_function(Name="blog-rewrite", IfMatch="x")
    with pytest.raises(ClientError, match="NoSuchFunctionExists"):
        served.client("cloudfront", **keys).delete_function(Name="shop-rewrite", IfMatch="x")


def test_of_a_bucket_it_is_said_what_was_not_allowed(served: Served) -> None:
    served.client("s3").create_bucket(Bucket="content", CreateBucketConfiguration=HERE)
    keys = served.role({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"})
    with pytest.raises(ClientError, match=r's3:PutObject on resource: "arn:aws:s3:::content/key" because no identity'):
        served.client("s3", **keys).put_object(Bucket="content", Key="key", Body=b"x")


def test_a_service_of_aws_is_refused_without_a_word(served: Served) -> None:
    """As CloudFront asks for what its bucket's policy does not admit."""
    served.client("s3").create_bucket(Bucket="content", CreateBucketConfiguration=HERE)
    asking = {CALLER: Caller(Principal(service="cloudfront.amazonaws.com"))}
    environ = create_environ("/absent", f"http://content.s3.{REGION}.amazonaws.com", environ_base=asking)
    body, status, _headers = run_wsgi_app(served.application, environ)
    assert status.startswith("403")
    assert b"<Code>AccessDenied</Code><Message>Access Denied</Message>" in b"".join(body)


def test_a_thread_forgets_whom_it_served(served: Served) -> None:
    """Whoever calls moto next in this thread is not taken for that caller."""
    run_wsgi_app(served.application, create_environ("/mine", "http://s3.amazonaws.com"))
    assert CURRENT.get() is None


@pytest.mark.parametrize(
    ("statements", "may"),
    [
        ([], False),
        ([{"Effect": "Allow", "Action": "ssm:*", "Resource": "arn:x"}], True),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], True),
        ([{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}], False),
        ([EVERYTHING, {"Effect": "Deny", "Action": "ssm:Get*", "Resource": "*"}], False),
        ([EVERYTHING, {"Effect": "Deny", "Action": "ssm:*", "Resource": "arn:x"}], True),
    ],
)  # fmt: skip
def test_what_policies_may_allow(statements: list[dict[str, Any]], may: bool) -> None:
    assert conceivable([{"Statement": statements}], "ssm:GetParameter") is may


def test_the_owners_secret_is_drawn_anew_and_not_shown() -> None:
    first, second = (Context(LabPaths("unit"), Clock(), None, Observed(), None).owner for _ in range(2))  # type: ignore[arg-type]
    assert first != second
    assert len(first.secret_key) >= 40
    assert first.secret_key not in repr(first)


def test_a_lab_of_an_earlier_version_is_still_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else nothing would end it."""
    monkeypatch.setattr("lab.base.paths.ROOT", tmp_path)
    place = LabPaths("unit")
    place.make_folder()
    told = {"url": "http://127.0.0.1:1", "pid": os.getpid(), "started": start_time(os.getpid()), "speed": 1.0}
    place.endpoint_file.write_text(json.dumps(told))
    found = Endpoint.read(place)
    assert found is not None
    assert found.pid == os.getpid()


def test_what_was_called_is_known_by_caller_and_in_iams_words(served: Served) -> None:
    served.context.calls.page({"forget": True})
    allowed = served.role({"Effect": "Allow", "Action": ["ec2:*", "s3:*"], "Resource": "*"}, name="caller")
    served.context.calls.page({"forget": True})
    served.client("ec2", **allowed).describe_vpcs()
    served.client("s3", **allowed).list_buckets()
    served.client("elbv2").describe_load_balancers()
    served.client("cloudwatch").describe_alarms()
    refused("iam", served.client("iam", **allowed))
    found = served.context.calls.page(None)
    (role,) = [arn for arn in found if "assumed-role/caller" in arn]
    assert found[role] == {"ec2:DescribeVpcs": [], "s3:ListAllMyBuckets": ["*"]}
    assert list(found["arn:aws:iam::123456789012:root"]) == [
        "cloudwatch:DescribeAlarms",
        "elasticloadbalancing:DescribeLoadBalancers",
    ]
