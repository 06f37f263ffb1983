# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the lab adds to moto, in one list."""

from __future__ import annotations

from lab.api import patches
from lab.api.services import autoscaling, efs, logs, wafv2, zonal_shift
from lab.api.services.account import (
    access_analyzer,
    cloudtrail,
    config_rules,
    guardduty,
    organizations,
    pricing,
    regions,
    service_quotas,
)
from lab.api.services.acm import acm
from lab.api.services.backup import backup
from lab.api.services.cloudfront import cloudfront
from lab.api.services.ec2 import instances, network
from lab.api.services.elbv2 import elbv2
from lab.api.services.iam import iam
from lab.api.services.kms import kms, secret_keys, signing
from lab.api.services.route53 import route53
from lab.api.services.s3 import s3
from lab.api.services.ssm import ssm
from lab.api.serving import calls, pages
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
