# SPDX-License-Identifier: GPL-3.0-or-later
"""Which permissions a call needs where its service says more than the operation's own name. Pure.

The service authorization reference lists an operation's dependent actions, and the resource types that policies can
name for it: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Resources are given where a call names them; that of a service whose resources have generated ids is left open, except
where their tags are asked.

    needed("ec2:RunInstances", {"IamInstanceProfile.Name": "shop-web", "TagSpecification.1…": "…"}, account)
    → ec2:RunInstances, ec2:CreateTags, iam:PassRole on arn:aws:iam::…:role/shop-web
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.world.access.api_permissions import Permission

Given = Mapping[str, Any]
"""A form's fields by their whole names (`Tags.member.1.Key`), or the members of a JSON object."""


@dataclass(frozen=True)
class Account:
    """What is known of the account to which a call is made."""

    id: str
    region: str
    roles_of_profile: Callable[[str], list[str]]
    """An instance profile's name to the ARNs of its roles."""
    tags: Callable[[str, str], Mapping[str, str]]
    """A service's prefix, and the id or ARN of one of its resources, to its tags."""


_TAGGING = {
    "acm": ("RequestCertificate", "Tags", "acm:AddTagsToCertificate"),
    "cloudwatch": ("PutMetricAlarm", "Tags.", "cloudwatch:TagResource"),
    "ec2": ("", "TagSpecification.", "ec2:CreateTags"),
    "elasticfilesystem": ("CreateFileSystem", "Tags", "elasticfilesystem:TagResource"),
    "elasticloadbalancing": ("Create", "Tags.", "elasticloadbalancing:AddTags"),
    "kms": ("CreateKey", "Tags", "kms:TagResource"),
    "logs": ("CreateLogGroup", "tags", "logs:TagResource"),
    "secretsmanager": ("CreateSecret", "Tags", "secretsmanager:TagResource"),
    "sns": ("CreateTopic", "Tags.", "sns:TagResource"),
    "ssm": ("", "Tags", "ssm:AddTagsToResource"),
}
"""By service: with what operations and parameters begin that tag what they create, and the action that this needs."""
_PARENTS = {
    "CreateListener": (":loadbalancer/", ":listener/"),
    "CreateRule": (":listener/", ":listener-rule/"),
}
"""What is tagged is not what the call names, but what it makes of it."""
_IAM_TAGGING = {"CreateRole": "iam:TagRole", "CreateInstanceProfile": "iam:TagInstanceProfile"}
_OWN_TAGGING = ("AddTagsToResource", "CreateTags", "TagResource", "AddTags")
_INSIDE = {
    "elasticfilesystem:CreateMountTarget": (
        "ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces", "ec2:CreateNetworkInterface",
    ),
    "elasticfilesystem:DeleteMountTarget": ("ec2:DeleteNetworkInterface",),
    "ec2:CreateVpcEndpoint": ("ec2:DescribeVpcs", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"),
}  # fmt: skip
"""What services do in the caller's name:
https://docs.aws.amazon.com/efs/latest/ug/API_CreateMountTarget.html, API_DeleteMountTarget.html there,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"""
_LINKED = {
    "elasticloadbalancing:CreateLoadBalancer": ("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing"),
    "elasticfilesystem:CreateMountTarget": ("elasticfilesystem.amazonaws.com", "AmazonElasticFileSystem"),
    "arc-zonal-shift:CreatePracticeRunConfiguration": (
        "practice-run.arc-zonal-shift.amazonaws.com",
        "ZonalAutoshiftPracticeRun",
    ),
}
"""Whose first use creates the service's role; the lab's account is always at its first:
https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-service-linked-roles.html,
https://docs.aws.amazon.com/efs/latest/ug/using-service-linked-roles.html and
https://docs.aws.amazon.com/r53recovery/latest/dg/using-service-linked-roles-zonal-autoshift.html"""
_PASSES = {
    "ec2:RunInstances": "ec2.amazonaws.com",
    "ec2:AssociateIamInstanceProfile": "ec2.amazonaws.com",
    "ec2:ReplaceIamInstanceProfileAssociation": "ec2.amazonaws.com",
    "ec2:CreateFlowLogs": "vpc-flow-logs.amazonaws.com",
}
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"""
_IDENTIFIED = re.compile(r"[a-z]+(-[a-z]+)?-[0-9a-f]{8,17}\Z")
_TAGGED = re.compile(
    r"ec2:(TerminateInstances|StopInstances|StartInstances|RebootInstances|ReleaseAddress|ModifyInstanceAttribute"
    r"|DetachInternetGateway|DeleteRoute|ReplaceRoute"
    r"|Delete(Vpc|Subnet|SecurityGroup|NetworkAcl|NatGateway|InternetGateway|RouteTable|VpcEndpoints|FlowLogs))\Z"
    r"|elasticfilesystem:(Delete(FileSystem|FileSystemPolicy|MountTarget)|UpdateFileSystem|ModifyMountTargetSecurityGroups"
    r"|Put(FileSystemPolicy|BackupPolicy|LifecycleConfiguration))\Z"
    r"|acm:(DeleteCertificate|RemoveTagsFromCertificate)\Z"
    r"|cloudfront:(Update|Delete)Distribution\Z"
    r"|kms:ScheduleKeyDeletion\Z"
)
"""What ends, stops or redirects things that bear tags, and are named by ids alone. Which resources' tags can be asked:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html, and there
list_amazonelasticfilesystem.html (of a mount target: its file system's), list_awscertificatemanager.html,
list_amazoncloudfront.html (of distributions alone) and list_awskeymanagementservice.html. Route 53 has no
resource whose tags can be asked: list_amazonroute53.html."""
_ONE = {"acm": "CertificateArn", "cloudfront": "Id", "kms": "KeyId", "ec2:ReplaceRoute": "RouteTableId"}
"""By service or action: the parameter that names what is judged by its tags, where not every id that is given does."""


def needed(action: str, given: Given, account: Account) -> list[Permission]:
    """Return what a call needs, its own action first; `action` is IAM's, `ec2:RunInstances`."""
    service, _, operation = action.partition(":")
    if action == "cloudfront:CreateDistributionWithTags":
        # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cf-api-permissions-ref.html
        return [Permission("cloudfront:CreateDistribution"), Permission("cloudfront:TagResource")]
    own = [Permission(action, arn, context) for arn, context in _resources(service, operation, given, account)]
    inside = [Permission(other) for other in _INSIDE.get(action, ())]
    return [
        *(own or [Permission(action)]),
        *_tagging(service, operation, given, account),
        *inside,
        *_linked(action, account),
        *_passed(action, given, account),
    ]


def _tagging(service: str, operation: str, given: Given, account: Account) -> list[Permission]:
    if service == "iam":
        tag = _IAM_TAGGING.get(operation) if any(name.startswith("Tags.") for name in given) else None
    else:
        begins, parameter, found = _TAGGING.get(service, ("", "no parameter", ""))
        tags = operation.startswith(begins) and operation not in _OWN_TAGGING
        tag = found if tags and any(name.startswith(parameter) and given[name] for name in given) else None
    if not tag:
        return []
    named = _resources(service, operation, given, account)
    parent, made = _PARENTS.get(operation, ("", ""))
    return [Permission(tag, arn.replace(parent, made, 1), context) for arn, context in named] or [Permission(tag)]


def _linked(action: str, account: Account) -> list[Permission]:
    if action not in _LINKED:
        return []
    service, name = _LINKED[action]
    role = f"arn:aws:iam::{account.id}:role/aws-service-role/{service}/AWSServiceRoleFor{name}"
    return [Permission("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": service})]


def _passed(action: str, given: Given, account: Account) -> list[Permission]:
    if action == "iam:AddRoleToInstanceProfile":
        return [Permission("iam:PassRole", f"arn:aws:iam::{account.id}:role/{given.get('RoleName', '')}")]
    if action not in _PASSES:
        return []
    profile = given.get("IamInstanceProfile.Name") or str(given.get("IamInstanceProfile.Arn", "")).rpartition("/")[2]
    roles = account.roles_of_profile(profile) if profile else []
    if logs := given.get("DeliverLogsPermissionArn"):
        roles = [str(logs)]
    return [Permission("iam:PassRole", role, {"iam:PassedToService": _PASSES[action]}) for role in roles]


def judged_by_tags(action: str) -> bool:
    """Tell whether the tags of the resources of an action are looked at (`aws:ResourceTag/...`)."""
    return bool(_TAGGED.match(action))


Named = list[tuple[str, Mapping[str, str]]]
"""ARNs with the condition keys that come with each."""


def _resources(service: str, operation: str, given: Given, account: Account) -> Named:
    """Return the resources that a call names; none for one that only reads lists, or whose resource is left open."""
    if operation.startswith(("Describe", "List")) and service != "iam":
        return []
    if service in ("ec2", "elasticfilesystem") or judged_by_tags(f"{service}:{operation}"):
        return _tagged(f"{service}:{operation}", given, account)
    found = _NAMED[service](operation, given, account) if service in _NAMED else []
    return [(arn, {}) for arn in found]


def _tagged(action: str, given: Given, account: Account) -> Named:
    if not judged_by_tags(action):
        return []
    service = action.partition(":")[0]
    return [
        (
            id_ if id_.startswith("arn:") else f"arn:aws:{service}:{account.region}:{account.id}:*/{id_}",
            {f"aws:ResourceTag/{name}": value for name, value in account.tags(service, id_).items()},
        )
        for id_ in _ids(action, given)
    ]


def _ids(action: str, given: Given) -> list[str]:
    if name := _ONE.get(action) or _ONE.get(action.partition(":")[0]):
        return [str(given[name])] if given.get(name) else []
    return [value for value in given.values() if isinstance(value, str) and _IDENTIFIED.match(value)]


def _of_iam(_operation: str, given: Given, account: Account) -> Iterable[str]:
    # A call that names a profile and a role is about the profile: AddRoleToInstanceProfile.
    for parameter, kind in (("InstanceProfileName", "instance-profile"), ("RoleName", "role"), ("UserName", "user")):
        if name := given.get(parameter):
            yield f"arn:aws:iam::{account.id}:{kind}/{name}"
            return


def _of_balancing(operation: str, given: Given, account: Account) -> Iterable[str]:
    named = [value for name, value in given.items() if isinstance(value, str) and _BALANCING.match(name)]
    arns = [value for value in named if value.startswith("arn:aws:elasticloadbalancing:")]
    if not arns and (name := given.get("Name")):
        kind = "targetgroup" if operation.endswith("TargetGroup") else "loadbalancer/app"
        arns = [f"arn:aws:elasticloadbalancing:{account.region}:{account.id}:{kind}/{name}/new"]
    yield from arns


_BALANCING = re.compile(
    r"(RulePriorities\.member\.\d+\.)?(LoadBalancer|TargetGroup|Listener|Rule|Resource)Arns?(\.member\.\d+)?\Z"
)
"""The parameters that name what is changed; a listener's actions name target groups, which are not."""


def _of_shifts(_operation: str, given: Given, _account: Account) -> Iterable[str]:
    if arn := given.get("resourceIdentifier"):
        yield str(arn)


def _of_alarms(_operation: str, given: Given, account: Account) -> Iterable[str]:
    prefix = f"arn:aws:cloudwatch:{account.region}:{account.id}:alarm:"
    for name, value in given.items():
        if re.fullmatch(r"AlarmNames?(\.member\.\d+)?", name):
            yield f"{prefix}{value}"
        elif name == "ResourceARN":
            yield str(value)
        elif re.fullmatch(r"DashboardNames?(\.member\.\d+)?", name):
            yield f"arn:aws:cloudwatch::{account.id}:dashboard/{value}"


def _of_functions(operation: str, given: Given, account: Account) -> Iterable[str]:
    if operation.endswith("Function") and (name := given.get("Name")):
        yield f"arn:aws:cloudfront::{account.id}:function/{name}"


def _of_topics(_operation: str, given: Given, account: Account) -> Iterable[str]:
    if name := given.get("Name"):
        yield f"arn:aws:sns:{account.region}:{account.id}:{name}"
    for parameter in ("TopicArn", "ResourceArn"):
        if arn := given.get(parameter):
            yield str(arn)


def _of_documents(operation: str, given: Given, account: Account) -> Iterable[str]:
    name = given.get("Name") if "Document" in operation else None
    if given.get("ResourceType") == "Document":
        name = given.get("ResourceId")
    if name:
        yield f"arn:aws:ssm:{account.region}:{account.id}:document/{name}"


def _of_log_groups(operation: str, given: Given, account: Account) -> Iterable[str]:
    if "Log" in operation and operation != "CreateLogGroup":
        return  # decided where the stream is known: lab.world.access.api_permissions
    if name := given.get("logGroupName"):
        yield f"arn:aws:logs:{account.region}:{account.id}:log-group:{name}"
    elif arn := given.get("resourceArn"):
        yield str(arn)


_NAMED: dict[str, Callable[[str, Given, Account], Iterable[str]]] = {
    "arc-zonal-shift": _of_shifts,
    "cloudfront": _of_functions,
    "cloudwatch": _of_alarms,
    "elasticloadbalancing": _of_balancing,
    "iam": _of_iam,
    "logs": _of_log_groups,
    "sns": _of_topics,
    "ssm": _of_documents,
}
