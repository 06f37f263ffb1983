# SPDX-License-Identifier: GPL-3.0-or-later
"""Access logs: a load balancer that can't write to its bucket is told so at once.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html: AWS proves its
permission by a test file when logging is switched on, and so does the lab. Lines about requests are not delivered here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend

from lab.api.moto.extension import replaces
from lab.base.backends import ACCOUNT
from lab.context import Context
from lab.world.access.bucket_access import Bucket, Caller, allowed
from lab.world.access.permissions import AccessRequest, Principal

SERVICE = "logdelivery.elasticloadbalancing.amazonaws.com"
_TEST_FILE = "ELBAccessLogTestFile"


def extend(context: Context) -> None:
    """Refuse a bucket that the log delivery may not write to."""

    @replaces(ELBv2Backend, "modify_load_balancer_attributes")
    def modify(original: Callable[..., Any], self: Any, arn: str, attrs: dict[str, str]) -> Any:
        balancer = self.load_balancers.get(arn)
        if balancer is not None and any(key.startswith("access_logs.") for key in attrs):
            after = {**balancer.attrs, **attrs}
            if after.get("access_logs.s3.enabled") == "true":
                _prove(context, after, arn, self.region_name)
        return original(self, arn, attrs)


def _prove(context: Context, attributes: Mapping[str, str], arn: str, region: str) -> None:
    """Write the test file."""
    name, prefix = attributes["access_logs.s3.bucket"], attributes["access_logs.s3.prefix"].strip("/")
    if not name:
        raise ELBClientError("ValidationError", "The value of 'access_logs.s3.bucket' cannot be blank")
    backend = context.backends.at("s3", "aws")
    bucket = backend.buckets.get(name)
    if bucket is None:
        raise ELBClientError("InvalidConfigurationRequest", f"Access Denied for bucket: {name}. No such bucket")
    if bucket.region_name != region:
        raise ELBClientError(
            "InvalidConfigurationRequest",
            f"The bucket '{name}' is located in a different region than the load balancer: {bucket.region_name}",
        )
    key = "/".join(part for part in (prefix, "AWSLogs", ACCOUNT, _TEST_FILE) if part)
    asked = AccessRequest(
        "s3:PutObject",
        f"arn:aws:s3:::{name}/{key}",
        {"aws:SourceArn": arn, "aws:SourceAccount": ACCOUNT, "aws:SecureTransport": "true"},
    )
    policy = json.loads(bucket.policy) if bucket.policy else None
    if not allowed(Caller(Principal(service=SERVICE)), Bucket(policy=policy), asked):
        raise ELBClientError(
            "InvalidConfigurationRequest", f"Access Denied for bucket: {name}. Please check S3bucket permission"
        )
    backend.put_object(name, key, f"Enable AccessLog for ELB: {arn.rpartition('/')[2]}".encode())
