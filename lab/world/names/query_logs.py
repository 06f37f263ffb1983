# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that Route 53 logs about queries, and whether it may write them. Pure.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from dataclasses import dataclass

from lab.base import addresses
from lab.world.access.permissions import AccessRequest, Principal, combine, decide

REGION = "us-east-1"
"""The only one in which the log group may be:
https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateQueryLoggingConfig.html"""
_SERVICE = Principal(service="route53.amazonaws.com")
_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")


@dataclass(frozen=True)
class Query:
    """A query and its answer, as far as the log tells of them."""

    zone_id: str
    name: str
    kind: str
    code: str
    protocol: str
    location: str
    """The edge location that has answered."""
    asker: str
    """The address of the resolver that asks."""
    subnet: str = ""
    """The part of the client's address that the resolver passes on (EDNS client subnet, RFC 7871)."""


def line(query: Query, moment: float) -> str:
    """Return the line about a query at a moment, in seconds since 1970."""
    stamp = datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    what = f"{query.zone_id} {query.name or '.'} {query.kind} {query.code}"
    return f"1.0 {stamp} {what} {query.protocol} {query.location} {query.asker} {query.subnet or '-'}"


def stream(query: Query) -> str:
    """Return the name of the log stream that a query's line goes to: one for each edge location."""
    return f"{query.zone_id}/{query.location}"


def location_of(server: str) -> str:
    """Return the edge location of a name server's address: an airport's code and a number."""
    number = addresses.ROUTE53_SERVERS.index(server) if server in addresses.ROUTE53_SERVERS else 0
    return f"NRT{number + 1}"


def group_of(arn: str, account: str) -> str | None:
    """Return the log group that an ARN names, which may end in `:*`; None if there can be no query log."""
    head = f"arn:aws:logs:{REGION}:{account}:log-group:"
    name = arn.removeprefix(head).removesuffix(":*")
    return name if arn.startswith(head) and name and ":" not in name else None


def may_write(policies: Iterable[str], zone_id: str, group: str, account: str) -> bool:
    """Tell whether the resource policies of CloudWatch Logs let Route 53 write a zone's queries to a log group."""
    resource = f"arn:aws:logs:{REGION}:{account}:log-group:{group}:log-stream:{zone_id}/"
    context = {"aws:SourceArn": f"arn:aws:route53:::hostedzone/{zone_id}", "aws:SourceAccount": account}
    documents = [json.loads(policy) for policy in policies]
    return all(
        combine(
            decide(document, AccessRequest(action, resource, context, _SERVICE), of_resource=True)
            for document in documents
        )
        == "allow"
        for action in _ACTIONS
    )
