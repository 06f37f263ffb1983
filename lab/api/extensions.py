# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the lab adds to moto, in one list."""

from __future__ import annotations

from lab.api import autoscaling, calls, efs, logs, pages, patches, secret_keys, wafv2, zonal_shift
from lab.api.account import (
    access_analyzer,
    cloudtrail,
    config_rules,
    guardduty,
    organizations,
    pricing,
    regions,
    service_quotas,
)
from lab.api.acm import acm
from lab.api.backup import backup
from lab.api.cloudfront import cloudfront
from lab.api.ec2 import instances, network
from lab.api.elbv2 import elbv2
from lab.api.iam import iam
from lab.api.kms import kms, signing
from lab.api.route53 import route53
from lab.api.s3 import s3
from lab.api.ssm import ssm
from lab.context import Context


def extend(context: Context) -> None:
    """Add everything that moto lacks; call it before moto's applications are made."""
    services = (
        *(calls, network, instances, efs, elbv2, acm, cloudfront, iam, kms, signing, route53, s3),
        *(logs, service_quotas, ssm, access_analyzer, backup, cloudtrail, organizations, pricing),
        *(autoscaling, config_rules, guardduty, regions, secret_keys, wafv2, zonal_shift),
    )
    for service in services:
        service.extend(context)
    patches.extend()
    pages.extend()


def resume(context: Context) -> None:
    """Go on with what was under way in a world that has come back; the caller holds the API's lock."""
    for service in (acm, zonal_shift):
        service.resume(context)
