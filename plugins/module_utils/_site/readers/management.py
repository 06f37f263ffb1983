# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What watches a site and who may do what: log groups, alarms, topics, roles, documents."""

from __future__ import annotations

import base64
import textwrap
import typing as t

from ..._asking import asked, listed
from ..._aws import aws_lookup
from ..._resource import Resource
from ..._settings.names import DOCUMENT, KEY_ALIAS, LOG_GROUP, ROLE, SIGNING_KEY_ALIAS, NameRule
from ..assembly import tags_of
from ..scope import GLOBAL_REGION, ReadScope


def read_log_groups(scope: ReadScope) -> list[Resource]:
    """Return the log groups of both regions."""
    wanted = scope.names_by(LOG_GROUP)
    return [
        {
            "log_group_name": group["logGroupName"],
            "region": region,
            "retention_in_days": group.get("retentionInDays"),
            "kms_key_id": group.get("kmsKeyId"),
        }
        for region in scope.everywhere()
        for group in listed(
            scope.client("logs", region), "describe_log_groups", "logGroups", logGroupNamePrefix=f"/{scope.site}/"
        )
        if group["logGroupName"] in wanted and scope.owns(_log_group_tags(scope.client("logs", region), group))
    ]


def _log_group_tags(client: t.Any, group: Resource) -> dict[str, str]:
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html: this ARN ends in ":*".
    arn = group["arn"].removesuffix(":*")
    return t.cast("dict[str, str]", asked(client.list_tags_for_resource, resourceArn=arn)["tags"])


def read_alarms(scope: ReadScope) -> list[Resource]:
    """Return the alarms of both regions."""
    return [
        {
            "alarm_name": alarm["AlarmName"],
            "alarm_arn": alarm.get("AlarmArn"),
            "region": region,
            "state_value": alarm.get("StateValue"),
            "state_reason": alarm.get("StateReason"),
        }
        for region in scope.everywhere()
        for alarm in _alarms(scope, scope.client("cloudwatch", region))
    ]


def _alarms(scope: ReadScope, client: t.Any) -> list[Resource]:
    found = listed(client, "describe_alarms", "MetricAlarms", AlarmNamePrefix=f"{scope.site}-")
    return scope.owned(
        {**alarm, "Tags": asked(client.list_tags_for_resource, ResourceARN=alarm["AlarmArn"])["Tags"]}
        for alarm in found
    )


def read_dashboards(scope: ReadScope) -> list[Resource]:
    """Return the dashboards. They are the same in every region."""
    found = listed(scope.here("cloudwatch"), "list_dashboards", "DashboardEntries", DashboardNamePrefix=scope.site)
    return [
        {"dashboard_name": dashboard["DashboardName"], "dashboard_arn": dashboard.get("DashboardArn")}
        for dashboard in found
        if dashboard["DashboardName"] == scope.site
    ]


def read_topics(scope: ReadScope) -> list[Resource]:
    """Return the notification topics of both regions."""
    return [
        {"topic_arn": arn, "topic_name": arn.rpartition(":")[2], "region": region}
        for region in scope.everywhere()
        for arn in _topics(scope, scope.client("sns", region))
    ]


def _topics(scope: ReadScope, client: t.Any) -> list[str]:
    arns = [topic["TopicArn"] for topic in listed(client, "list_topics", "Topics")]
    likely = [arn for arn in arns if arn.rpartition(":")[2].startswith(f"{scope.site}-")]
    return [arn for arn in likely if scope.owned([asked(client.list_tags_for_resource, ResourceArn=arn)])]


def read_roles(scope: ReadScope) -> list[Resource]:
    """Return the roles with the names of their instance profiles."""
    client = scope.client("iam", GLOBAL_REGION)
    found = [_role(client, name) for name in scope.names_by(ROLE)]
    return [
        {
            "role_name": role["RoleName"],
            "arn": role["Arn"],
            "assume_role_policy": role.get("AssumeRolePolicyDocument"),
            "permissions_boundary_arn": (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn"),
            "instance_profiles": [
                profile["InstanceProfileName"]
                for profile in listed(
                    client, "list_instance_profiles_for_role", "InstanceProfiles", RoleName=role["RoleName"]
                )
            ],
        }
        for role in scope.owned(role for role in found if role)
    ]


@aws_lookup("look for the IAM role {name}", "NoSuchEntity")
def _role(client: t.Any, name: str) -> Resource:
    return t.cast("Resource", client.get_role(RoleName=name)["Role"])


def read_documents(scope: ReadScope) -> list[Resource]:
    """Return the account's own documents of Systems Manager."""
    own = [{"Key": "Owner", "Values": ["Self"]}]
    found = listed(scope.here("ssm"), "list_documents", "DocumentIdentifiers", Filters=own)
    return [
        {
            "name": document["Name"],
            "document_type": document.get("DocumentType"),
            "document_version": document.get("DocumentVersion"),
            "tags": tags_of(document),
        }
        for document in scope.owned(found)
        if document["Name"] in scope.names_by(DOCUMENT)
    ]


def read_keys(scope: ReadScope) -> list[Resource]:
    """Return the KMS keys, also one whose deletion is scheduled; of one that signs and is enabled, the public key."""
    regions = [(KEY_ALIAS, scope.region), (SIGNING_KEY_ALIAS, GLOBAL_REGION)]
    return [key for rule, region in regions for key in _keys(scope, scope.client("kms", region), region, rule)]


def _keys(scope: ReadScope, client: t.Any, region: str, rule: NameRule) -> list[Resource]:
    found = [(alias, _key(client, alias)) for alias in scope.names_by(rule)]
    return [
        {
            "alias": alias,
            "region": region,
            "key_id": key["KeyId"],
            "key_arn": key["Arn"],
            "key_state": key.get("KeyState"),
            "public_key": _public_key(client, key) if key.get("KeyUsage") == "SIGN_VERIFY" else None,
        }
        for alias, key in found
        if key and scope.owned([asked(client.list_resource_tags, KeyId=key["KeyId"])])
    ]


def _public_key(client: t.Any, key: Resource) -> str | None:
    """Return a key's public key in PEM (RFC 7468), or None if the key is not enabled and KMS gives none."""
    if key.get("KeyState") != "Enabled":
        return None
    lines = textwrap.wrap(base64.b64encode(asked(client.get_public_key, KeyId=key["KeyId"])["PublicKey"]).decode(), 64)
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


@aws_lookup("look for the KMS key {alias}", "NotFoundException")
def _key(client: t.Any, alias: str) -> Resource:
    return t.cast("Resource", client.describe_key(KeyId=alias)["KeyMetadata"])


def read_account(scope: ReadScope) -> t.Any:
    """Return the ID of the account."""
    return asked(scope.here("sts").get_caller_identity)["Account"]
