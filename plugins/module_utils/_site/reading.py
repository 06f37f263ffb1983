# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""Reading a site: one function for each kind of resource, all called at once."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable
from functools import partial

from .. import _cloudfront
from .._asking import ask_at_once
from .._resource import Resource
from .._settings.names import ACCESS_CONTROL, FUNCTION, HEADERS_POLICY
from .readers.balancing import read_load_balancers, read_target_groups
from .readers.domains import read_certificates, read_health_checks, read_hosted_zones
from .readers.edge import cloudfront, read_distributions
from .readers.management import (
    read_account,
    read_alarms,
    read_dashboards,
    read_documents,
    read_keys,
    read_log_groups,
    read_roles,
    read_topics,
)
from .readers.network import (
    ec2,
    read_addresses,
    read_endpoints,
    read_flow_logs,
    read_instances,
    read_interfaces,
    read_nat_gateways,
    read_pings,
)
from .readers.storage import read_buckets, read_file_systems
from .scope import ReadScope

READERS: dict[str, tuple[str, Callable[[ReadScope], t.Any]]] = {
    "account_id": ("sts: account", read_account),
    "vpcs": ("ec2: VPCs", ec2("describe_vpcs", "Vpcs")),
    "subnets": ("ec2: subnets", ec2("describe_subnets", "Subnets")),
    "route_tables": ("ec2: route tables", ec2("describe_route_tables", "RouteTables")),
    "nat_gateways": ("ec2: NAT gateways", read_nat_gateways),
    "addresses": ("ec2: elastic addresses", read_addresses),
    "internet_gateways": ("ec2: internet gateways", ec2("describe_internet_gateways", "InternetGateways")),
    "endpoints": ("ec2: endpoints", read_endpoints),
    "flow_logs": ("ec2: flow logs", read_flow_logs),
    "interfaces": ("ec2: network interfaces", read_interfaces),
    "security_groups": ("ec2: security groups", ec2("describe_security_groups", "SecurityGroups")),
    "instances": ("ec2: instances", read_instances),
    "pings": ("ssm: instance information", read_pings),
    "file_systems": ("efs: file systems", read_file_systems),
    "buckets": ("s3: buckets", read_buckets),
    "load_balancers": ("elbv2: load balancers", read_load_balancers),
    "target_groups": ("elbv2: target groups", read_target_groups),
    "hosted_zones": ("route53: hosted zones", read_hosted_zones),
    "health_checks": ("route53: health checks", read_health_checks),
    "certificates": ("acm: certificates", read_certificates),
    "distributions": ("cloudfront: distributions", read_distributions),
    "origin_access_controls": (
        "cloudfront: origin access controls",
        cloudfront(_cloudfront.list_controls, ACCESS_CONTROL),
    ),
    "functions": ("cloudfront: functions", cloudfront(_cloudfront.list_functions, FUNCTION)),
    "response_headers_policies": (
        "cloudfront: response headers policies",
        cloudfront(_cloudfront.list_policies, HEADERS_POLICY),
    ),
    "log_groups": ("logs: log groups", read_log_groups),
    "alarms": ("cloudwatch: alarms", read_alarms),
    "dashboards": ("cloudwatch: dashboards", read_dashboards),
    "topics": ("sns: topics", read_topics),
    "roles": ("iam: roles", read_roles),
    "documents": ("ssm: documents", read_documents),
    "kms_keys": ("kms: keys", read_keys),
}


def read_all(scope: ReadScope, readers: Iterable[str] = tuple(READERS)) -> tuple[Resource, dict[str, str]]:
    """Read what the site consists of; return the answers by kind, and the errors by what failed."""
    return ask_at_once({kind: (READERS[kind][0], partial(READERS[kind][1], scope)) for kind in readers})
