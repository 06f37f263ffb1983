# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Asking AWS what an audit needs beside the live site: a setting of each of its resources, and the account's own."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable
from functools import partial

from .. import _bucket, _efs_api
from .._asking import AWS_ERRORS, ask_at_once, asked, listed
from .._aws import error_code
from .._resource import Resource
from .._site.scope import GLOBAL_REGION, ReadScope

ABSENT = {
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchEntity",
}
"""How services say that something is not set."""


def or_nothing(ask: Callable[..., Resource], **arguments: t.Any) -> Resource:
    """Return the answer of one call, empty where AWS says that there is nothing."""
    try:
        return t.cast("Resource", asked(ask, **arguments))
    except AWS_ERRORS as error:
        if error_code(getattr(error, "exception", None) or error) in ABSENT:
            return {}
        raise


# ---- the network and the machines


def read_network_acls(scope: ReadScope, site: Resource) -> Resource:
    """Return the inbound entries of the VPC's network ACLs, by ID, the rule of the lowest number first."""
    vpc = (site.get("network") or {}).get("vpc")
    if not vpc:
        return {}
    inside = [{"Name": "vpc-id", "Values": [vpc["vpc_id"]]}]
    return {
        acl["NetworkAclId"]: sorted((e for e in acl["Entries"] if not e["Egress"]), key=lambda e: e["RuleNumber"])
        for acl in listed(scope.here("ec2"), "describe_network_acls", "NetworkAcls", Filters=inside)
    }


def read_default_groups(scope: ReadScope, site: Resource) -> Resource:
    """Return the VPC's default security group, by ID."""
    vpc = (site.get("network") or {}).get("vpc")
    if not vpc:
        return {}
    which = [{"Name": "vpc-id", "Values": [vpc["vpc_id"]]}, {"Name": "group-name", "Values": ["default"]}]
    found = listed(scope.here("ec2"), "describe_security_groups", "SecurityGroups", Filters=which)
    return {group["GroupId"]: group for group in found}


def read_endpoint_policies(scope: ReadScope, site: Resource) -> Resource:
    """Return the policies of the VPC's endpoints, by ID."""
    ids = [endpoint["vpc_endpoint_id"] for endpoint in (site.get("network") or {}).get("endpoints") or []]
    if not ids:
        return {}
    found = listed(scope.here("ec2"), "describe_vpc_endpoints", "VpcEndpoints", VpcEndpointIds=ids)
    return {endpoint["VpcEndpointId"]: json.loads(endpoint.get("PolicyDocument") or "{}") for endpoint in found}


def read_machines(scope: ReadScope, site: Resource) -> Resource:
    """Return what EC2 says of each machine, by name."""
    ids = [instance["instance_id"] for instance in site.get("instances") or []]
    if not ids:
        return {}
    reservations = listed(scope.here("ec2"), "describe_instances", "Reservations", InstanceIds=ids)
    found = [instance for reservation in reservations for instance in reservation["Instances"]]
    names = {instance["instance_id"]: instance.get("name") or instance["instance_id"] for instance in site["instances"]}
    return {names[instance["InstanceId"]]: instance for instance in found}


def read_types(scope: ReadScope, site: Resource) -> Resource:
    """Return whether instance types have a bandwidth of their own to volumes: `default`, `supported`, `unsupported`."""
    types = sorted({instance["instance_type"] for instance in site.get("instances") or []})
    if not types:
        return {}
    found = listed(scope.here("ec2"), "describe_instance_types", "InstanceTypes", InstanceTypes=types)
    return {
        described["InstanceType"]: (described.get("EbsInfo") or {}).get("EbsOptimizedSupport") for described in found
    }


def read_volumes(scope: ReadScope, site: Resource) -> Resource:
    """Return the machines' volumes, by ID."""
    ids = [instance["instance_id"] for instance in site.get("instances") or []]
    if not ids:
        return {}
    attached = [{"Name": "attachment.instance-id", "Values": ids}]
    return {
        volume["VolumeId"]: volume
        for volume in listed(scope.here("ec2"), "describe_volumes", "Volumes", Filters=attached)
    }


def read_roles(scope: ReadScope, site: Resource) -> Resource:
    """Return the roles with their trust and boundary, by name."""
    ask = scope.client("iam", GLOBAL_REGION).get_role
    return {role["role_name"]: asked(ask, RoleName=role["role_name"])["Role"] for role in site.get("roles") or []}


# ---- load balancer and edge


def read_balancer_acl(scope: ReadScope, site: Resource) -> Resource:
    """Return the web ACL before the load balancer, by the load balancer's name; null if there is none."""
    balancer = site.get("load_balancer")
    if not balancer:
        return {}
    found = asked(scope.here("wafv2").get_web_acl_for_resource, ResourceArn=balancer["load_balancer_arn"])
    return {balancer["load_balancer_name"]: (found.get("WebACL") or {}).get("Name")}


def read_distributions(scope: ReadScope, site: Resource) -> Resource:
    """Return the distributions' configurations, by ID."""
    ask = scope.client("cloudfront", GLOBAL_REGION).get_distribution_config
    return {
        distribution["id"]: asked(ask, Id=distribution["id"])["DistributionConfig"]
        for distribution in site.get("distributions") or []
    }


def read_headers(scope: ReadScope, site: Resource) -> Resource:
    """Return the security headers of the site's response headers policies, by name."""
    ask = scope.client("cloudfront", GLOBAL_REGION).get_response_headers_policy_config
    return {
        policy["name"]: asked(ask, Id=policy["id"])["ResponseHeadersPolicyConfig"].get("SecurityHeadersConfig") or {}
        for policy in site.get("response_headers_policies") or []
    }


# ---- storage


def read_buckets(scope: ReadScope, site: Resource) -> Resource:
    """Return the buckets' settings, by name."""
    client = scope.here("s3")
    return {bucket["name"]: _bucket.read_settings(client, bucket["name"]) for bucket in site.get("buckets") or []}


def read_shares(scope: ReadScope, site: Resource) -> Resource:
    """Return the file systems with their backup, policy and lifecycle, by ID."""
    client = scope.here("efs")
    return {
        system["FileSystemId"]: _efs_api.normalize(client, system)
        for share in site.get("file_systems") or []
        for system in _efs_api.list_file_systems(client, FileSystemId=share["file_system_id"]) or []
    }


def read_access_points(scope: ReadScope, site: Resource) -> Resource:
    """Return the shares' access points, by ID."""
    client = scope.here("efs")
    return {
        point["AccessPointId"]: point
        for share in site.get("file_systems") or []
        for point in listed(client, "describe_access_points", "AccessPoints", FileSystemId=share["file_system_id"])
    }


def read_share_keys(scope: ReadScope, site: Resource) -> Resource:
    """Return who manages the key of each file system, by ID: `AWS` or `CUSTOMER`; null if there is no key."""
    ask = scope.here("kms").describe_key
    keys = {system["file_system_id"]: system.get("kms_key_id") for system in site.get("file_systems") or []}
    return {name: asked(ask, KeyId=key)["KeyMetadata"]["KeyManager"] if key else None for name, key in keys.items()}


# ---- names, logs, documents


def read_query_logging(scope: ReadScope, site: Resource) -> Resource:
    """Return where each hosted zone logs its queries, by the zone's name; null if nowhere."""
    client = scope.client("route53", GLOBAL_REGION)
    found = {}
    for zone in own_zones(site):
        logs = listed(client, "list_query_logging_configs", "QueryLoggingConfigs", HostedZoneId=zone["id"])
        found[zone["name"]] = logs[0]["CloudWatchLogsLogGroupArn"] if logs else None
    return found


def read_signing(scope: ReadScope, site: Resource) -> Resource:
    """Return whether each hosted zone is signed, by the zone's name: `SIGNING` or `NOT_SIGNING`."""
    ask = scope.client("route53", GLOBAL_REGION).get_dnssec
    return {zone["name"]: asked(ask, HostedZoneId=zone["id"])["Status"]["ServeSignature"] for zone in own_zones(site)}


def own_zones(site: Resource) -> list[Resource]:
    """Return the hosted zone of the domain, in which visitors' questions are answered."""
    return [site["hosted_zone"]] if site.get("hosted_zone") else []


def read_log_groups(scope: ReadScope, site: Resource) -> Resource:
    """Return the log groups of the site, by name."""
    names = {(group["region"], group["log_group_name"]) for group in site.get("log_groups") or []}
    return {
        group["logGroupName"]: group
        for region in sorted({region for region, dummy in names})
        for group in listed(scope.client("logs", region), "describe_log_groups", "logGroups")
        if (region, group["logGroupName"]) in names
    }


def read_documents(scope: ReadScope, site: Resource) -> Resource:
    """Return with whom each session document is shared, by name."""
    ask = scope.here("ssm").describe_document_permission
    names = [document["name"] for document in site.get("documents") or []]
    return {name: asked(ask, Name=name, PermissionType="Share").get("AccountIds") or [] for name in names}


def read_certificates(scope: ReadScope, site: Resource) -> Resource:
    """Return the certificates as ACM describes them, by ARN."""
    return {
        certificate["certificate_arn"]: asked(
            scope.client("acm", certificate["region"]).describe_certificate,
            CertificateArn=certificate["certificate_arn"],
        )["Certificate"]
        for certificate in site.get("certificates") or []
    }


# ---- the account


def read_public_access(scope: ReadScope, site: Resource) -> Resource:
    """Return the account's own block of public access to buckets, empty if there is none."""
    ask = scope.here("s3control").get_public_access_block
    return or_nothing(ask, AccountId=site.get("account_id")).get("PublicAccessBlockConfiguration") or {}


def read_volume_default(scope: ReadScope, _site: Resource) -> bool:
    """Return whether new volumes are encrypted by default."""
    return bool(asked(scope.here("ec2").get_ebs_encryption_by_default)["EbsEncryptionByDefault"])


def read_metadata_default(scope: ReadScope, _site: Resource) -> str:
    """Return whether new machines' metadata want a token by default."""
    found = asked(scope.here("ec2").get_instance_metadata_defaults)
    return str((found.get("AccountLevel") or {}).get("HttpTokens") or "no-preference")


def read_sharing(scope: ReadScope, _site: Resource) -> Resource:
    """Return how far snapshots and images may be shared."""
    client = scope.here("ec2")
    return {
        "snapshots": asked(client.get_snapshot_block_public_access_state)["State"],
        "images": asked(client.get_image_block_public_access_state)["ImageBlockPublicAccessState"],
    }


def read_trails(scope: ReadScope, _site: Resource) -> list[Resource]:
    """Return the account's trails."""
    return t.cast("list[Resource]", asked(scope.here("cloudtrail").describe_trails)["trailList"])


def read_recorders(scope: ReadScope, _site: Resource) -> list[Resource]:
    """Return the state of AWS Config's recorders."""
    client = scope.here("config")
    return t.cast(
        "list[Resource]", asked(client.describe_configuration_recorder_status)["ConfigurationRecordersStatus"]
    )


def read_detectors(scope: ReadScope, _site: Resource) -> list[str]:
    """Return the IDs of GuardDuty's detectors."""
    return t.cast("list[str]", listed(scope.here("guardduty"), "list_detectors", "DetectorIds"))


def read_analyzers(scope: ReadScope, _site: Resource) -> list[Resource]:
    """Return IAM Access Analyzer's analyzers."""
    return t.cast("list[Resource]", listed(scope.here("accessanalyzer"), "list_analyzers", "analyzers"))


def read_password_policy(scope: ReadScope, _site: Resource) -> Resource:
    """Return the account's password policy, empty if there is none."""
    return or_nothing(scope.client("iam", GLOBAL_REGION).get_account_password_policy).get("PasswordPolicy") or {}


def read_root(scope: ReadScope, _site: Resource) -> Resource:
    """Return the account's summary, which tells of the root user."""
    return t.cast("Resource", asked(scope.client("iam", GLOBAL_REGION).get_account_summary)["SummaryMap"])


def read_document_settings(scope: ReadScope, _site: Resource) -> Resource:
    """Return the account's settings of Systems Manager that FSBP asks about."""
    ids = ["/ssm/documents/console/public-sharing-permission", "/ssm/automation/customer-script-log-destination"]
    ask = scope.here("ssm").get_service_setting
    return {id_: asked(ask, SettingId=id_)["ServiceSetting"]["SettingValue"] for id_ in ids}


READERS: dict[str, tuple[str, Callable[[ReadScope, Resource], t.Any]]] = {
    "network_acls": ("ec2: network ACLs", read_network_acls),
    "default_groups": ("ec2: default groups", read_default_groups),
    "endpoint_policies": ("ec2: policies of endpoints", read_endpoint_policies),
    "machines": ("ec2: settings of machines", read_machines),
    "types": ("ec2: instance types", read_types),
    "roles": ("iam: settings of roles", read_roles),
    "volumes": ("ec2: volumes", read_volumes),
    "balancer_acl": ("wafv2: the load balancer's web ACL", read_balancer_acl),
    "distributions": ("cloudfront: configurations of distributions", read_distributions),
    "headers": ("cloudfront: configurations of response headers policies", read_headers),
    "buckets": ("s3: settings of buckets", read_buckets),
    "shares": ("efs: settings of file systems", read_shares),
    "share_keys": ("efs: keys", read_share_keys),
    "access_points": ("efs: access points", read_access_points),
    "query_logging": ("route53: query logging", read_query_logging),
    "signing": ("route53: signing", read_signing),
    "log_groups": ("logs: settings of log groups", read_log_groups),
    "documents": ("ssm: sharing of documents", read_documents),
    "certificates": ("acm: settings of certificates", read_certificates),
    "public_access": ("s3control: public access of the account", read_public_access),
    "volume_default": ("ec2: encryption by default", read_volume_default),
    "metadata_default": ("ec2: metadata by default", read_metadata_default),
    "sharing": ("ec2: sharing of snapshots and images", read_sharing),
    "trails": ("cloudtrail: trails", read_trails),
    "recorders": ("config: recorders", read_recorders),
    "detectors": ("guardduty: detectors", read_detectors),
    "analyzers": ("accessanalyzer: analyzers", read_analyzers),
    "password_policy": ("iam: password policy", read_password_policy),
    "root": ("iam: root user", read_root),
    "document_settings": ("ssm: settings of the account", read_document_settings),
}


def read(scope: ReadScope, site: Resource) -> tuple[Resource, dict[str, str]]:
    """Ask for all of it at once; return the answers by kind, and the errors by label."""
    return ask_at_once({kind: (label, partial(ask, scope, site)) for kind, (label, ask) in READERS.items()})
