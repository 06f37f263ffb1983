# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The second round of questions: what is known of a site's resources only by asking each of them."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from urllib.parse import unquote

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

from .. import _bucket, _efs_api
from .._asking import AWS_ERRORS, ask_at_once, asked, listed
from .._aws import error_code
from .._listener_rules import read_tags
from .._network_reading import read as read_model
from .._reachability.model import Model
from .._resource import Resource
from .._zone_signing import read_signing
from .assembly import nat_gateway, plain
from .model import Details, Site, Unreadable
from .network_paths import AMAZON_RESOLVER, judged, needed
from .objects import read_contents, read_error_objects
from .scope import GLOBAL_REGION, ReadScope


def read_dns(scope: ReadScope, site: Site) -> Resource:
    """Return whether the VPC resolves names and names its machines; nothing if there is no VPC."""
    if not site.network.vpc:
        return {}
    ask = scope.here("ec2").describe_vpc_attribute
    vpc = site.network.vpc["vpc_id"]
    return {
        "dns_support": asked(ask, VpcId=vpc, Attribute="enableDnsSupport")["EnableDnsSupport"]["Value"],
        "dns_hostnames": asked(ask, VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"],
    }


def read_name_servers(scope: ReadScope, site: Site) -> list[str]:
    """Return the name servers that the VPC's DHCP options give to machines."""
    if not site.network.vpc:
        return []
    client = scope.here("ec2")
    (vpc,) = asked(client.describe_vpcs, VpcIds=[site.network.vpc["vpc_id"]])["Vpcs"]
    if vpc.get("DhcpOptionsId", "default") == "default":
        return [AMAZON_RESOLVER]
    (options,) = asked(client.describe_dhcp_options, DhcpOptionsIds=[vpc["DhcpOptionsId"]])["DhcpOptions"]
    return [
        value["Value"]
        for configuration in options["DhcpConfigurations"]
        if configuration["Key"] == "domain-name-servers"
        for value in configuration["Values"]
    ]


def read_nat_gateways(scope: ReadScope, site: Site) -> list[Resource]:
    """Return all NAT gateways in the VPC, also somebody else's and those that are just deleted."""
    if not site.network.vpc:
        return []
    inside = [{"Name": "vpc-id", "Values": [site.network.vpc["vpc_id"]]}]
    found = listed(scope.here("ec2"), "describe_nat_gateways", "NatGateways", Filter=inside)
    return [nat_gateway(gateway) for gateway in found]


def read_reachability(scope: ReadScope, site: Site) -> Model | None:
    """Return what decides about packets in the VPC."""
    return read_model(scope.here("ec2"), [site.network.vpc["vpc_id"]]) if site.network.vpc else None


def read_status_checks(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return the results of EC2's two status checks of each machine, such as `ok`, `impaired`, `initializing`.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html
    """
    machines = [instance["instance_id"] for instance in site.instances]
    wanted: Resource = {"InstanceIds": machines, "IncludeAllInstances": True}
    found = listed(scope.here("ec2"), "describe_instance_status", "InstanceStatuses", **wanted) if machines else []
    return {
        row["InstanceId"]: {"instance": row["InstanceStatus"]["Status"], "system": row["SystemStatus"]["Status"]}
        for row in found
    }


def read_load_balancer_attributes(scope: ReadScope, site: Site) -> dict[str, str]:
    """Return the load balancer's attributes."""
    if not site.load_balancer:
        return {}
    ask = scope.here("elbv2").describe_load_balancer_attributes
    found = asked(ask, LoadBalancerArn=site.load_balancer["load_balancer_arn"])["Attributes"]
    return {attribute["Key"]: attribute["Value"] for attribute in found}


def read_target_group_attributes(scope: ReadScope, site: Site) -> dict[str, dict[str, str]]:
    """Return the attributes of each target group."""
    ask = scope.here("elbv2").describe_target_group_attributes
    groups = [group["target_group_arn"] for group in site.target_groups]
    return {
        arn: {attribute["Key"]: attribute["Value"] for attribute in asked(ask, TargetGroupArn=arn)["Attributes"]}
        for arn in groups
    }


def read_web_acl(scope: ReadScope, site: Site) -> Resource:
    """Return the web ACL before the load balancer, with what it does by default; empty if there is none."""
    if not site.load_balancer:
        return {}
    ask = scope.here("wafv2").get_web_acl_for_resource
    found = asked(ask, ResourceArn=site.load_balancer["load_balancer_arn"]).get("WebACL") or {}
    return {"name": found["Name"], "default_action": next(iter(found["DefaultAction"])).lower()} if found else {}


def read_listener_certificates(scope: ReadScope, site: Site) -> dict[str, list[str]]:
    """Return the certificates of each HTTPS listener, the default one first."""
    client = scope.here("elbv2")
    found = {}
    for listener in (site.load_balancer or {}).get("listeners", []):
        if listener.get("protocol") == "HTTPS":
            arn = listener["listener_arn"]
            rows = listed(client, "describe_listener_certificates", "Certificates", ListenerArn=arn)
            rows.sort(key=lambda certificate: not certificate.get("IsDefault"))
            found[arn] = [row["CertificateArn"] for row in rows]
    return found


def read_listener_rules(scope: ReadScope, site: Site) -> dict[str, list[Resource]]:
    """Return each listener's rules with their tags, in the order in which they are tried, the default actions last."""
    client = scope.here("elbv2")
    found = {}
    for listener in (site.load_balancer or {}).get("listeners", []):
        rules = listed(client, "describe_rules", "Rules", ListenerArn=listener["listener_arn"])
        rules.sort(
            key=lambda rule: (bool(rule.get("IsDefault")), int(rule["Priority"]) if not rule["IsDefault"] else 0)
        )
        tags = read_tags(client, [rule["RuleArn"] for rule in rules if not rule["IsDefault"]])
        found[listener["listener_arn"]] = [
            {**plain(camel_dict_to_snake_dict(rule)), "tags": tags.get(rule["RuleArn"], {})} for rule in rules
        ]
    return found


def read_used_health_checks(scope: ReadScope, site: Site) -> dict[str, bool]:
    """Return whether the health checks exist that the records of the site's names name, by their IDs."""
    client = scope.client("route53", GLOBAL_REGION)
    used = {record.get("health_check_id") for zone in site.hosted_zones for record in zone["records"]} - {None}
    known = {check["id"] for check in site.health_checks}
    return {check: check in known or _exists(client, check) for check in sorted(used)}


def _exists(client: t.Any, health_check: str) -> bool:
    try:
        asked(client.get_health_check, HealthCheckId=health_check)
    except AWS_ERRORS as error:
        if error_code(error) == "NoSuchHealthCheck":
            return False
        raise
    return True


def _policy(ask: Callable[..., t.Any], missing: str, **which: str) -> Resource:
    """Return a resource's policy, empty if it has none."""
    try:
        return t.cast("Resource", json.loads(asked(ask, **which)["Policy"]))
    except AWS_ERRORS as error:
        if error_code(error) == missing:
            return {}
        raise


def read_file_system_policies(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return each file system's policy, empty if it has none."""
    ask = scope.here("efs").describe_file_system_policy
    shares = [system["file_system_id"] for system in site.file_systems]
    return {share: _policy(ask, "PolicyNotFound", FileSystemId=share) for share in shares}


def read_file_system_backups(scope: ReadScope, site: Site) -> dict[str, bool]:
    """Return whether each file system is backed up by itself."""
    shares = [system["file_system_id"] for system in site.file_systems]
    return {share: _efs_api.is_backed_up(scope.here("efs"), share) for share in shares}


def read_bucket_policies(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return each bucket's policy, empty if it has none."""
    ask = scope.here("s3").get_bucket_policy
    return {bucket["name"]: _policy(ask, "NoSuchBucketPolicy", Bucket=bucket["name"]) for bucket in site.buckets}


def read_bucket_settings(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return whether each bucket blocks public access and keeps versions, and its lifecycle rules."""
    return {bucket["name"]: plain(_bucket.read_safeguards(scope.here("s3"), bucket["name"])) for bucket in site.buckets}


def read_role_policies(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return the policies of each role: the ARNs of those attached, the documents of its own, and its boundary's."""
    client = scope.client("iam", GLOBAL_REGION)

    def decoded(found: t.Any) -> Resource:
        # The SDK has decoded it, but for documents that it takes for text.
        return t.cast("Resource", json.loads(unquote(found)) if isinstance(found, str) else found)

    def document(role: str, policy: str) -> Resource:
        return decoded(asked(client.get_role_policy, RoleName=role, PolicyName=policy)["PolicyDocument"])

    def managed(arn: str) -> Resource:
        version = asked(client.get_policy, PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = asked(client.get_policy_version, PolicyArn=arn, VersionId=version)
        return decoded(found["PolicyVersion"]["Document"])

    boundaries = {role["role_name"]: role["permissions_boundary_arn"] for role in site.roles}
    return {
        role: {
            "boundary": managed(boundary) if boundary else None,
            "attached": [
                policy["PolicyArn"]
                for policy in listed(client, "list_attached_role_policies", "AttachedPolicies", RoleName=role)
            ],
            "own": {
                name: document(role, name)
                for name in listed(client, "list_role_policies", "PolicyNames", RoleName=role)
            },
        }
        for role, boundary in boundaries.items()
    }


def read_zone_signing(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return how each hosted zone is signed, its status and its keys, by its ID."""
    client = scope.client("route53", GLOBAL_REGION)
    return {zone["id"]: read_signing(client, zone["id"]) for zone in site.hosted_zones}


def read_cache_policies(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return the caching times of the policies that the distributions use."""
    ask = scope.client("cloudfront", GLOBAL_REGION).get_cache_policy
    found = {}
    for policy in sorted(
        {distribution["cache_policy_id"] for distribution in site.distributions if distribution.get("cache_policy_id")}
    ):
        config = asked(ask, Id=policy)["CachePolicy"]["CachePolicyConfig"]
        found[policy] = {
            "name": config["Name"],
            "min_ttl": config["MinTTL"],
            "default_ttl": config.get("DefaultTTL", 0),
        }
    return found


READERS: dict[str, tuple[str, Callable[[ReadScope, Site], t.Any]]] = {
    "dns": ("ec2: VPC attributes", read_dns),
    "dhcp_name_servers": ("ec2: DHCP options", read_name_servers),
    "nat_gateways": ("ec2: NAT gateways of the VPC", read_nat_gateways),
    "reachability": ("ec2: reachability", read_reachability),
    "status_checks": ("ec2: status checks", read_status_checks),
    "load_balancer_attributes": ("elbv2: load balancer attributes", read_load_balancer_attributes),
    "target_group_attributes": ("elbv2: target group attributes", read_target_group_attributes),
    "web_acl": ("wafv2: the load balancer's web ACL", read_web_acl),
    "listener_certificates": ("elbv2: listener certificates", read_listener_certificates),
    "listener_rules": ("elbv2: listener rules", read_listener_rules),
    "used_health_checks": ("route53: used health checks", read_used_health_checks),
    "zone_signing": ("route53: signing of zones", read_zone_signing),
    "contents": ("s3: releases", read_contents),
    "error_objects": ("s3: error pages", read_error_objects),
    "file_system_policies": ("efs: file system policies", read_file_system_policies),
    "file_system_backups": ("efs: backup policies", read_file_system_backups),
    "bucket_policies": ("s3: bucket policies", read_bucket_policies),
    "bucket_settings": ("s3: bucket settings", read_bucket_settings),
    "role_policies": ("iam: role policies", read_role_policies),
    "cache_policies": ("cloudfront: cache policies", read_cache_policies),
}


def add_details(scope: ReadScope, site: Site) -> Site:
    """Return the site with its details."""
    readers = {kind: (label, partial(read, scope, site)) for kind, (label, read) in READERS.items()}
    answers, errors = ask_at_once(readers)
    dns, model = answers.pop("dns", {}), answers.pop("reachability", None)
    if model:
        errors |= {f"ec2: {kind} for reachability": error for kind, error in model.unreadable.items()}
        answers["paths"] = judged(model, needed(site, answers.get("dhcp_name_servers", [])))
    more = [Unreadable(service, error) for service, error in sorted(errors.items())]
    return replace(site, details=Details(**dns, **answers), unreadable=[*site.unreadable, *more])
