# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses calls that come faster than AWS lets an account call (`lab up --throttling aws`).

The buckets fill by the lab's clock. AWS's names for the refusal differ:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (RequestLimitExceeded),
https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html (ThrottlingException),
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html (Throttling).
"""

from __future__ import annotations

import logging

from lab.api.callers import operations
from lab.api.callers.operations import Call
from lab.context import Context
from lab.world.account import request_rates

_log = logging.getLogger(__name__)
_GLOBAL = ("cloudfront", "iam", "route53")


def refusal(call: Call, context: Context) -> tuple[str, str, bytes] | None:
    """Return status line, content type and body of AWS's refusal, or None if the call may go on."""
    if context.throttling is None or call.signature is None or not call.operation:
        return None
    region = "" if call.service in _GLOBAL else call.signature.scope[1]
    demands = request_rates.demands(call.service, call.operation, call.parameters)
    if context.throttling.take((region, call.service), demands, context.clock.monotonic()):
        return None
    _log.info("too fast: %s %s", call.service, call.operation)
    if call.service == "ec2":
        _status, kind, body = operations.error(call, "RequestLimitExceeded", "Request limit exceeded.")
        return "503 Service Unavailable", kind, body
    is_json = "x-amz-target" in call.request.headers
    named = "ThrottlingException" if is_json or call.service == "elasticloadbalancing" else "Throttling"
    _status, kind, body = operations.error(call, named, "Rate exceeded")
    return "400 Bad Request", kind, body
