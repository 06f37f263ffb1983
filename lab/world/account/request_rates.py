# SPDX-License-Identifier: GPL-3.0-or-later
"""How often an account may call what, as far as AWS publishes it. Pure.

AWS publishes no rates of IAM, CloudFront, EFS, S3's bucket operations and Systems Manager's documents: those calls are
never refused for their number here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rate:
    """A bucket of tokens: how many it holds, and how many come in each second."""

    capacity: float
    refill: float


@dataclass(frozen=True)
class Demand:
    """What a call takes from one bucket, which calls with the same name share."""

    bucket: str
    rate: Rate
    tokens: float = 1.0


# ---- EC2: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html

_READING = ("Describe", "List", "Search", "Get")
_EC2_READING = Rate(100, 20)
_EC2_UNFILTERED = Rate(50, 10)
_EC2_CHANGING = Rate(50, 5)
_UNFILTERED = frozenset(
    f"Describe{name}"
    for name in (
        *("Instances", "InstanceStatus", "NetworkInterfaces", "SecurityGroups", "Snapshots", "SpotInstanceRequests"),
        "Volumes",
    )
)
_EC2_OF_THEIR_OWN = {
    Rate(1, 0.1): """AdvertiseByoipCidr DeprovisionByoipCidr DisableImageBlockPublicAccess
    DisableSnapshotBlockPublicAccess EnableImageBlockPublicAccess EnableSnapshotBlockPublicAccess ProvisionByoipCidr
    WithdrawByoipCidr""",
    Rate(1, 0.5): """AssociateCapacityReservationBillingOwner DescribeByoipCidrs
    DisassociateCapacityReservationBillingOwner""",
    Rate(1, 1): """CancelDeclarativePoliciesReport CreateDefaultSubnet CreateDefaultVpc DescribeInstanceTopology
    DescribeMovingAddresses MoveAddressToVpc RestoreAddressToClassic StartDeclarativePoliciesReport""",
    Rate(2, 2): "ModifyInstanceMetadataDefaults",
    Rate(4, 0.3): "CreateVpcEndpoint DeleteVpcEndpoints ModifyVpcEndpoint",
    Rate(5, 1): """CreateCoipCidr CreateCoipPool CreateSubnetCidrReservation DeleteCoipCidr DeleteCoipPool
    DeleteCoipPoolPermission DeleteSubnetCidrReservation""",
    Rate(5, 2): """AuthorizeClientVpnIngress CreateClientVpnRoute DeleteClientVpnRoute DescribeHostReservationOfferings
    DescribeHostReservations DisableFastLaunch EnableFastLaunch GetHostReservationPurchasePreview
    PurchaseHostReservation RevokeClientVpnIngress RunInstances StartInstances""",
    Rate(5, 5): """DeleteQueuedReservedInstances DescribeDeclarativePoliciesReports GetDeclarativePoliciesReportSummary
    PurchaseReservedInstancesOffering""",
    Rate(10, 0.15): """DescribeCapacityBlockExtensionOfferings DescribeCapacityBlockOfferings PurchaseCapacityBlock
    PurchaseCapacityBlockExtension""",
    Rate(10, 1): """AcceptVpcEndpointConnections AssignPrivateNatGatewayAddress AssociateEnclaveCertificateIamRole
    AssociateNatGatewayAddress CreateNatGateway CreateVpcEndpointServiceConfiguration DeleteNatGateway
    DeleteVpcEndpointServiceConfigurations DisassociateEnclaveCertificateIamRole DisassociateNatGatewayAddress
    GetAssociatedEnclaveCertificateIamRoles ModifyVpcEndpointServiceConfiguration RejectVpcEndpointConnections
    UnassignPrivateNatGatewayAddress""",
    Rate(10, 2): """AttachVerifiedAccessTrustProvider CreateVerifiedAccessGroup CreateVerifiedAccessInstance
    CreateVerifiedAccessTrustProvider DeleteVerifiedAccessGroup DeleteVerifiedAccessInstance
    DeleteVerifiedAccessTrustProvider DescribeVerifiedAccessInstanceLoggingConfigurations
    DetachVerifiedAccessTrustProvider ModifyVerifiedAccessGroup ModifyVerifiedAccessInstance
    ModifyVerifiedAccessInstanceLoggingConfiguration ModifyVerifiedAccessTrustProvider""",
    Rate(10, 10): """DescribeAggregateIdFormat DescribeIdFormat DescribeIdentityIdFormat DescribePrincipalIdFormat
    DescribeReservedInstancesOfferings""",
    Rate(20, 4): """CreateVerifiedAccessEndpoint DeleteVerifiedAccessEndpoint ModifyVerifiedAccessEndpoint
    ModifyVerifiedAccessEndpointPolicy ModifyVerifiedAccessGroupPolicy""",
    Rate(20, 5): "DescribeSecurityGroupReferences DescribeStaleSecurityGroups",
    Rate(50, 0.1): "CreateRestoreImageTask CreateStoreImageTask",
    Rate(50, 0.5): "DescribeStoreImageTasks",
    Rate(50, 3): "CreateSpotDatafeedSubscription DeleteSpotDatafeedSubscription DescribeSpotFleetRequests",
    Rate(100, 1): "CopyImage",
    Rate(100, 5): """AssignIpv6Addresses AssignPrivateIpAddresses AssociateIamInstanceProfile
    CreateLaunchTemplateVersion CreateNetworkInterface CreateSnapshot CreateSnapshots CreateVolume
    DeleteNetworkInterface DeleteSnapshot DeleteVolume DeregisterImage DescribeSpotFleetInstances
    DescribeSpotFleetRequestHistory DisassociateIamInstanceProfile ModifyImageAttribute ModifyInstanceMetadataOptions
    ModifyLaunchTemplate ModifyNetworkInterfaceAttribute ModifySnapshotAttribute TerminateInstances
    UnassignPrivateIpAddresses""",
    Rate(100, 10): "CreateTags DeleteTags",
    Rate(100, 13): "DescribeSpotDatafeedSubscription",
}
_EC2_RESOURCES = {
    "RunInstances": Rate(1000, 2),
    "TerminateInstances": Rate(1000, 20),
    "StartInstances": Rate(1000, 2),
    "StopInstances": Rate(1000, 20),
}

# ---- Elastic Load Balancing: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html

_ELB_ACCOUNT = Rate(40, 10)
_ELB_CATEGORIES = {
    "resource-intensive": (Rate(10, 0.2), "CreateLoadBalancer SetSubnets"),
    "registration": (Rate(20, 4), "RegisterTargets DeregisterTargets"),
    "reading trust stores' contents": (
        Rate(20, 4),
        "GetResourcePolicy GetTrustStoreCaCertificatesBundle GetTrustStoreRevocationContent",
    ),
    "making trust stores": (Rate(10, 0.2), "CreateTrustStore"),
    "changing trust stores": (
        Rate(10, 0.2),
        """AddTrustStoreRevocations DeleteSharedTrustStoreAssociation DeleteTrustStore ModifyTrustStore
        RemoveTrustStoreRevocations""",
    ),
    "reading trust stores": (
        Rate(40, 10),
        "DescribeTrustStoreAssociations DescribeTrustStoreRevocations DescribeTrustStores",
    ),
}
_ELB_READING = Rate(40, 10)
_ELB_CHANGING = Rate(20, 3)
_ELB_V2 = "2015-12-01"
_ELB_V1_INTENSIVE = """
AttachLoadBalancerToSubnets CreateLoadBalancer DetachLoadBalancerFromSubnets DisableAvailabilityZonesForLoadBalancer
EnableAvailabilityZonesForLoadBalancer
"""
_ELB_V1_REGISTRATION = "RegisterInstancesWithLoadBalancer DeregisterInstancesFromLoadBalancer"

# ---- Route 53: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests

_ROUTE_53 = Rate(5, 5)

# ---- calls each second: a bucket holds those of one second

_EACH_SECOND: dict[str, dict[float, str]] = {
    # https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html#api-rate-limits
    "acm": {
        1: "GetAccountConfiguration ImportCertificate PutAccountConfiguration ResendValidationEmail",
        5: """AddTagsToCertificate ListTagsForResource RemoveTagsFromCertificate RenewCertificate RequestCertificate
        SearchCertificates TagResource UntagResource UpdateCertificateOptions""",
        8: "ListCertificates",
        10: "DeleteCertificate DescribeCertificate ExportCertificate GetCertificate ListTagsForCertificate",
        30: "ListAcmeEndpoints",
    },
    # https://docs.aws.amazon.com/general/latest/gr/cw_region.html#limits_cloudwatch
    "monitoring": {
        1: "DisableInsightRules EnableInsightRules",
        3: """DeleteAlarmMuteRule DeleteAlarms DisableAlarmActions EnableAlarmActions PutAlarmMuteRule
        PutCompositeAlarm PutMetricAlarm SetAlarmState""",
        5: "DeleteAnomalyDetector DeleteInsightRules PutInsightRule",
        9: "DescribeAlarmContributors DescribeAlarms DescribeAlarmsForMetric",
        10: """DeleteDashboards DeleteMetricStream DescribeAnomalyDetectors GetDashboard GetMetricStream ListDashboards
        ListMetricStreams ListTagsForResource PutAnomalyDetector PutDashboard PutMetricStream StartMetricStreams
        StopMetricStreams""",
        20: """DescribeAlarmHistory DescribeInsightRules GetAlarmMuteRule GetInsightRuleReport GetMetricWidgetImage
        TagResource UntagResource""",
        25: "ListMetrics",
        50: "ListAlarmMuteRules",
        400: "GetMetricStatistics",
        500: "GetMetricData PutMetricData",
    },
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
    "logs": {
        5: """CreateExportTask DeleteDataProtectionPolicy DeleteDestination DeleteMetricFilter DeleteRetentionPolicy
        DeleteSubscriptionFilter DeleteTransformer DescribeDestinations DescribeExportTasks DescribeMetricFilters
        DescribeSubscriptionFilters GetDataProtectionPolicy GetTransformer ListTagsForResource ListTagsLogGroup
        PutDataProtectionPolicy PutDestination PutDestinationPolicy PutMetricFilter PutRetentionPolicy
        PutSubscriptionFilter PutTransformer StartLiveTail TagLogGroup TagResource TestMetricFilter TestTransformer
        UntagLogGroup UntagResource""",
        10: """CreateLogGroup DeleteLogGroup DescribeImportTasks DescribeLogGroups FilterLogEvents GetQueryResults
        StartQuery""",
        15: "DeleteLogStream",
        25: "DescribeLogStreams GetLogEvents",
        50: "CreateLogStream",
        5000: "PutLogEvents",
    },
}


def _by_operation(rates: Mapping[Rate, str]) -> dict[str, Rate]:
    return {name: rate for rate, names in rates.items() for name in names.split()}


_OWN = _by_operation(_EC2_OF_THEIR_OWN)
_ELB_OWN = {name: (category, rate) for category, (rate, names) in _ELB_CATEGORIES.items() for name in names.split()}
_SECONDLY = {
    service: _by_operation({Rate(rate, rate): names for rate, names in rates.items()})
    for service, rates in _EACH_SECOND.items()
}


def demands(service: str, operation: str, parameters: Mapping[str, Any]) -> list[Demand]:
    """Return what a call takes, by the name that its service signs with; nothing where AWS publishes no rate."""
    if service == "ec2":
        return list(_of_ec2(operation, parameters))
    if service == "elasticloadbalancing":
        return _of_load_balancing(operation, str(parameters.get("Version", _ELB_V2)))
    if service == "route53":
        return [Demand("all", _ROUTE_53)]
    rate = _SECONDLY.get(service, {}).get(operation)
    return [Demand(operation, rate)] if rate else []


def _of_ec2(operation: str, parameters: Mapping[str, Any]) -> Iterator[Demand]:
    if operation in _OWN:
        yield Demand(operation, _OWN[operation])
    elif operation in _UNFILTERED and not any(name.startswith(("Filter", "MaxRes", "NextT")) for name in parameters):
        yield Demand(f"{operation} of everything", _EC2_UNFILTERED)
    else:
        yield Demand(operation, _EC2_READING if operation.startswith(_READING) else _EC2_CHANGING)
    if operation in _EC2_RESOURCES:
        yield Demand(f"{operation}, instances", _EC2_RESOURCES[operation], _instances(parameters))


def _instances(parameters: Mapping[str, Any]) -> float:
    """Return how many instances a call is about; 0 where it says no number, which is refused elsewhere."""
    named = sum(name.startswith("InstanceId.") for name in parameters)
    wanted = str(parameters.get("MaxCount", ""))
    return float(wanted) if wanted.isdecimal() else float(named)


def _of_load_balancing(operation: str, version: str) -> list[Demand]:
    if version == _ELB_V2:
        category, rate = _ELB_OWN.get(operation, ("", _ELB_CHANGING))
    elif operation in _ELB_V1_INTENSIVE.split():
        category, rate = "resource-intensive", Rate(10, 0.2)
    else:
        category = "registration" if operation in _ELB_V1_REGISTRATION.split() else ""
        rate = Rate(20, 4) if category else _ELB_CHANGING
    if not category:
        reading = operation.startswith("Describe")
        category, rate = ("reading", _ELB_READING) if reading else ("changing", _ELB_CHANGING)
    return [Demand(f"{version} {category}", rate), Demand(f"{version} account", _ELB_ACCOUNT)]
