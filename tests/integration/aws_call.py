# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that the doctor prints as `aws SERVICE OPERATION --option value`, made as the AWS CLI makes them."""

from __future__ import annotations

import json
import shlex
from typing import Any

from botocore import xform_name

from tests.integration.owner import Owner

GLOBAL = ("iam", "route53", "cloudfront")


def call(owner: Owner, line: str) -> None:
    """Make a call."""
    program, command, operation, *words = shlex.split(line)
    assert program == "aws", line
    service = {"s3api": "s3"}.get(command, command)
    region = [words.pop(words.index("--region") + 1)] if "--region" in words else []
    words = [word for word in words if word != "--region"]
    client = owner.client(service, *(region or (["us-east-1"] if service in GLOBAL else [])))
    method = operation.replace("-", "_")
    members = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape.members
    named = {xform_name(name).replace("_", "-"): name for name in members}
    arguments: dict[str, Any] = {}
    while words:
        option = words.pop(0).removeprefix("--")
        off = option not in named
        name = named[option.removeprefix("no-") if off else option]
        value: Any = not off if not words or words[0].startswith("--") else words.pop(0)
        # EC2 has its truths in a structure of their own, which the CLI hides; others are given as JSON.
        written = isinstance(value, str) and value.startswith("{")
        value = json.loads(value) if written else value
        wrapped = members[name].type_name == "structure" and not written
        if members[name].type_name == "list":
            value = [value]
        arguments[name] = {"Value": value} if wrapped else value
    getattr(client, method)(**arguments)
