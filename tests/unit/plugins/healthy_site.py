# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy site as the doctor's evidence, in the shapes that the modules return, to be broken by tests."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.hasite.aws.plugins.module_utils._doctor import policies
from ansible_collections.hasite.aws.plugins.module_utils._doctor.evidence import Evidence, evidence_from

Tree = dict[str, Any]
DOMAIN = "www.hasite.test"
ALIAS = "hasite.example"
"""A further name, which lies in a zone of its own."""
REGION = "ap-northeast-1"
ROLE = "demo-web"
NOW = datetime.now(UTC).timestamp()
BALANCER = "demo-1.ap-northeast-1.elb.amazonaws.com"
TLS = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
EDGE = "d1.cloudfront.net"
NAME_SERVERS = ["ns-1.awsdns-01.org", "ns-2.awsdns-02.com"]
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
VALIDATION = {"name": "_a.www.hasite.test.", "type": "CNAME", "value": "_b.acm-validations.aws."}


def rule(port: int | None, *, protocol: str = "tcp", block: str = "", group: str = "") -> Tree:
    """A rule of a security group."""
    return {
        "ip_protocol": protocol,
        "from_port": port,
        "to_port": port,
        "ip_ranges": [{"cidr_ip": block}] if block else [],
        "ipv6_ranges": [],
        "user_id_group_pairs": [{"group_id": group}] if group else [],
    }


def group(part: str, ingress: list[Tree], egress: list[Tree]) -> Tree:
    name = f"demo-{part.replace('_', '-')}"
    return {
        "group_id": f"sg-{part}",
        "group_name": name,
        "name": name,
        "part": part,
        "ip_permissions": ingress,
        "ip_permissions_egress": egress,
    }


def machine(letter: str) -> Tree:
    return {
        "instance_id": f"i-{letter}",
        "name": f"demo-web-{letter}",
        "state": "running",
        "availability_zone": f"{REGION}{letter}",
        "subnet_id": f"subnet-private-{letter}",
        "security_group_ids": ["sg-web"],
        "iam_instance_profile_arn": "arn:aws:iam::123456789012:instance-profile/demo-web",
        "metadata_options": {"http_tokens": "required", "http_endpoint": "enabled"},
        "public_ip_address": None,
        "launch_time": "2026-11-25T12:47:43+00:00",
        "ssm_ping_status": "Online",
        "ssm_last_ping_date_time": "2026-11-25T13:04:41+00:00",
    }


def network(letters: str) -> Tree:
    tables = []
    subnets = []
    for letter in letters:
        for kind in ("public", "private"):
            subnets.append(
                {
                    "subnet_id": f"subnet-{kind}-{letter}",
                    "kind": kind,
                    "name": f"demo-{kind}-{letter}",
                    "availability_zone": f"{REGION}{letter}",
                    "map_public_ip_on_launch": False,
                }
            )
        route = {"destination_cidr_block": "0.0.0.0/0", "nat_gateway_id": f"nat-{letter}", "state": "active"}
        table = {"route_table_id": f"rtb-{letter}", "name": f"demo-private-{letter}", "routes": [route]}
        tables.append({**table, "subnet_ids": [f"subnet-private-{letter}"]})
    out = {"destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1", "state": "active"}
    public = {"route_table_id": "rtb-public", "name": "demo-public", "routes": [out]}
    tables.append({**public, "subnet_ids": [f"subnet-public-{letter}" for letter in letters]})
    s3 = {"Sid": "TheAccountsOwnBuckets", "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    endpoint = {
        "vpc_endpoint_id": "vpce-1",
        "service_name": f"com.amazonaws.{REGION}.s3",
        "route_table_ids": [f"rtb-{letter}" for letter in letters],
        "policy": {"Statement": [{**s3, "Condition": {"StringEquals": {"aws:ResourceAccount": "123456789012"}}}]},
    }
    gateways = [
        {"nat_gateway_id": f"nat-{letter}", "state": "available", "subnet_id": f"subnet-public-{letter}"}
        for letter in letters
    ]
    return {
        "vpc": {"vpc_id": "vpc-1", "name": "demo", "cidr_block": "10.0.0.0/16"},
        "subnets": subnets,
        "route_tables": tables,
        "nat_gateways": gateways,
        "endpoints": [endpoint],
        "network_interfaces": [
            {"network_interface_id": f"eni-{letter}", "groups": ["sg-file_system"]} for letter in letters
        ],
    }


def path(purpose: str, letter: str | None, port: int) -> Tree:
    return {
        "purpose": purpose,
        "machine": f"i-{letter}" if letter else None,
        "machine_name": f"demo-web-{letter}" if letter else None,
        "destination": purpose,
        "port": port,
        "reachable": True,
        "blocked_by": None,
        "explanation": "",
    }


def certificate(region: str) -> Tree:
    return {
        "certificate_arn": f"arn:{region}",
        "region": region,
        "domain_name": DOMAIN,
        "subject_alternative_names": [ALIAS, DOMAIN],
        "status": "ISSUED",
        "failure_reason": None,
        "domain_validation_options": [{"resource_record": dict(VALIDATION)}],
        "in_use_by": ["arn:lb"],
        "renewal_eligibility": "ELIGIBLE",
        "type": "AMAZON_ISSUED",
    }


def failover_record(role: str, name: str, evaluates: bool, check: str | None, owner: str = DOMAIN) -> Tree:
    return {
        "name": f"{owner}.",
        "type": "A",
        "failover": role,
        "alias_target": {"dns_name": f"{name}.", "evaluate_target_health": evaluates},
        "health_check_id": check,
    }


def name_servers(name: str, servers: list[str]) -> Tree:
    """An NS record, as Route 53 has it."""
    return {"name": f"{name}.", "type": "NS", "ttl": 60, "resource_records": [{"value": one} for one in servers]}


def details() -> Tree:
    paths = [path(purpose, letter, 443) for purpose in ("session_manager", "share", "requests") for letter in "ac"]
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}}
    allow = {"Sid": "Mounts", **anybody, "Action": ["elasticfilesystem:ClientMount"]}
    reads = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::demo-content-1/site/*"}
    agent = {"Effect": "Allow", "Action": list(policies.SESSION_ACTIONS), "Resource": "*"}
    edge = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Condition": {"StringEquals": {"aws:SourceArn": "arn:edge"}},
    }
    return {
        "dns_support": True,
        "dns_hostnames": True,
        "dhcp_name_servers": ["AmazonProvidedDNS"],
        "nat_gateways": [],
        "paths": [*paths, path("visitors", None, 443)],
        "load_balancer_attributes": {"idle_timeout.timeout_seconds": "60"},
        "web_acl": {},
        "target_group_attributes": {
            "arn:tg": {
                f"target_group_health.{what}.minimum_healthy_targets.{kind}": value
                for what in ("dns_failover", "unhealthy_state_routing")
                for kind, value in (("count", "1"), ("percentage", "off"))
            }
        },
        "listener_certificates": {"arn:listener": [f"arn:{REGION}"]},
        "listener_rules": {"arn:listener": listener_rules(), "arn:80": []},
        "used_health_checks": {"hc-1": True},
        "contents": {"demo-content-1": {"release": "20270131T120000Z-0123456789ab", "missing": []}},
        "error_objects": {
            "demo-error-page-1/error/index.html": {"content_length": 812, "content_type": "text/html; charset=utf-8"}
        },
        "file_system_policies": {"fs-1": {"Statement": [allow]}},
        "bucket_settings": {
            name: {
                "versioning": True,
                "public_access_block": {"block_public_acls": True},
                "lifecycle_rules": [lifecycle_rule("hasite.aws", Expiration={"ExpiredObjectDeleteMarker": True})],
            }
            for name in ("demo-content-1", "demo-error-page-1")
        },
        "status_checks": {f"i-{letter}": {"instance": "ok", "system": "ok"} for letter in "ac"},
        "file_system_backups": {"fs-1": True},
        "bucket_policies": {"demo-content-1": {}, "demo-error-page-1": {"Statement": [edge]}},
        "role_policies": {
            "demo-web": {
                "attached": [],
                "boundary": None,
                "own": {"agent": {"Statement": [agent]}, "content": {"Statement": [reads]}},
            }
        },
        "zone_signing": {"Z1": {"status": "NOT_SIGNING", "keys": []}},
        "cache_policies": {"none": {"name": "Managed-CachingDisabled", "min_ttl": 0, "default_ttl": 0}},
    }


def lifecycle_rule(identity: str, prefix: str = "", **actions: Any) -> Tree:
    """A rule of a bucket's lifecycle, as S3 has it."""
    return {"ID": identity, "Status": "Enabled", "Filter": {"Prefix": prefix}, **actions}


def listener_rules() -> list[Tree]:
    """The rules of the HTTPS listener as the role load_balancer has them: what is for another name is misdirected."""
    host = {"field": "host-header", "host_header_config": {"values": [DOMAIN]}}
    other = {"field": "host-header", "host_header_config": {"values": [ALIAS]}}
    forward = {"type": "forward", "target_group_arn": "arn:tg"}
    own = {"is_default": False, "tags": {"hasite:site": "demo", "hasite:part": "load_balancer"}}
    return [
        {"priority": "101", "conditions": [host], "actions": [forward], **own},
        {"priority": "103", "conditions": [other], "actions": [{"type": "redirect"}], **own},
        {"priority": "default", "conditions": [], "actions": [{"type": "fixed-response"}], "is_default": True},
    ]


def balancing() -> Tree:
    redirect = {"type": "redirect", "redirect_config": {"protocol": "HTTPS"}}
    listeners = [
        {"port": 80, "protocol": "HTTP", "listener_arn": "arn:80", "default_actions": [redirect]},
        {
            "port": 443,
            "protocol": "HTTPS",
            "ssl_policy": TLS,
            "listener_arn": "arn:listener",
            "default_actions": [{"type": "forward"}],
        },
    ]
    return {
        "load_balancer": {
            "load_balancer_arn": "arn:lb",
            "name": "demo",
            "dns_name": BALANCER,
            "maintenance": False,
            "listeners": listeners,
            "availability_zones": [
                {"subnet_id": f"subnet-public-{letter}", "zone_name": f"{REGION}{letter}"} for letter in "ac"
            ],
        },
        "target_groups": [
            {
                "target_group_arn": "arn:tg",
                "target_group_name": "demo",
                "port": 80,
                "protocol": "HTTP",
                "health_check_port": "traffic-port",
                "health_check_protocol": "HTTP",
                "health_check_path": "/health",
                "health_check_interval_seconds": 10,
                "healthy_threshold_count": 2,
                "unhealthy_threshold_count": 2,
                "matcher": "200",
                "targets": [{"id": f"i-{letter}", "port": 80, "state": "healthy"} for letter in "ac"],
            }
        ],
    }


def naming() -> Tree:
    config = {
        "fully_qualified_domain_name": BALANCER,
        "port": 443,
        "resource_path": "/health",
        "request_interval": 10,
        "failure_threshold": 3,
        "disabled": False,
        "inverted": False,
    }
    validation = {
        "name": VALIDATION["name"],
        "type": "CNAME",
        "resource_records": [{"value": VALIDATION["value"]}],
    }
    further = {
        "id": "Z2",
        "name": ALIAS,
        "name_servers": [],
        "records": [
            failover_record("PRIMARY", BALANCER, True, "hc-1", ALIAS),
            failover_record("SECONDARY", EDGE, False, None, ALIAS),
        ],
    }
    return {
        "names": [{"name": DOMAIN, "kind": "domain"}, {"name": ALIAS, "kind": "alias"}],
        "hosted_zones": [further],
        "hosted_zone": {
            "id": "Z1",
            "name": "hasite.test",
            "name_servers": list(NAME_SERVERS),
            "records": [
                failover_record("PRIMARY", BALANCER, True, "hc-1"),
                failover_record("SECONDARY", EDGE, False, None),
                name_servers("hasite.test", [f"{server}." for server in NAME_SERVERS]),
                validation,
            ],
        },
        "health_checks": [{"id": "hc-1", "name": "demo", "config": config, "healthy": True, "observations": []}],
        "certificates": [certificate(REGION), certificate("us-east-1")],
    }


def edging() -> Tree:
    errors = [
        {"error_code": code, "response_page_path": "/error", "response_code": 503, "error_caching_min_ttl": 0}
        for code in (403, 404)
    ]
    return {
        "distributions": [
            {
                "id": "E1",
                "arn": "arn:edge",
                "name": "demo-error-page",
                "domain_name": EDGE,
                "aliases": [DOMAIN, ALIAS],
                "enabled": True,
                "origin_access_control_id": "oac-1",
                "origin_domain_name": "demo-error-page-1.s3.ap-northeast-1.amazonaws.com",
                "cache_policy_id": "none",
                "response_headers_policy_id": "headers",
                "viewer_request_function_arn": "arn:function",
                "viewer_protocol_policy": "redirect-to-https",
                "custom_error_responses": errors,
            }
        ],
        "response_headers_policies": [
            {"id": "headers", "custom_headers": [{"header": "Cache-Control", "value": "no-store"}]}
        ],
    }


def site() -> Tree:
    world = "0.0.0.0/0"
    return {
        "name": "demo",
        "region": REGION,
        "network": network("ac"),
        "security_groups": [
            group("load_balancer", [rule(80, block=world), rule(443, block=world)], [rule(80, group="sg-web")]),
            group("web", [rule(80, group="sg-load_balancer")], [rule(443, block=world)]),
            group("file_system", [rule(2049, group="sg-web")], []),
        ],
        "instances": [machine("a"), machine("c")],
        "roles": [
            {
                "role_name": "demo-web",
                "arn": "arn:web",
                "assume_role_policy": copy.deepcopy(TRUST),
                "permissions_boundary_arn": None,
                "instance_profiles": ["demo-web"],
            }
        ],
        "documents": [{"name": "demo-session", "document_type": "Session", "document_version": "1"}],
        "log_groups": [{"log_group_name": "/demo/sessions", "region": REGION}],
        "kms_keys": [{"alias": "alias/demo-session", "key_id": "key-1", "key_state": "Enabled"}],
        "file_systems": [
            {
                "file_system_id": "fs-1",
                "name": "demo",
                "mount_targets": [
                    {
                        "mount_target_id": f"fsmt-{letter}",
                        "availability_zone_name": f"{REGION}{letter}",
                        "life_cycle_state": "available",
                        "network_interface_id": f"eni-{letter}",
                    }
                    for letter in "ac"
                ],
            }
        ],
        "buckets": [{"name": "demo-content-1", "part": "content"}, {"name": "demo-error-page-1", "part": "error_page"}],
        "details": details(),
        "unreadable": [],
        **balancing(),
        **naming(),
        **edging(),
    }


def fetch(url: str, status: int, **headers: str) -> Tree:
    found = {key.replace("_", "-"): value for key, value in headers.items()}
    shown = {"certificate_names": [DOMAIN], "certificate_not_after": "Nov 25 12:00:00 2099 GMT"}
    return {"url": url, "status": status, "headers": found, **shown, "problem": None}


def visit() -> Tree:
    error_page = {"cache_control": "no-store", "retry_after": "60"}
    return {
        "delegation": {"parent_zone": "test", "answers": [list(NAME_SERVERS)], "signers": [], "problem": None},
        "authorities": {"domain": None, "records": [], "permitted": True, "problem": None},
        "addresses": {"A": ["198.51.100.1"], "AAAA": []},
        "page": fetch(f"https://{DOMAIN}/", 200),
        "plain": fetch(f"http://{DOMAIN}/", 301, location=f"https://{DOMAIN}:443/"),
        "edge": fetch(f"https://{EDGE}/", 503, **error_page),
        "edge_alias": fetch(f"https://{DOMAIN}/", 503, **error_page),
        "aliases": [{"name": ALIAS, "page": fetch(f"https://{ALIAS}/", 301, location=f"https://{DOMAIN}:443/")}],
    }


def inside() -> Tree:
    units = {
        role: {"name": f"{name}", "active": True, "enabled": True, "masked": False}
        for role, name in (
            ("agent", "amazon-ssm-agent.service"),
            ("web_server", "httpd.service"),
            ("php", "php-fpm.service"),
            ("mount_timer", "shared-files.timer"),
            ("mount", "srv-site.mount"),
            ("tunnel", "shared-files-tunnel@fs-1.service"),
        )
    }
    return {
        "up_seconds": 86400.0,
        "units": units,
        "configurations": {"web_server": {"valid": True}, "php": {"valid": True}},
        "disks": [{"path": "/", "bytes": 8 << 30, "free_bytes": 5 << 30, "inodes": 500000, "free_inodes": 400000}],
        "share": "/srv/site",
        "fstab": {"source": "fs-1:/", "type": "efs", "options": "_netdev,nofail,tls"},
        "mount": {"source": "127.0.0.1:/", "type": "nfs4", "root": "/", "read_only": False},
        "turn": None,
        "document_root": "/srv/site/current",
        "document_root_exists": True,
        "document_root_mount": "/srv/site",
        "release": "20270131T120000Z-0123456789ab",
        "unreadable": "",
        "health": fetch("http://127.0.0.1/health", 200),
        "keep_alive_seconds": 75,
        "name_servers": ["10.0.0.2"],
        "listening": ["127.0.0.1:25", ":::80"],
        "clock": NOW,
        "php": {
            "opcache.enable": "On",
            "opcache.validate_timestamps": "On",
            "opcache.revalidate_path": "On",
            "opcache.revalidate_freq": "5",
            "realpath_cache_ttl": "5",
        },
    }


def healthy() -> Tree:
    """Everything that is known of a healthy site."""
    return {"site": site(), "visit": visit(), "machines": {"i-a": inside(), "i-c": inside()}, "silent": {}}


def evidence(tree: Tree) -> Evidence:
    """What the module makes of it, at the time by which the machines' clocks go."""
    told: Evidence = evidence_from(DOMAIN, **{"site": {}, **{key: one for key, one in tree.items() if one}})
    return replace(told, now=datetime.fromtimestamp(NOW, UTC))
