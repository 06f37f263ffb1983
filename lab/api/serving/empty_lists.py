# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of what nobody can make here: an account of AWS that made none of it gets an empty list, and so does a client.

Each operation stands here because the lab knows no operation that would make what it lists; it answers whoever asks for
all there is, also by filters. Whoever names one by its id is told that the lab does not know the operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.model import OperationNotFoundError
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model

_EC2 = """
AddressTransfers ApplicationStatusCheckAssociations ApplicationStatusChecks AwsNetworkPerformanceMetricSubscriptions
BundleTasks CapacityBlockExtensionHistory CapacityBlockStatus CapacityBlocks CapacityManagerDataExports
CapacityReservationCancellationQuotes CapacityReservationDateChangeQuotes CapacityReservationFleets
CapacityReservationTopology CapacityReservations ClassicLinkInstances CoipPools ConversionTasks
DeclarativePoliciesReports ElasticGpus ExportImageTasks ExportTasks FastLaunchImages FastSnapshotRestores
HostReservations ImageUsageReportEntries ImageUsageReports ImportImageTasks ImportSnapshotTasks InstanceConnectEndpoints
InstanceEventWindows InstanceSqlHaHistoryStates InstanceSqlHaStates IpamByoasn IpamExternalResourceVerificationTokens
IpamInternetRegistryAssociations IpamPolicies IpamPools IpamPrefixListResolverTargets IpamPrefixListResolvers
IpamResourceDiscoveries IpamResourceDiscoveryAssociations IpamScopes Ipams Ipv6Pools
LocalGatewayRouteTableVirtualInterfaceGroupAssociations LocalGatewayRouteTableVpcAssociations LocalGatewayRouteTables
LocalGatewayVirtualInterfaceGroups LocalGatewayVirtualInterfaces LocalGateways LockedSnapshots MacHosts
MacModificationTasks MovingAddresses NetworkInsightsAccessScopeAnalyses NetworkInsightsAccessScopes
NetworkInterfacePermissions NetworkingFlexCostAllocationPolicies NetworkingFlexCostAllocationPolicyAssociations
OutpostLags PrincipalIdFormat PublicIpv4Pools ReplaceRootVolumeTasks ReservedInstances
ReservedInstancesListings ReservedInstancesModifications RouteServerEndpoints RouteServerPeers RouteServers
ScheduledInstances SecondaryInterfaces SecondaryNetworks SecondarySubnets SecurityGroupVpcAssociations
ServiceLinkVirtualInterfaces StoreImageTasks TrafficMirrorFilterRules TransitGatewayConnectPeers TransitGatewayConnects
TransitGatewayMeteringPolicies TransitGatewayMulticastDomains TransitGatewayNetworkFunctionAttachments
TransitGatewayPolicyTables TransitGatewayRouteTableAnnouncements TrunkInterfaceAssociations VerifiedAccessEndpoints
VerifiedAccessGroups VerifiedAccessInstanceLoggingConfigurations VerifiedAccessInstances VerifiedAccessTrustProviders
VpcBlockPublicAccessExclusions VpcEncryptionControls VpcEndpointAssociations VpcEndpointConnectionNotifications
VpcEndpointConnections VpnConcentrators
"""
_BACKUP = """
BackupAccessPoints BackupJobSummaries CopyJobSummaries CopyJobs Frameworks IndexedRecoveryPoints LegalHolds ReportJobs
RestoreJobSummaries RestoreJobs RestoreTestingPlans ScanJobSummaries ScanJobs TieringConfigurations
"""
_CLOUDFRONT = """
AnycastIpLists ConnectionFunctions ConnectionGroups ContinuousDeploymentPolicies
DistributionTenants FieldLevelEncryptionConfigs FieldLevelEncryptionProfiles RealtimeLogConfigs StreamingDistributions
TrustStores VpcOrigins
"""
EMPTY: dict[str, frozenset[str]] = {
    "ec2": frozenset(
        (
            *(f"Describe{name}" for name in _EC2.split()),
            *("ListImagesInRecycleBin", "ListSnapshotsInRecycleBin", "ListVolumesInRecycleBin"),
            *("GetAwsNetworkPerformanceData", "GetCapacityManagerMonitoredTagKeys"),
        )
    ),
    "elbv2": frozenset(("DescribeTrustStores",)),
    "efs": frozenset(("DescribeReplicationConfigurations",)),
    "cloudfront": frozenset(f"List{name}" for name in _CLOUDFRONT.split()),
    "route53": frozenset(("ListCidrCollections", "ListTrafficPolicies", "ListTrafficPolicyInstances")),
    "acm": frozenset(("ListAcmeEndpoints",)),
    "iam": frozenset(("ListDelegationRequests", "ListServiceSpecificCredentials")),
    "ssm": frozenset(
        (
            *("DescribeActivations", "DescribeAutomationExecutions", "DescribeInventoryDeletions", "DescribeOpsItems"),
            *("ListOpsItemEvents", "ListOpsItemRelatedItems", "ListOpsMetadata", "ListResourceDataSync"),
            *("ListAssociations", "ListCloudConnectors"),
        )
    ),
    "autoscaling": frozenset(("DescribeNotificationConfigurations",)),
    "cloudwatch": frozenset(
        ("DescribeAnomalyDetectors", "ListAlarmMuteRules", "ListMetricDataQueryDefinitions", "ListMetricStreams")
    ),
    "logs": frozenset(
        (
            *("DescribeImportTasks", "DescribeLookupTables", "DescribeQueryDefinitions", "ListAnomalies"),
            *("ListIntegrations", "ListLogAnomalyDetectors", "ListScheduledQueries", "ListSyslogConfigurations"),
        )
    ),
    "sns": frozenset(("ListOriginationNumbers", "ListSMSSandboxPhoneNumbers")),
    "backup": frozenset(f"List{name}" for name in _BACKUP.split()),
    "kms": frozenset(("DescribeCustomKeyStores",)),
    "config": frozenset(
        (
            *("DescribeConformancePacks", "DescribeConformancePackStatus", "DescribePendingAggregationRequests"),
            "DescribeComplianceByResource",
            *("DescribeOrganizationConfigRules", "DescribeOrganizationConfigRuleStatuses", "ListConnectors"),
            *("ListConformancePackComplianceScores", "ListResourceEvaluations", "ListStoredQueries"),
        )
    ),
    "cloudtrail": frozenset(("ListChannels", "ListDashboards", "ListEventDataStores", "ListImports")),
    "guardduty": frozenset(
        (
            *("ListCustomDetectionRuleAssociations", "ListCustomDetectionRuleOrgConfigurations"),
            *("ListCustomDetectionRules", "ListInvitations", "ListMalwareProtectionPlans", "ListMalwareScans"),
        )
    ),
    "accessanalyzer": frozenset(("ListPolicyGenerations",)),
}
"""By moto's name of the service."""
_PAGE = 100
"""https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ListStreamingDistributions.html (MaxItems)"""

_OF_PAGES = frozenset(
    ("dryrun", "filter", "filters", "limit", "marker", "maxitems", "maxrecords", "maxresults", "nexttoken", "pagesize")
)


def answer(call: Any, action: str) -> Any:
    """Return the empty list, as moto's answers are; None for another operation, or if a thing is named by its id."""
    if action not in EMPTY.get(call.service_name, ()):
        return None
    try:
        model = get_service_model(call.boto3_service_name).operation_model(action)
    except OperationNotFoundError:
        return None
    if not call.automated_parameter_parsing:
        call.parse_parameters(call.normalized_request)
    if any(value for name, value in call.params.items() if name.lower() not in _OF_PAGES):
        return None
    return call.serialized(ActionResult(_empty(model.output_shape, call.params)))


def _empty(shape: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer's lists; those of CloudFront are one level down, counted, and left out while empty."""
    size = next((value for name, value in asked.items() if name.lower() == "maxitems"), _PAGE)
    counted = {"Quantity": 0, "IsTruncated": False, "MaxItems": size, "Marker": ""}
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        if member.type_name == "list" and "Quantity" not in shape.members:
            found[name] = []
        elif member.type_name == "structure" and "Items" in member.members:
            found[name] = _empty(member, asked)
        elif name in counted:
            found[name] = counted[name]
    return found
