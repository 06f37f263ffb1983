# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses what AWS's own description of a service does not allow: values missing, unknown, too long or out of range.

moto takes much of it as it comes, and breaks at some. EC2 and S3 say less in their descriptions, and name each mistake
otherwise; what they refuse stands beside them (`ec2/refusals.py`, `s3/refusals.py`).
"""

from __future__ import annotations

from typing import Any

from botocore.model import OperationNotFoundError
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model

from lab.world.access.shapes import complaint

_CODES = {
    "acm": "ValidationException",
    "arc-zonal-shift": "ValidationException",
    "elbv2": "ValidationError",
    "iam": "ValidationError",
    "kms": "ValidationException",
    "logs": "InvalidParameterException",
    "route53": "InvalidInput",
    "ssm": "ValidationException",
}
"""What each service calls a parameter that is none."""


class RefusedError(ServiceException):
    """A refusal; `code` is AWS's."""


def refusal(call: Any, action: str) -> Any:
    """Return AWS's refusal of a call whose parameters can't be, as moto's answers are, or None."""
    code = _CODES.get(call.service_name)
    if code is None:
        return None
    try:
        model = get_service_model(call.boto3_service_name).operation_model(action)
        if not call.automated_parameter_parsing:
            call.parse_parameters(call.normalized_request)
    except (OperationNotFoundError, ValueError):
        return None  # refused where operations are looked for, and where the body is read
    said = complaint(model.input_shape, call.params) if model.input_shape else None
    if said is None:
        return None
    _status, headers, body = call.serialized(ActionResult(RefusedError(code, said)))
    return 400, headers, body
