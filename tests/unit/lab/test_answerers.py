# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of operations is true: what it calls refused is refused, and what it calls answered is answered."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from lab.api.services.s3 import subresources
from lab.api.serving import standing_answers
from lab.api.serving.answerers import Answerer, answerers
from tests.unit.lab.served import Served, serve


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("answerers")) as served:
        yield served


def is_refused(client: Any, operation: str) -> bool:
    try:
        getattr(client, xform_name(operation))()
    except ClientError as error:
        return bool(error.response["Error"]["Code"] == "NotImplemented")
    return False


def bare(client: Any, operation: str) -> bool:
    shape = client.meta.service_model.operation_model(operation).input_shape
    return operation.startswith(("Describe", "List", "Get")) and not (shape and shape.required_members)


@pytest.mark.parametrize(
    "service",
    [
        *("accessanalyzer", "account", "acm", "autoscaling", "backup", "cloudfront", "cloudtrail", "cloudwatch"),
        *("config", "efs", "elbv2", "guardduty", "iam", "kms", "logs", "route53", "s3", "sns", "ssm", "sts"),
    ],
)
def test_what_the_table_says_of_calls_without_parameters_is_so(api: Served, service: str) -> None:
    client = api.client(service, "us-east-1")
    by = answerers(service)
    asked = [operation for operation in client.meta.service_model.operation_names if bare(client, operation)]
    refused = {operation for operation in asked if is_refused(client, operation)}
    assert refused == {operation for operation in asked if by[operation] is Answerer.REFUSED}


def test_who_answers_is_told_apart(api: Served) -> None:
    del api
    ec2 = answerers("ec2")
    assert ec2["RunInstances"] is Answerer.LAB
    assert ec2["DescribeVolumeStatus"] is Answerer.LAB
    assert ec2["CreateKeyPair"] is Answerer.MOTO
    assert ec2["ModifyInstanceAttribute"] is not Answerer.REFUSED, "for some attributes only"
    assert ec2["DescribeIpamPools"] is Answerer.EMPTY
    assert ec2["CreateIpamPool"] is Answerer.REFUSED
    assert answerers("elbv2")["CreateLoadBalancer"] is Answerer.LAB


@pytest.mark.parametrize("service", standing_answers.ANSWERS)
def test_a_standing_answer_is_given(api: Served, service: str) -> None:
    client = api.client(service, "us-east-1")
    by = answerers(service)
    for operation in standing_answers.ANSWERS[service]:
        assert by[operation] is Answerer.LAB, operation
        assert not is_refused(client, operation), operation


@pytest.mark.parametrize(
    ("service", "operations"),
    [
        (
            "ec2",
            """EnableSerialConsoleAccess EnableAllowedImagesSettings ModifyIdFormat ModifyVpcBlockPublicAccessOptions
            CreateSpotDatafeedSubscription ModifyInstanceEventNotificationAttributes EnableCapacityManager""",
        ),
        ("efs", "PutAccountPreferences"),
        ("iam", "EnableOutboundWebIdentityFederation"),
        ("route53", "CreateTrafficPolicyInstance"),
    ],
)
def test_nothing_changes_a_standing_answer(api: Served, service: str, operations: str) -> None:
    """Once something does, the answer is no standing one any more."""
    del api
    known = answerers(service)
    changing = {operation: known.get(operation, Answerer.REFUSED) for operation in operations.split()}
    assert changing == dict.fromkeys(changing, Answerer.REFUSED)


def test_what_aws_tells_a_fresh_account(api: Served) -> None:
    ec2 = api.client("ec2")
    formats = ec2.describe_aggregate_id_format()
    assert formats["UseLongIdsAggregated"] is True
    assert {"Resource": "vpc", "UseLongIds": True} in formats["Statuses"]
    options = ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    assert (options["State"], options["InternetGatewayBlockMode"]) == ("default-state", "off")
    with pytest.raises(ClientError, match=r"InvalidSpotDatafeed\.NotFound"):
        ec2.describe_spot_datafeed_subscription()
    with pytest.raises(ClientError, match="FeatureDisabled"):
        api.client("iam").get_outbound_web_identity_federation_info()


# ---- what is told of what there is


def test_the_status_of_volumes(api: Served) -> None:
    api.forget()
    ec2 = api.client("ec2")
    made = ec2.create_volume(AvailabilityZone="ap-northeast-1a", Size=1, VolumeType="gp3")["VolumeId"]
    (told,) = ec2.describe_volume_status(VolumeIds=[made])["VolumeStatuses"]
    assert (told["VolumeId"], told["AvailabilityZone"]) == (made, "ap-northeast-1a")
    assert told["VolumeStatus"]["Status"] == "ok"
    impaired = [{"Name": "volume-status.status", "Values": ["impaired"]}]
    assert ec2.describe_volume_status(Filters=impaired)["VolumeStatuses"] == []
    with pytest.raises(ClientError, match=r"InvalidVolume\.NotFound"):
        ec2.describe_volume_status(VolumeIds=["vol-0123456789abcdef0"])


def test_the_regions_of_an_account(api: Served) -> None:
    account = api.client("account", "us-east-1")
    on = account.list_regions(RegionOptStatusContains=["ENABLED_BY_DEFAULT"])["Regions"]
    assert {"RegionName": "ap-northeast-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"} in on
    assert account.get_region_opt_status(RegionName="af-south-1")["RegionOptStatus"] == "DISABLED"
    with pytest.raises(ClientError, match="ValidationException"):
        account.get_region_opt_status(RegionName="moon-1")


def test_log_groups_by_a_pattern(api: Served) -> None:
    api.forget()
    logs = api.client("logs")
    for name in ("/aws/one", "/aws/two", "other"):
        logs.create_log_group(logGroupName=name)

    def listed(**asked: Any) -> list[str]:
        return [group["logGroupName"] for group in logs.list_log_groups(**asked)["logGroups"]]

    assert listed() == ["/aws/one", "/aws/two", "other"]
    assert listed(logGroupNamePattern="^/aws") == ["/aws/one", "/aws/two"]
    assert listed(logGroupNamePattern="two|the") == ["/aws/two", "other"]
    assert listed(logGroupClass="INFREQUENT_ACCESS") == []


def test_a_rule_that_was_never_evaluated(api: Served) -> None:
    api.forget()
    config = api.client("config")
    assert config.describe_compliance_by_config_rule()["ComplianceByConfigRules"] == []
    with pytest.raises(ClientError, match="NoSuchConfigRule"):
        config.describe_compliance_by_config_rule(ConfigRuleNames=["none"])
    source = {"Owner": "AWS", "SourceIdentifier": "S3_BUCKET_VERSIONING_ENABLED"}
    config.put_config_rule(ConfigRule={"ConfigRuleName": "versioned", "Source": source})
    (told,) = config.describe_compliance_by_config_rule()["ComplianceByConfigRules"]
    assert told == {"ConfigRuleName": "versioned", "Compliance": {"ComplianceType": "INSUFFICIENT_DATA"}}
    assert config.describe_compliance_by_config_rule(ComplianceTypes=["COMPLIANT"])["ComplianceByConfigRules"] == []
    (status,) = config.describe_config_rule_evaluation_status()["ConfigRulesEvaluationStatus"]
    assert status["FirstEvaluationStarted"] is False


def test_limits_and_metrics_of_groups(api: Served) -> None:
    groups = api.client("autoscaling")
    assert groups.describe_account_limits()["MaxNumberOfAutoScalingGroups"] == 500
    assert {"Metric": "GroupInServiceInstances"} in groups.describe_metric_collection_types()["Metrics"]


# ---- S3


def test_a_sub_resource_that_nobody_knows_is_no_request_to_the_bucket(api: Served) -> None:
    api.forget()
    s3 = api.client("s3", "us-east-1")
    with pytest.raises(ClientError, match="The lab does not know S3's abac"):
        s3.put_bucket_abac(Bucket="none-1", AbacStatus={"Status": "Enabled"})
    assert s3.list_buckets()["Buckets"] == []
    s3.create_bucket(Bucket="some-1")
    with pytest.raises(ClientError, match="The lab does not know S3's metadataConfiguration"):
        s3.delete_bucket_metadata_configuration(Bucket="some-1")
    s3.put_object(Bucket="some-1", Key="k", Body=b"inside")
    with pytest.raises(ClientError, match="The lab does not know S3's torrent"):
        s3.get_object_torrent(Bucket="some-1", Key="k")
    assert s3.list_objects_v2(Bucket="some-1")["KeyCount"] == 1


def test_operations_without_a_sub_resource_are_known() -> None:
    for operation in ("PutObject", "UploadPart", "ListBuckets", "SelectObjectContent", "DeleteObjects", "HeadBucket"):
        assert subresources.is_known(operation), operation
    assert not subresources.is_known("WriteGetObjectResponse")


COLLECTIONS = Path(sysconfig.get_path("purelib")) / "ansible_collections"
REFUSED_STILL = {
    "accessanalyzer ValidatePolicy": "nothing here judges how a policy is written",
    "autoscaling CancelInstanceRefresh": "no group's instances are replaced here",
    "autoscaling CompleteLifecycleAction": "no instance waits for a hook",
    "autoscaling DeleteNotificationConfiguration": "a group tells nobody of its launches",
    "autoscaling DescribeInstanceRefreshes": "no group's instances are replaced here",
    "autoscaling PutNotificationConfiguration": "a group tells nobody of its launches",
    "autoscaling StartInstanceRefresh": "no group's instances are replaced here",
    "cloudfront GetStreamingDistribution": "AWS makes no streaming distributions any more",
    "cloudfront GetStreamingDistributionConfig": "AWS makes no streaming distributions any more",
    "ec2 CancelImportTask": "no image is imported",
    "ec2 CreateVpnConnectionRoute": "no packet goes through a VPN",
    "ec2 DeleteVpnConnectionRoute": "no packet goes through a VPN",
    "ec2 EnableVgwRoutePropagation": "no packet goes through a VPN",
    "ec2 ImportImage": "no image is imported",
    "ec2 ModifyAddressAttribute": "addresses have no names of their own",
    "ec2 ResetAddressAttribute": "addresses have no names of their own",
}
"""What Ansible's modules call and the lab refuses, and why."""


def called_by_modules(service: str) -> Iterator[str]:
    """Yield the words of all modules that make a client of a service, and of what they share for it."""
    made = re.compile(rf"""client\(\s*["']{service}["']""")
    for name in ("amazon", "community"):
        for file in (COLLECTIONS / name / "aws" / "plugins").rglob("*.py"):
            text = file.read_text()
            if made.search(text) or (file.parent.name == "module_utils" and file.stem == service):
                yield from re.findall(r"[a-z0-9_]+", text)


@pytest.mark.parametrize(
    "service",
    [
        *("ec2", "elbv2", "efs", "s3", "cloudfront", "route53", "acm", "iam", "ssm", "autoscaling", "cloudwatch"),
        *("logs", "sts", "sns", "backup", "kms", "config", "cloudtrail", "wafv2", "accessanalyzer"),
    ],
)
def test_what_ansibles_own_modules_call_is_answered_or_refused_for_a_reason(api: Served, service: str) -> None:
    refused = {name for name, answerer in answerers(service).items() if answerer == Answerer.REFUSED}
    called = set(called_by_modules(service))
    assert called, "the modules are where they are looked for"
    met = {f"{service} {name}" for name in refused if xform_name(name) in called}
    assert met == {name for name in REFUSED_STILL if name.startswith(f"{service} ")}
