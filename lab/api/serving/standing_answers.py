# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS answers alike in every account that has changed nothing, where the lab knows no operation that changes it.

Each stands beside the page that says so. An operation that would change one of them is refused, so none of them can
become a lie; a call that names a thing by its id is refused as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult

Answer = Callable[[Any], dict[str, Any]]
"""Takes the call and returns what is answered, or raises AWS's refusal."""

_LONG_IDS = """
bundle conversion-task customer-gateway dhcp-options elastic-ip-allocation elastic-ip-association export-task flow-log
image import-task instance internet-gateway network-acl network-acl-association network-interface
network-interface-attachment prefix-list reservation route-table route-table-association security-group snapshot subnet
subnet-cidr-block-association volume vpc vpc-cidr-block-association vpc-endpoint vpc-peering-connection vpn-connection
vpn-gateway
"""
_PROCESSES = """
AZRebalance AddToLoadBalancer AlarmNotification HealthCheck InstanceRefresh Launch ReplaceUnhealthy ScheduledActions
Terminate
"""
_TERMINATIONS = """
AllocationStrategy ClosestToNextInstanceHour Default NewestInstance OldestInstance OldestLaunchConfiguration
OldestLaunchTemplate
"""
_NOTIFICATIONS = """
EC2_INSTANCE_LAUNCH EC2_INSTANCE_LAUNCH_ERROR EC2_INSTANCE_TERMINATE EC2_INSTANCE_TERMINATE_ERROR TEST_NOTIFICATION
"""


class SpotDatafeedNotFoundError(ServiceException):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidSpotDatafeed.NotFound)."""

    code = "InvalidSpotDatafeed.NotFound"

    def __init__(self) -> None:
        super().__init__("Spot datafeed subscription does not exist.")


class FeatureDisabledError(ServiceException):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOutboundWebIdentityFederationInfo.html (Errors)."""

    code = "FeatureDisabled"

    def __init__(self) -> None:
        super().__init__("Outbound web identity federation is not enabled for this account.")


def _id_formats(_call: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeIdFormat.html."""
    return {"Statuses": [{"Resource": name, "UseLongIds": True} for name in _LONG_IDS.split()]}


def _block_public_access(call: Any) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcBlockPublicAccessOptions.html."""
    return {
        "VpcBlockPublicAccessOptions": {
            "AwsAccountId": call.current_account,
            "AwsRegion": call.region,
            "State": "default-state",
            "InternetGatewayBlockMode": "off",
            "ManagedBy": "account",
            "ExclusionsAllowed": "allowed",
        }
    }


def _refuses(error: type[ServiceException]) -> Answer:
    def answer(_call: Any) -> dict[str, Any]:
        raise error

    return answer


def _always(**members: Any) -> Answer:
    return lambda _call: members


ANSWERS: dict[str, dict[str, Answer]] = {
    "ec2": {
        "DescribeIdFormat": _id_formats,
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAggregateIdFormat.html
        "DescribeAggregateIdFormat": lambda call: {"UseLongIdsAggregated": True, **_id_formats(call)},
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceTagNotificationAttribute.html
        "DescribeInstanceEventNotificationAttributes": _always(
            InstanceTagAttribute={"InstanceTagKeys": [], "IncludeAllTagsOfInstance": False}
        ),
        "DescribeSpotDatafeedSubscription": _refuses(SpotDatafeedNotFoundError),
        "DescribeVpcBlockPublicAccessOptions": _block_public_access,
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetAllowedImagesSettings.html
        "GetAllowedImagesSettings": _always(State="disabled", ImageCriteria=[], ManagedBy="account"),
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetCapacityManagerAttributes.html
        "GetCapacityManagerAttributes": _always(CapacityManagerStatus="disabled", OrganizationsAccess=False),
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetEnabledIpamPolicy.html
        "GetEnabledIpamPolicy": _always(IpamPolicyEnabled=False),
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configure-access-to-serial-console.html: none by default
        "GetSerialConsoleAccessStatus": _always(SerialConsoleAccessEnabled=False, ManagedBy="account"),
    },
    "elb": {
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-limits.html
        "DescribeAccountLimits": _always(
            Limits=[
                {"Name": "classic-load-balancers", "Max": "20"},
                {"Name": "classic-listeners", "Max": "100"},
                {"Name": "classic-registered-instances", "Max": "1000"},
            ]
        ),
    },
    "efs": {
        # https://docs.aws.amazon.com/efs/latest/ug/manage-efs-resource-ids.html: long ids alone since October 2021
        "DescribeAccountPreferences": _always(
            ResourceIdPreference={"ResourceIdType": "LONG_ID", "Resources": ["FILE_SYSTEM", "MOUNT_TARGET"]}
        ),
    },
    "route53": {
        # https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetTrafficPolicyInstanceCount.html
        "GetTrafficPolicyInstanceCount": _always(TrafficPolicyInstanceCount=0),
    },
    "iam": {"GetOutboundWebIdentityFederationInfo": _refuses(FeatureDisabledError)},
    "sns": {
        # https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html: every account begins in it
        "GetSMSSandboxAccountStatus": _always(IsInSandbox=True),
    },
    "autoscaling": {
        # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAdjustmentTypes.html
        "DescribeAdjustmentTypes": _always(
            AdjustmentTypes=[
                {"AdjustmentType": name} for name in ("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity")
            ]
        ),
        # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingNotificationTypes.html
        "DescribeAutoScalingNotificationTypes": _always(
            AutoScalingNotificationTypes=[f"autoscaling:{name}" for name in _NOTIFICATIONS.split()]
        ),
        # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLifecycleHookTypes.html
        "DescribeLifecycleHookTypes": _always(
            LifecycleHookTypes=["autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"]
        ),
        # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingProcessTypes.html
        "DescribeScalingProcessTypes": _always(Processes=[{"ProcessName": name} for name in _PROCESSES.split()]),
        # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeTerminationPolicyTypes.html
        "DescribeTerminationPolicyTypes": _always(TerminationPolicyTypes=_TERMINATIONS.split()),
    },
    "guardduty": {
        # https://docs.aws.amazon.com/guardduty/latest/APIReference/API_GetInvitationsCount.html
        "GetInvitationsCount": _always(InvitationsCount=0),
    },
}
"""By moto's name of the service."""


def answer(call: Any, action: str) -> Any:
    """Return the answer, as moto's answers are; None for another operation."""
    found = ANSWERS.get(call.service_name, {}).get(action)
    if found is None:
        return None
    try:
        return call.serialized(ActionResult(found(call)))
    except ServiceException as refusal:
        return call.serialized(ActionResult(refusal))
