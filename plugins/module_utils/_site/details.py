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

from .. import _bucket
from .._aws import error_code
from .._reachability.model import Model
from .._reachability.reading import read as read_model
from .asking import AWS_ERRORS, ask_at_once, asked, listed
from .assembly import nat_gateway, plain
from .model import Details, Resource, Site, Unreadable
from .objects import read_contents, read_error_objects
from .scope import GLOBAL_REGION, ReadScope
from .ways import AMAZON_RESOLVER, judged, needed


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
        for one in options["DhcpConfigurations"]
        if one["Key"] == "domain-name-servers"
        for value in one["Values"]
    ]


def read_nat_gateways(scope: ReadScope, site: Site) -> list[Resource]:
    """Return all NAT gateways in the VPC, also somebody else's and those that are just deleted."""
    if not site.network.vpc:
        return []
    inside = [{"Name": "vpc-id", "Values": [site.network.vpc["vpc_id"]]}]
    found = listed(scope.here("ec2"), "describe_nat_gateways", "NatGateways", Filter=inside)
    return [nat_gateway(one) for one in found]


def read_reachability(scope: ReadScope, site: Site) -> Model | None:
    """Return what decides about packets in the VPC."""
    return read_model(scope.here("ec2"), [site.network.vpc["vpc_id"]]) if site.network.vpc else None


def read_load_balancer_attributes(scope: ReadScope, site: Site) -> dict[str, str]:
    """Return the load balancer's attributes."""
    if not site.load_balancer:
        return {}
    ask = scope.here("elbv2").describe_load_balancer_attributes
    found = asked(ask, LoadBalancerArn=site.load_balancer["load_balancer_arn"])["Attributes"]
    return {one["Key"]: one["Value"] for one in found}


def read_listener_certificates(scope: ReadScope, site: Site) -> dict[str, list[str]]:
    """Return the certificates of each HTTPS listener, the default one first."""
    client = scope.here("elbv2")
    found = {}
    for listener in (site.load_balancer or {}).get("listeners", []):
        if listener.get("protocol") == "HTTPS":
            arn = listener["listener_arn"]
            rows = listed(client, "describe_listener_certificates", "Certificates", ListenerArn=arn)
            rows.sort(key=lambda one: not one.get("IsDefault"))
            found[arn] = [one["CertificateArn"] for one in rows]
    return found


def read_listener_rules(scope: ReadScope, site: Site) -> dict[str, list[Resource]]:
    """Return the rules of each listener in the order in which they are tried, the default actions last."""
    client = scope.here("elbv2")
    found = {}
    for listener in (site.load_balancer or {}).get("listeners", []):
        rules = listed(client, "describe_rules", "Rules", ListenerArn=listener["listener_arn"])
        rules.sort(key=lambda one: (bool(one.get("IsDefault")), int(one["Priority"]) if not one["IsDefault"] else 0))
        found[listener["listener_arn"]] = [plain(camel_dict_to_snake_dict(one)) for one in rules]
    return found


def read_used_health_checks(scope: ReadScope, site: Site) -> dict[str, bool]:
    """Return whether the health checks exist that the records of the site's names name, by their IDs."""
    client = scope.client("route53", GLOBAL_REGION)
    used = {record.get("health_check_id") for zone in site.hosted_zones for record in zone["records"]} - {None}
    known = {one["id"] for one in site.health_checks}
    return {one: one in known or _exists(client, one) for one in sorted(used)}


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
    shares = [one["file_system_id"] for one in site.file_systems]
    return {one: _policy(ask, "PolicyNotFound", FileSystemId=one) for one in shares}


def read_bucket_policies(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return each bucket's policy, empty if it has none."""
    ask = scope.here("s3").get_bucket_policy
    return {one["name"]: _policy(ask, "NoSuchBucketPolicy", Bucket=one["name"]) for one in site.buckets}


def read_bucket_settings(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return whether each bucket blocks public access and keeps versions."""
    return {one["name"]: _bucket.read_safeguards(scope.here("s3"), one["name"]) for one in site.buckets}


def read_role_policies(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return the policies of each role: the ARNs of those attached, and the documents of its own."""
    client = scope.client("iam", GLOBAL_REGION)

    def document(role: str, policy: str) -> Resource:
        found = asked(client.get_role_policy, RoleName=role, PolicyName=policy)["PolicyDocument"]
        # The SDK has decoded it, but for documents that it takes for text.
        return t.cast("Resource", json.loads(unquote(found)) if isinstance(found, str) else found)

    return {
        role: {
            "attached": [
                one["PolicyArn"]
                for one in listed(client, "list_attached_role_policies", "AttachedPolicies", RoleName=role)
            ],
            "own": {
                name: document(role, name)
                for name in listed(client, "list_role_policies", "PolicyNames", RoleName=role)
            },
        }
        for role in (one["role_name"] for one in site.roles)
    }


def read_cache_policies(scope: ReadScope, site: Site) -> dict[str, Resource]:
    """Return the caching times of the policies that the distributions use."""
    ask = scope.client("cloudfront", GLOBAL_REGION).get_cache_policy
    found = {}
    for policy in sorted({one["cache_policy_id"] for one in site.distributions if one.get("cache_policy_id")}):
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
    "load_balancer_attributes": ("elbv2: load balancer attributes", read_load_balancer_attributes),
    "listener_certificates": ("elbv2: listener certificates", read_listener_certificates),
    "listener_rules": ("elbv2: listener rules", read_listener_rules),
    "used_health_checks": ("route53: used health checks", read_used_health_checks),
    "contents": ("s3: releases", read_contents),
    "error_objects": ("s3: error pages", read_error_objects),
    "file_system_policies": ("efs: file system policies", read_file_system_policies),
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
        answers["ways"] = judged(model, needed(site, answers.get("dhcp_name_servers", [])))
    more = [Unreadable(service, error) for service, error in sorted(errors.items())]
    return replace(site, details=Details(**dns, **answers), unreadable=[*site.unreadable, *more])
