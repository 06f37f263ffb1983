# SPDX-License-Identifier: GPL-3.0-or-later
"""What real accounts meet: calls that come too fast, and news that comes late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.base.errors import LabError
from lab.running.settings import Settings
from lab.world.account.consistency import LONGEST, Lateness
from lab.world.account.request_rates import Rate, demands
from lab.world.account.token_buckets import TokenBuckets
from tests.unit.lab.served import Served, serve

# ---- rates


def rates(service: str, operation: str, **parameters: str) -> dict[str, Rate]:
    return {each.bucket: each.rate for each in demands(service, operation, parameters)}


@pytest.mark.parametrize(
    ("operation", "rate"),
    [
        ("DescribeVpcs", Rate(100, 20)),
        ("CreateVpc", Rate(50, 5)),
        ("AuthorizeSecurityGroupIngress", Rate(50, 5)),
        ("CreateVpcEndpoint", Rate(4, 0.3)),
        ("CreateTags", Rate(100, 10)),
        ("CreateNatGateway", Rate(10, 1)),
    ],
)
def test_ec2_counts_each_operation_for_itself(operation: str, rate: Rate) -> None:
    assert rates("ec2", operation) == {operation: rate}


def test_ec2_counts_lists_of_everything_apart() -> None:
    assert rates("ec2", "DescribeInstances") == {"DescribeInstances of everything": Rate(50, 10)}
    assert rates("ec2", "DescribeInstances", MaxResults="5") == {"DescribeInstances": Rate(100, 20)}
    assert rates("ec2", "DescribeInstances", **{"Filter.1.Name": "vpc-id"}) == {"DescribeInstances": Rate(100, 20)}


def test_ec2_counts_instances_too() -> None:
    _, many = demands("ec2", "RunInstances", {"MinCount": "1", "MaxCount": "3"})
    assert (many.rate, many.tokens) == (Rate(1000, 2), 3)
    _, named = demands("ec2", "StopInstances", {"InstanceId.1": "i-1", "InstanceId.2": "i-2"})
    assert (named.rate, named.tokens) == (Rate(1000, 20), 2)


def test_load_balancing_counts_by_category_and_all_together() -> None:
    made = rates("elasticloadbalancing", "CreateLoadBalancer", Version="2015-12-01")
    assert made == {"2015-12-01 resource-intensive": Rate(10, 0.2), "2015-12-01 account": Rate(40, 10)}
    read = rates("elasticloadbalancing", "DescribeRules", Version="2015-12-01")
    assert read["2015-12-01 reading"] == Rate(40, 10)
    older = rates("elasticloadbalancing", "RegisterInstancesWithLoadBalancer", Version="2012-06-01")
    assert older["2012-06-01 registration"] == Rate(20, 4)


@pytest.mark.parametrize(
    ("service", "operation", "rate"),
    [
        ("acm", "RequestCertificate", Rate(5, 5)),
        ("monitoring", "PutMetricAlarm", Rate(3, 3)),
        ("logs", "CreateLogGroup", Rate(10, 10)),
    ],
)
def test_others_count_each_second(service: str, operation: str, rate: Rate) -> None:
    assert rates(service, operation) == {operation: rate}


def test_where_aws_publishes_nothing_nothing_is_counted() -> None:
    assert rates("iam", "CreateRole") == rates("s3", "CreateBucket") == {}


# ---- buckets


def test_a_bucket_is_emptied_and_filled_again() -> None:
    buckets, call = TokenBuckets(), demands("route53", "ListHostedZones", {})
    assert [buckets.take(("",), call, 0.0) for _ in range(6)] == [True] * 5 + [False]
    assert buckets.take(("",), call, 0.1) is False
    assert buckets.take(("",), call, 0.2) is True
    assert [buckets.take(("",), call, 100.0) for _ in range(6)] == [True] * 5 + [False]


def test_a_call_that_one_bucket_refuses_takes_nothing_from_the_other() -> None:
    buckets = TokenBuckets()
    making = demands("elasticloadbalancing", "CreateLoadBalancer", {"Version": "2015-12-01"})
    reading = demands("elasticloadbalancing", "DescribeTags", {"Version": "2015-12-01"})
    assert sum(buckets.take(("r",), making, 0.0) for _ in range(20)) == 10
    assert sum(buckets.take(("r",), reading, 0.0) for _ in range(40)) == 30


def test_others_in_the_account_take_their_share() -> None:
    buckets, call = TokenBuckets(share=0.4), demands("route53", "ListHostedZones", {})
    assert sum(buckets.take(("",), call, 0.0) for _ in range(5)) == 2


# ---- over the wire


@dataclass
class Hands:
    """A clock that stands until it is moved."""

    now: float = 0.0
    speed: float = 1.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def slow(tmp_path: Path, clock: Hands) -> Iterator[Served]:
    with serve(tmp_path, clock=clock, throttling=TokenBuckets()) as served:
        yield served


def refused_at_last(call: Callable[[], Any], times: int) -> ClientError:
    for _ in range(times - 1):
        call()
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    ("service", "operation", "times", "code", "status"),
    [
        ("ec2", "describe_instances", 51, "RequestLimitExceeded", 503),
        ("elbv2", "describe_load_balancers", 41, "ThrottlingException", 400),
        ("route53", "list_hosted_zones", 6, "Throttling", 400),
        ("acm", "list_certificates", 9, "ThrottlingException", 400),
        ("logs", "describe_log_groups", 11, "ThrottlingException", 400),
        ("cloudwatch", "describe_alarms", 10, "ThrottlingException", 400),
    ],
)
def test_each_service_refuses_in_its_words(
    slow: Served, clock: Hands, service: str, operation: str, times: int, code: str, status: int
) -> None:
    call = getattr(slow.client(service), operation)
    refusal = refused_at_last(call, times)
    assert refusal.response["Error"]["Code"] == code
    assert refusal.response["ResponseMetadata"]["HTTPStatusCode"] == status
    clock.now += 1
    call()


def test_a_region_counts_for_itself(slow: Served) -> None:
    refused_at_last(slow.client("ec2").describe_instances, 51)
    slow.client("ec2", "us-east-1").describe_instances()


# ---- lateness


def test_half_of_the_news_is_at_once_and_none_later_than_the_longest() -> None:
    drawn = [Lateness(7).seconds("vpc", n, "made") for n in range(400)]
    assert 150 < drawn.count(0.0) < 250
    assert 0.9 * LONGEST < max(drawn) <= LONGEST
    assert drawn == [Lateness(7).seconds("vpc", n, "made") for n in range(400)]
    assert drawn != [Lateness(8).seconds("vpc", n, "made") for n in range(400)]


@dataclass(frozen=True)
class Always(Lateness):
    """Is late each time."""

    seed: int = 0
    late: float = field(default=2.0)

    def seconds(self, prefix: str, ordinal: int, change: str) -> float:
        del prefix, ordinal, change
        return self.late


@pytest.fixture
def late(tmp_path: Path, clock: Hands) -> Iterator[Served]:
    with serve(tmp_path, clock=clock, lateness=Always()) as served:
        yield served


def test_what_is_new_is_not_found_for_a_moment(late: Served, clock: Hands) -> None:
    ec2 = late.client("ec2")
    made = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    with pytest.raises(ClientError, match=rf"InvalidVpcID\.NotFound.*The vpc ID '{made}' does not exist"):
        ec2.describe_vpcs(VpcIds=[made])
    with pytest.raises(ClientError, match=r"InvalidVpcID\.NotFound"):
        ec2.create_subnet(VpcId=made, CidrBlock="10.9.0.0/24")
    with pytest.raises(ClientError, match=r"InvalidVpcID\.NotFound"):
        ec2.create_tags(Resources=[made], Tags=[{"Key": "a", "Value": "b"}])
    assert made not in [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]]
    assert ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [made]}])["Subnets"] == []
    clock.now += 2
    assert ec2.describe_vpcs(VpcIds=[made])["Vpcs"][0]["VpcId"] == made
    assert made in [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]]


def test_what_is_gone_is_listed_for_a_moment(late: Served, clock: Hands) -> None:
    ec2 = late.client("ec2")
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "gone"}]}]
    made = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    clock.now += 2
    ec2.delete_vpc(VpcId=made)
    named = [{"Name": "tag:Name", "Values": ["gone"]}]
    assert ec2.describe_vpcs(VpcIds=[made])["Vpcs"][0]["CidrBlock"] == "10.9.0.0/16"
    assert [vpc["VpcId"] for vpc in ec2.describe_vpcs(Filters=named)["Vpcs"]] == [made]
    assert ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["other"]}])["Vpcs"] == []
    with pytest.raises(ClientError, match=r"InvalidVpcID\.NotFound"):
        ec2.delete_vpc(VpcId=made)
    clock.now += 2
    assert ec2.describe_vpcs(Filters=named)["Vpcs"] == []
    with pytest.raises(ClientError, match=r"InvalidVpcID\.NotFound"):
        ec2.describe_vpcs(VpcIds=[made])


@pytest.mark.parametrize(
    ("create", "describe", "name", "code"),
    [
        (lambda ec2: ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"],
         "describe_internet_gateways", "InternetGatewayIds", "InvalidInternetGatewayID.NotFound"),
        (lambda ec2: ec2.allocate_address(Domain="vpc")["AllocationId"],
         "describe_addresses", "AllocationIds", "InvalidAllocationID.NotFound"),
        (lambda ec2: ec2.create_volume(AvailabilityZone="ap-northeast-1a", Size=1)["VolumeId"],
         "describe_volumes", "VolumeIds", "InvalidVolume.NotFound"),
        (lambda ec2: ec2.create_launch_template(
            LaunchTemplateName="one", LaunchTemplateData={"InstanceType": "t3.micro"}
        )["LaunchTemplate"]["LaunchTemplateId"],
         "describe_launch_templates", "LaunchTemplateIds", "InvalidLaunchTemplateId.NotFound"),
    ],
)  # fmt: skip
def test_other_kinds_are_late_too(
    late: Served, clock: Hands, create: Callable[[Any], str], describe: str, name: str, code: str
) -> None:
    ec2 = late.client("ec2")
    made = create(ec2)
    with pytest.raises(ClientError, match=code):
        getattr(ec2, describe)(**{name: [made]})
    clock.now += 2
    getattr(ec2, describe)(**{name: [made]})


def test_of_a_reservation_the_new_instance_is_left_out(late: Served, clock: Hands) -> None:
    ec2 = late.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    wanted = {"ImageId": image, "InstanceType": "t3.micro", "SubnetId": subnet}
    made = ec2.run_instances(**wanted, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    listed = [each for one in ec2.describe_instances()["Reservations"] for each in one["Instances"]]
    assert listed == []
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        ec2.describe_instances(InstanceIds=[made])
    clock.now += 2
    assert ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]["InstanceId"] == made


# ---- options


def test_the_options_of_lab_up() -> None:
    settings = Settings(throttling="aws:0.5", consistency="aws:2", quotas="vpcs=2,addresses=10", seed=3)
    assert settings.buckets == TokenBuckets(0.5)
    assert settings.lateness == Lateness(3, 2.0)
    assert settings.limits == {"L-F678F1CE": 2.0, "L-0263D0A3": 10.0}
    assert Settings().buckets is None
    assert Settings().lateness is None
    assert "--throttling=aws:0.5" in settings.to_argv()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"throttling": "fast"}, "--throttling is 'fast'; use none, aws, or aws:FACTOR"),
        ({"consistency": "aws:0"}, "--consistency is 'aws:0'"),
        ({"quotas": "vpc=2"}, "--quotas has 'vpc=2'; use a number for one of vpcs, internet-gateways"),
        ({"quotas": "vpcs=many"}, "--quotas has 'vpcs=many'"),
    ],
)
def test_options_that_are_none(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LabError, match=sentence):
        Settings(**wrong)


def test_a_quota_of_the_option_is_heeded_until_more_is_asked_for(tmp_path: Path) -> None:
    with serve(tmp_path, quotas=Settings(quotas="vpcs=1").limits) as served:
        ec2, quotas = served.client("ec2", "eu-west-3"), served.client("service-quotas", "eu-west-3")
        with pytest.raises(ClientError, match="VpcLimitExceeded"):
            ec2.create_vpc(CidrBlock="10.1.0.0/16")
        asked = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}
        assert quotas.get_service_quota(**asked)["Quota"]["Value"] == 1
        quotas.request_service_quota_increase(**asked, DesiredValue=2)
        ec2.create_vpc(CidrBlock="10.1.0.0/16")
