# SPDX-License-Identifier: GPL-3.0-or-later
"""The least IAM policies that allow what somebody has called on behalf of a site. Pure.

Names of the site become patterns with the placeholder SITE; whatever AWS has named becomes `*`. A managed policy has a
limit, so there may be several: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

    policies({"iam:GetRole": ["arn:aws:iam::123456789012:role/shop-web"]}, "shop")
    → [{"Version": "2012-10-17", "Statement": [{… "Resource": "arn:aws:iam::*:role/SITE-web"}]}]
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lab.world.access.call_permissions import judged_by_tags

SITE = "SITE"
LARGEST = 6144
"""Characters of a managed policy, white space not counted."""
_TOGETHER = 60
"""Actions of one statement at most, so that each statement fits into a policy."""
_FREE = ("sts:GetCallerIdentity",)
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""
_WITHOUT_RESOURCE = re.compile(r"(?!iam:|s3:)[\w-]+:(Describe|List)|s3:ListAllMyBuckets\Z|logs:DescribeLogGroups\Z")
"""What lists: of most such actions no resource can be named."""
_AWS_OWN = ("parameter/aws/service/", "role/aws-service-role/")
Statement = dict[str, Any]
Policy = dict[str, Any]


def policies(called: Mapping[str, Iterable[str]], site: str) -> list[Policy]:
    """Return the policies that allow these actions on these resources: each action with ARNs, or none for any."""
    called = {**{after: () for before, more in _AFTERWARDS.items() if before in called for after in more}, **called}
    kinds = {
        pattern
        for action, resources in called.items()
        for pattern in _where(action, resources, site)
        if _ALIKE.match(pattern)
    }
    together: dict[tuple[str, ...], list[str]] = defaultdict(list)
    own: list[Statement] = []
    for action, resources in sorted(called.items()):
        if action in _FREE:
            continue
        if action in _SPECIAL:
            own.append({"Effect": "Allow", "Action": action, **_SPECIAL[action]})
        else:
            where = _where(action, resources, site)
            together[(_service(action), *(_alike(where, kinds) if _READS.match(action) else where))].append(action)
    ordinary = [
        _statement(found[start : start + _TOGETHER], where)
        for (_, *where), found in sorted(together.items())
        for start in range(0, len(found), _TOGETHER)
    ]
    return _packed([*ordinary, *own])


def _statement(found: list[str], where: list[str]) -> Statement:
    tags = {"Condition": {"StringEquals": {"aws:ResourceTag/hasite:site": SITE}}} if judged_by_tags(found[0]) else {}
    return {"Effect": "Allow", "Action": found, "Resource": where[0] if len(where) == 1 else where, **tags}


_SESSIONS = {"Resource": ["arn:aws:ssm:*:*:session/${aws:username}-*", "arn:aws:ssm:*:*:session/${aws:userid}-*"]}
"""A user's sessions begin with the user's name, a role's with its session's."""
_OF_RULES = tuple(
    f"elasticloadbalancing:{operation}" for operation in ("DeleteRule", "ModifyRule", "SetRulePriorities")
)
_AFTERWARDS = {
    "ec2:CreateRoute": ("ec2:ReplaceRoute",),
    "elasticloadbalancing:CreateListener": ("elasticloadbalancing:ModifyListener",),
    "elasticloadbalancing:CreateRule": _OF_RULES,
    "route53:CreateHealthCheck": ("route53:UpdateHealthCheck",),
    "ssm:StartSession": ("ssm:ResumeSession", "ssm:TerminateSession"),
    "wafv2:AssociateWebACL": ("elasticloadbalancing:SetWebACL",),
    "wafv2:DisassociateWebACL": ("elasticloadbalancing:SetWebACL",),
    "wafv2:CreateWebACL": ("wafv2:TagResource", "wafv2:UntagResource", "wafv2:UpdateWebACL"),
}
"""What is called only when a connection is lost, after the playbook has ended, when the owner or others have changed
something, or by AWS in the caller's name."""
_BOUNDARIES: Statement = {"Resource": "arn:aws:iam::*:policy/*"}
"""A role's permissions boundary is made by others, who name it."""
_SPECIAL: dict[str, Statement] = {
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-examples.html
    "ssm:StartSession": {
        "Resource": ["arn:aws:ec2:*:*:instance/*", f"arn:aws:ssm:*:*:document/{SITE}-session"],
        "Condition": {
            "StringEquals": {"ssm:resourceTag/hasite:site": SITE},
            "BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"},
        },
    },
    "ssm:ResumeSession": _SESSIONS,
    "ssm:TerminateSession": _SESSIONS,
    "iam:PassRole": {
        "Resource": [f"arn:aws:iam::*:role/{SITE}-flow-logs", f"arn:aws:iam::*:role/{SITE}-web"],
        # Putting a role into a profile passes it to no service yet.
        "Condition": {
            "StringEqualsIfExists": {
                "iam:PassedToService": ["ec2.amazonaws.com", "vpc-flow-logs.amazonaws.com"],
            }
        },
    },
    "iam:GetPolicy": _BOUNDARIES,
    "iam:GetPolicyVersion": _BOUNDARIES,
}
"""What a condition, or a pattern, says better than a name."""


def _service(action: str) -> str:
    """Return by what an action's statement is grouped: its service, those whose tags are looked at apart."""
    return action.partition(":")[0] + (" by tags" if judged_by_tags(action) else "")


_ACL = f"arn:aws:wafv2:*:*:regional/webacl/{SITE}/*"
_RULES = "arn:aws:wafv2:*:*:regional/managedruleset/*"
_BALANCER = f"arn:aws:elasticloadbalancing:*:*:loadbalancer/app/{SITE}/*"
_UNTOLD = {
    "elasticloadbalancing:ModifyListener": (f"arn:aws:elasticloadbalancing:*:*:listener/app/{SITE}/*",),
    **dict.fromkeys(_OF_RULES, (f"arn:aws:elasticloadbalancing:*:*:listener-rule/app/{SITE}/*",)),
    **{
        f"wafv2:{operation}": (_ACL,)
        for operation in (
            *("DeleteWebACL", "GetWebACL", "ListResourcesForWebACL", "ListTagsForResource"),
            *("TagResource", "UntagResource"),
        )
    },
    **{f"wafv2:{operation}": (_RULES, _ACL) for operation in ("CreateWebACL", "UpdateWebACL")},
    "wafv2:AssociateWebACL": (_BALANCER, _ACL),
    "wafv2:DisassociateWebACL": (_BALANCER,),
    "elasticloadbalancing:SetWebACL": (_BALANCER,),
    **{f"arc-zonal-shift:{operation}ZonalShift": (_BALANCER,) for operation in ("Cancel", "Update")},
    **{f"arc-zonal-shift:{verb}PracticeRunConfiguration": (_BALANCER,) for verb in ("Create", "Delete", "Update")},
    "arc-zonal-shift:UpdateZonalAutoshiftConfiguration": (_BALANCER,),
}
"""What is done with a listener's rule, a web ACL or a zonal shift, whose resource the lab is not told when it asks IAM:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html, and there
list_amazonapplicationrecoverycontroller-zonalshift.html"""


def _where(action: str, resources: Iterable[str], site: str) -> tuple[str, ...]:
    if action in _UNTOLD:
        return _UNTOLD[action]
    found = sorted({_pattern(resource, site) for resource in resources})
    if not found or "*" in found or _WITHOUT_RESOURCE.match(action) or judged_by_tags(action):
        return ("*",)
    return tuple(
        resource for resource in found if not any(resource != other and _covers(other, resource) for other in found)
    )


_ALIKE = re.compile(rf"(arn:aws:iam::\*:role/|arn:aws:s3:::){SITE}[^/]*(/\*)?\Z")
"""Roles, buckets and their objects: what is read of one of the site's may be read of its others later."""
_READS = re.compile(r"[\w-]+:(Get|Head|List)")


def _alike(where: tuple[str, ...], kinds: Iterable[str]) -> tuple[str, ...]:
    """Return the resources with the site's others of their kind."""
    found = {match.groups() for arn in where if (match := _ALIKE.match(arn))}
    return tuple(
        sorted({*where, *(kind for kind in kinds if (match := _ALIKE.match(kind)) and match.groups() in found)})
    )


def _covers(pattern: str, other: str) -> bool:
    return pattern.endswith("*") and other.startswith(pattern[:-1])


def _pattern(arn: str, site: str) -> str:
    """Return the pattern of an ARN: the site's own names with SITE, no account, no region, no generated ids."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return "*"
    service, name = parts[2], parts[5]
    head = ":".join([*parts[:3], "*" if parts[3] else "", "*" if parts[4] else ""])
    for own in _AWS_OWN:
        if name.startswith(own):
            return f"{head}:{name if own.startswith('role') else own + '*'}"
    found = re.search(rf"(?<![\w-]){re.escape(site)}(?![\w])", name)
    if found is None:
        return "*"
    kept = name[: found.start()] + SITE + name[found.end() :]
    return f"{head}:{_SHORTENED[service](kept) if service in _SHORTENED else kept}"


def _bucket(name: str) -> str:
    bucket, slash, _key = name.partition("/")
    return re.sub(r"\d{12}", "*", bucket) + (slash and "/*")


_SHORTENED: dict[str, Callable[[str], str]] = {
    "s3": _bucket,
    "logs": lambda name: re.sub(rf"(/{SITE}/).*", r"\1*", name),
    "cloudwatch": lambda name: re.sub(rf"({SITE}-).*", r"\1*", name),
    "elasticloadbalancing": lambda name: re.sub(rf"({SITE}[^/]*)/.*", r"\1/*", name),
}
"""How a service's names become patterns, beyond the site's name."""


def _packed(statements: list[Statement]) -> list[Policy]:
    """Return the statements in as few policies as their order and the limit allow."""
    found: list[Policy] = []
    for statement in statements:
        if not found or size({**found[-1], "Statement": [*found[-1]["Statement"], statement]}) > LARGEST:
            found.append({"Version": "2012-10-17", "Statement": []})
        found[-1]["Statement"].append(statement)
    return found


def size(policy: Policy) -> int:
    """Return a policy's characters as IAM counts them."""
    return len(re.sub(r"\s", "", json.dumps(policy)))


def without(found: Iterable[Policy], action: str) -> list[Policy]:
    """Return the policies without one of their actions."""
    kept = []
    for policy in found:
        statements = []
        for statement in policy["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            if left := [other for other in actions if other != action]:
                statements.append({**statement, "Action": left})
        kept.append({**policy, "Statement": statements})
    return kept


def actions(found: Iterable[Policy]) -> list[str]:
    """Return all actions of policies, sorted."""
    listed = [statement["Action"] for policy in found for statement in policy["Statement"]]
    return sorted({action for entry in listed for action in (entry if isinstance(entry, list) else [entry])})


def of_site(policy: Policy, site: str) -> str:
    """Return a policy's text for a site of this name."""
    return json.dumps(policy).replace(SITE, site)
