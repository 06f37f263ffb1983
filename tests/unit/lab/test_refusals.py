# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS refuses, the lab refuses by the same name: calls that were accepted, or broke it, when it was examined."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.unit.lab.served import REGION, Served, serve

ACL = "acl-0123456789abcdef0"
EC2_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


class World:
    """An account with something of each kind, and clients that check nothing themselves."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.clients: dict[str, Any] = {}
        ec2, s3 = self.client("ec2"), self.client("s3")
        self.vpc, other = (ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (0, 1))
        self.subnet, self.second = (
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}a")["Subnet"][
                "SubnetId"
            ]
            for n in (0, 1)
        )
        self.table, self.other_table = (
            ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"] for _ in range(2)
        )
        ec2.associate_route_table(RouteTableId=self.table, SubnetId=self.subnet)
        self.acl = ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"]
        self.group, self.other_group = (
            ec2.create_security_group(GroupName="group", Description="-", VpcId=vpc)["GroupId"]
            for vpc in (self.vpc, other)
        )
        s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
        self.targets = self.client("elbv2").create_target_group(Name="t", Protocol="HTTP", Port=80, VpcId=self.vpc)[
            "TargetGroups"
        ][0]["TargetGroupArn"]
        self.zone = self.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"][
            "Id"
        ]
        self.client("logs").create_log_group(logGroupName="group")
        self.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=EC2_TRUST)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            owner = self.served.context.owner
            config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
            session = boto3.session.Session(owner.access_key, owner.secret_key, region_name=REGION)
            make: Any = session.client
            self.clients[service] = make(service, endpoint_url=self.served.url, config=config)
        return self.clients[service]

    def group_rule(self, **more: Any) -> dict[str, Any]:
        return {"GroupId": self.group, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, **more}]}

    def target_group(self, **more: Any) -> dict[str, Any]:
        return {"Name": "x", "Protocol": "HTTP", "Port": 80, "VpcId": self.vpc, **more}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serve(tmp_path_factory.mktemp("refusals")) as served:
        yield World(served)


Given = Callable[[World], dict[str, Any]]
XML = "MalformedXML"
ROWS: list[tuple[str, str, str, Given]] = [
    ("s3", "UploadPart", "NoSuchUpload", lambda _: {"Key": "k", "UploadId": "x", "PartNumber": 1, "Body": b"x"}),
    (
        *("s3", "CompleteMultipartUpload", "NoSuchUpload"),
        lambda _: {"Key": "k", "UploadId": "x", "MultipartUpload": {"Parts": [{"ETag": "x", "PartNumber": 1}]}},
    ),
    ("s3", "PutBucketAcl", "InvalidArgument", lambda _: {"ACL": "nope"}),
    ("s3", "ListObjects", "InvalidArgument", lambda _: {"MaxKeys": -1}),
    ("s3", "ListObjectsV2", "InvalidArgument", lambda _: {"MaxKeys": -1}),
    ("s3", "PutObject", "KeyTooLongError", lambda _: {"Key": "k" * 1025, "Body": b""}),
    ("s3", "PutBucketVersioning", XML, lambda _: {"VersioningConfiguration": {"Status": "x"}}),
    ("s3", "PutBucketOwnershipControls", XML, lambda _: {"OwnershipControls": {"Rules": [{"ObjectOwnership": "x"}]}}),
    ("s3", "PutBucketLifecycleConfiguration", XML, lambda _: {"LifecycleConfiguration": {"Rules": []}}),
    ("ec2", "CreateVpc", "DryRunOperation", lambda _: {"CidrBlock": "10.9.0.0/16", "DryRun": True}),
    ("ec2", "DescribeVpcs", "DryRunOperation", lambda _: {"DryRun": True}),
    (
        *("ec2", "AssociateRouteTable", "Resource.AlreadyAssociated"),
        lambda w: {"RouteTableId": w.other_table, "SubnetId": w.subnet},
    ),
    (
        *("ec2", "DeleteRoute", "InvalidParameterValue"),
        lambda w: {"RouteTableId": w.table, "DestinationCidrBlock": "10.0.0.0/16"},
    ),
    (
        *("ec2", "DeleteNetworkAclEntry", "InvalidNetworkAclEntry.NotFound"),
        lambda w: {"NetworkAclId": w.acl, "RuleNumber": 77, "Egress": False},
    ),
    (
        *("ec2", "DeleteNetworkAclEntry", "InvalidNetworkAclID.NotFound"),
        lambda _: {"NetworkAclId": ACL, "RuleNumber": 77, "Egress": False},
    ),
    (
        *("ec2", "ReplaceNetworkAclAssociation", "InvalidAssociationID.NotFound"),
        lambda w: {"AssociationId": "aclassoc-0123456789abcdef0", "NetworkAclId": w.acl},
    ),
    (
        *("ec2", "AuthorizeSecurityGroupIngress", "InvalidParameterValue"),
        lambda w: w.group_rule(FromPort=90, IpRanges=[{"CidrIp": "0.0.0.0/0"}]),
    ),
    (
        *("ec2", "AuthorizeSecurityGroupIngress", "InvalidGroup.NotFound"),
        lambda w: w.group_rule(UserIdGroupPairs=[{"GroupId": w.other_group}]),
    ),
    (
        *("ec2", "AuthorizeSecurityGroupEgress", "InvalidGroup.NotFound"),
        lambda w: w.group_rule(UserIdGroupPairs=[{"GroupId": w.other_group}]),
    ),
    (
        *("ec2", "CreateSecurityGroup", "InvalidParameterValue"),
        lambda w: {"GroupName": "sg-x", "Description": "-", "VpcId": w.vpc},
    ),
    (
        *("ec2", "CreateTags", "InvalidParameterValue"),
        lambda w: {"Resources": [w.vpc], "Tags": [{"Key": "aws:x", "Value": "y"}]},
    ),
    ("ec2", "CreateSubnet", "InvalidParameterValue", lambda w: {"VpcId": w.vpc, "CidrBlock": "../../etc/passwd"}),
    ("ec2", "DescribeVpcs", "InvalidVpcID.Malformed", lambda _: {"VpcIds": ["vpc-xyz"]}),
    ("ec2", "DescribeVpcs", "InvalidParameterValue", lambda _: {"Filters": [{"Name": "nope", "Values": ["x"]}]}),
    ("ec2", "DescribeSubnets", "InvalidSubnetID.Malformed", lambda _: {"SubnetIds": ["x"]}),
    ("ec2", "DescribeSecurityGroups", "InvalidGroupId.Malformed", lambda _: {"GroupIds": ["x"]}),
    ("ec2", "DescribeInstances", "InvalidInstanceID.Malformed", lambda _: {"InstanceIds": ["x"]}),
    ("ec2", "DescribeVpcs", "InvalidVpcID.NotFound", lambda _: {"VpcIds": ["vpc-0123456789abcdef0"]}),
    (
        *("ec2", "DescribeVpcPeeringConnections", "InvalidVpcPeeringConnectionId.NotFound"),
        lambda _: {"VpcPeeringConnectionIds": ["pcx-0123456789abcdef0"]},
    ),
    (
        *("ec2", "DescribeCustomerGateways", "InvalidCustomerGatewayID.NotFound"),
        lambda _: {"CustomerGatewayIds": ["cgw-0123456789abcdef0"]},
    ),
    ("elbv2", "CreateTargetGroup", "ValidationError", lambda w: w.target_group(Port=70000)),
    ("elbv2", "CreateTargetGroup", "ValidationError", lambda w: w.target_group(HealthCheckIntervalSeconds=1)),
    ("elbv2", "CreateTargetGroup", "ValidationError", lambda w: w.target_group(HealthCheckPath="x")),
    ("elbv2", "CreateTargetGroup", "ValidationError", lambda w: w.target_group(Protocol="FOO")),
    ("elbv2", "CreateTargetGroup", "ValidationError", lambda _: {"Protocol": "HTTP"}),
    ("elbv2", "CreateLoadBalancer", "ValidationError", lambda w: {"Subnets": [w.subnet]}),
    (
        *("elbv2", "CreateLoadBalancer", "InvalidConfigurationRequest"),
        lambda w: {"Name": "x", "Subnets": [w.subnet, w.second]},
    ),
    (
        *("elbv2", "ModifyTargetGroupAttributes", "ValidationError"),
        lambda w: {
            "TargetGroupArn": w.targets,
            "Attributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "x"}],
        },
    ),
    (
        *("elbv2", "ModifyTargetGroupAttributes", "ValidationError"),
        lambda w: {"TargetGroupArn": w.targets, "Attributes": [{"Key": "nope", "Value": "1"}]},
    ),
    ("route53", "CreateHostedZone", "InvalidDomainName", lambda _: {"Name": "", "CallerReference": "2"}),
    ("route53", "GetChange", "NoSuchChange", lambda _: {"Id": "C0123456789ABC"}),
    ("route53", "CreateHealthCheck", "InvalidInput", lambda _: {"CallerReference": "2", "HealthCheckConfig": {}}),
    *(
        (
            *("route53", "ChangeResourceRecordSets", "InvalidInput"),
            lambda w, record=record: {
                "HostedZoneId": w.zone,
                "ChangeBatch": {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
            },
        )
        for record in ({"Type": "A"}, {"Name": "a.example.com"})
    ),
    ("iam", "CreateRole", "MalformedPolicyDocument", lambda _: {"RoleName": "r", "AssumeRolePolicyDocument": "x"}),
    ("iam", "CreateRole", "ValidationError", lambda _: {"RoleName": "a b", "AssumeRolePolicyDocument": EC2_TRUST}),
    ("iam", "AttachRolePolicy", "ValidationError", lambda _: {"RoleName": "role", "PolicyArn": "x"}),
    ("acm", "RequestCertificate", "ValidationException", lambda _: {}),
    (
        *("acm", "RequestCertificate", "ValidationException"),
        lambda _: {"DomainName": "a.example.com", "ValidationMethod": "FOO"},
    ),
    ("acm", "DescribeCertificate", "ValidationException", lambda _: {"CertificateArn": "x"}),
    ("logs", "CreateLogGroup", "InvalidParameterException", lambda _: {"logGroupName": "a!b"}),
    (
        *("logs", "PutRetentionPolicy", "InvalidParameterException"),
        lambda _: {"logGroupName": "group", "retentionInDays": 7777},
    ),
    (
        *("ssm", "CreateDocument", "ValidationException"),
        lambda _: {"Name": "Document", "Content": '{"schemaVersion": "1.0"}', "DocumentType": "FOO"},
    ),
]


@pytest.mark.parametrize(
    ("service", "operation", "code", "given"), ROWS, ids=lambda one: one if isinstance(one, str) else ""
)
def test_a_call_is_refused_as_aws_does(world: World, service: str, operation: str, code: str, given: Given) -> None:
    client = world.client(service)
    names = {shown: name for name, shown in client.meta.method_to_api_mapping.items()}
    bucket = {"Bucket": "bucket"} if service == "s3" else {}
    with pytest.raises(ClientError) as caught:
        getattr(client, names[operation])(**bucket, **given(world))
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
    assert "{'" not in caught.value.response["Error"]["Message"]


def test_a_filter_that_aws_has_and_the_lab_has_not_is_not_called_invalid(world: World) -> None:
    with pytest.raises(ClientError) as caught:
        world.client("ec2").describe_security_groups(Filters=[{"Name": "ip-permission.ipv6-cidr", "Values": ["::/0"]}])
    assert caught.value.response["Error"]["Code"] == "NotImplemented"


def test_who_only_asks_changes_nothing(world: World) -> None:
    ec2 = world.client("ec2")
    before = ec2.describe_vpcs()["Vpcs"]
    with pytest.raises(ClientError, match="Request would have succeeded, but DryRun flag is set"):
        ec2.create_vpc(CidrBlock="10.9.0.0/16", DryRun=True)
    assert ec2.describe_vpcs()["Vpcs"] == before
    assert ec2.describe_vpcs(DryRun=False)["Vpcs"] == before


def test_groups_of_networks_that_are_peered_may_name_each_other(world: World) -> None:
    ec2 = world.client("ec2")
    vpcs = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (20, 21)]
    groups = [ec2.create_security_group(GroupName="p", Description="-", VpcId=vpc)["GroupId"] for vpc in vpcs]
    ec2.create_vpc_peering_connection(VpcId=vpcs[0], PeerVpcId=vpcs[1])
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": groups[1]}]}
    assert ec2.authorize_security_group_ingress(GroupId=groups[0], IpPermissions=[rule])["Return"]


def test_a_deletion_while_versioning_is_suspended_keeps_the_versions(world: World) -> None:
    """Twice: the newest version is then a delete marker, which broke."""
    s3 = world.client("s3")
    s3.create_bucket(Bucket="versions", CreateBucketConfiguration={"LocationConstraint": REGION})
    versioning = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration=versioning)
    first = s3.put_object(Bucket="versions", Key="k", Body=b"one")["VersionId"]
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket="versions", Key="k", Body=b"null")
    for _ in range(2):
        done = s3.delete_object(Bucket="versions", Key="k")
        assert (done["DeleteMarker"], done["VersionId"]) == (True, "null")
    (several,) = s3.delete_objects(Bucket="versions", Delete={"Objects": [{"Key": "k"}]})["Deleted"]
    assert several["DeleteMarkerVersionId"] == "null"
    found = s3.list_object_versions(Bucket="versions")
    assert [version["VersionId"] for version in found["Versions"]] == [first]
    assert [marker["VersionId"] for marker in found["DeleteMarkers"]] == ["null"]
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="versions", Key="k")
    assert s3.get_object(Bucket="versions", Key="k", VersionId=first)["Body"].read() == b"one"
    s3.delete_object(Bucket="versions", Key="k", VersionId="null")
    assert s3.get_object(Bucket="versions", Key="k")["Body"].read() == b"one"
