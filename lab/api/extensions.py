# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the lab adds to moto, in one list."""

from __future__ import annotations

from lab.api import (
    access_analyzer,
    acm,
    backup,
    calls,
    cloudfront,
    cloudtrail,
    ec2_instances,
    ec2_network,
    efs,
    elbv2,
    iam,
    kms,
    organizations,
    pricing,
    route53,
    s3,
    secret_keys,
    service_quotas,
    ssm,
    wafv2,
)
from lab.context import Context


def extend(context: Context) -> None:
    """Add everything that moto lacks; call it before moto's applications are made."""
    services = (
        *(calls, ec2_network, ec2_instances, efs, elbv2, acm, cloudfront, iam, kms, route53, s3, service_quotas, ssm),
        *(access_analyzer, backup, cloudtrail, organizations, pricing, secret_keys, wafv2),
    )
    for service in services:
        service.extend(context)
