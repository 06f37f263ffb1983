# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account has, as its API lists it: to compare one that a site has left with one that never had any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.integration.owner import Owner

REGIONS = ("ap-northeast-1", "us-east-1")
_BY_REGION: dict[str, tuple[tuple[str, dict[str, Any], str, str], ...]] = {
    "ec2": (
        ("describe_vpcs", {}, "Vpcs", "VpcId"),
        ("describe_subnets", {}, "Subnets", "SubnetId"),
        ("describe_route_tables", {}, "RouteTables", "RouteTableId"),
        ("describe_internet_gateways", {}, "InternetGateways", "InternetGatewayId"),
        ("describe_addresses", {}, "Addresses", "AllocationId"),
        ("describe_security_groups", {}, "SecurityGroups", "GroupId"),
        ("describe_network_interfaces", {}, "NetworkInterfaces", "NetworkInterfaceId"),
        ("describe_network_acls", {}, "NetworkAcls", "NetworkAclId"),
        ("describe_volumes", {}, "Volumes", "VolumeId"),
        ("describe_flow_logs", {}, "FlowLogs", "FlowLogId"),
    ),
    "elbv2": (
        ("describe_load_balancers", {}, "LoadBalancers", "LoadBalancerArn"),
        ("describe_target_groups", {}, "TargetGroups", "TargetGroupArn"),
    ),
    "efs": (("describe_file_systems", {}, "FileSystems", "FileSystemId"),),
    "acm": (("list_certificates", {}, "CertificateSummaryList", "CertificateArn"),),
    "logs": (
        ("describe_log_groups", {}, "logGroups", "logGroupName"),
        ("describe_resource_policies", {}, "resourcePolicies", "policyName"),
    ),
    "ssm": (("list_documents", {"Filters": [{"Key": "Owner", "Values": ["Self"]}]}, "DocumentIdentifiers", "Name"),),
    "wafv2": (("list_web_acls", {"Scope": "REGIONAL"}, "WebACLs", "ARN"),),
    "cloudwatch": (("describe_alarms", {}, "MetricAlarms", "AlarmArn"),),
    "sns": (("list_topics", {}, "Topics", "TopicArn"),),
}
_ONCE: dict[str, tuple[tuple[str, dict[str, Any], str, str], ...]] = {
    "iam": (
        ("list_roles", {}, "Roles", "RoleName"),
        ("list_instance_profiles", {}, "InstanceProfiles", "InstanceProfileName"),
        ("list_policies", {"Scope": "Local"}, "Policies", "Arn"),
    ),
    "route53": (
        ("list_hosted_zones", {}, "HostedZones", "Id"),
        ("list_health_checks", {}, "HealthChecks", "Id"),
        ("list_query_logging_configs", {}, "QueryLoggingConfigs", "Id"),
    ),
    "s3": (("list_buckets", {}, "Buckets", "Name"),),
}
_GONE = ("deleted", "terminated")


def contents(owner: Owner) -> dict[str, set[str]]:
    """Return the ids of what there is, by what it is and where; what lists for an hour as gone is not there."""
    found = {}
    for region in REGIONS:
        for service, questions in _BY_REGION.items():
            client = owner.client(service, region)
            for operation, words, key, id_ in questions:
                answer = getattr(client, operation)(**words)[key]
                found[f"{service}: {key} in {region}"] = {str(one[id_]) for one in answer}
        found[f"ec2: waning things in {region}"] = set(_waning(owner.client("ec2", region)))
        found[f"kms: keys in {region}"] = set(_keys(owner.client("kms", region)))
    for service, questions in _ONCE.items():
        client = owner.client(service, "us-east-1" if service != "s3" else REGIONS[0])
        for operation, words, key, id_ in questions:
            found[f"{service}: {key}"] = {str(one[id_]) for one in getattr(client, operation)(**words)[key]}
    found |= _edge(owner.client("cloudfront", "us-east-1"))
    return found


def _waning(ec2: Any) -> Iterator[str]:
    for reservation in ec2.describe_instances()["Reservations"]:
        yield from (one["InstanceId"] for one in reservation["Instances"] if one["State"]["Name"] not in _GONE)
    yield from (one["NatGatewayId"] for one in ec2.describe_nat_gateways()["NatGateways"] if one["State"] not in _GONE)
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    yield from (one["VpcEndpointId"] for one in endpoints if one["State"].lower() not in _GONE)


def _keys(kms: Any) -> Iterator[str]:
    """Yield the keys for which AWS charges: not those whose deletion is scheduled, nor AWS's own."""
    for key in kms.list_keys()["Keys"]:
        told = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if told["KeyState"] != "PendingDeletion" and told["KeyManager"] == "CUSTOMER":
            yield key["KeyId"]


def _edge(cloudfront: Any) -> dict[str, set[str]]:
    policies = cloudfront.list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"].get("Items", [])
    controls = cloudfront.list_origin_access_controls()["OriginAccessControlList"].get("Items", [])
    return {
        "cloudfront: distributions": {
            one["Id"] for one in cloudfront.list_distributions()["DistributionList"].get("Items", [])
        },
        "cloudfront: functions": {one["Name"] for one in cloudfront.list_functions()["FunctionList"].get("Items", [])},
        "cloudfront: headers policies": {one["ResponseHeadersPolicy"]["Id"] for one in policies},
        "cloudfront: access controls": {one["Id"] for one in controls},
    }
