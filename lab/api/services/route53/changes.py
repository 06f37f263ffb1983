# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53's changes on their way to the name servers: pending until these serve them.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeInfo.html
"""

from __future__ import annotations

import datetime
import random
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.route53.exceptions import Route53ClientError
from moto.route53.models import FakeZone
from moto.route53.responses import Route53

from lab.api.moto.extension import replaces
from lab.context import Context
from lab.world.names.names import plain

_CHARACTERS = string.ascii_uppercase + string.digits


def fresh_id(prefix: str) -> str:
    """Return an id as Route 53 makes them; they are to be unique, not secret."""
    return prefix + "".join(random.choice(_CHARACTERS) for _ in range(20))  # noqa: S311


def extend(context: Context) -> None:
    """Give every change an id of its own, and its true status."""

    @replaces(Route53, "create_hosted_zone")
    def create_hosted_zone(original: Callable[..., Any], self: Any) -> ActionResult:
        if not self._get_param("Name"):
            raise Route53ClientError("InvalidDomainName", "The domain name is empty.")
        answer = original(self)
        zone = answer.result["HostedZone"]
        change_id = fresh_id("C")
        context.waits.begin(
            "zone in sync", change_id, label=plain(zone.name), withholds=[zone.resource_id], provides=[zone.resource_id]
        )
        answer.result["ChangeInfo"] = _info(context, change_id)
        return ActionResult(answer.result)

    @replaces(Route53, "change_resource_record_sets")
    def change_resource_record_sets(original: Callable[..., Any], self: Any) -> ActionResult:
        answer = original(self)
        # The path names the zone, and so does moto's helper for it.
        zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
        answer.result["ChangeInfo"] = _info(context, zone.change_id)
        return ActionResult(answer.result)

    for operation in ("delete_hosted_zone", "associate_vpc_with_hosted_zone", "disassociate_vpc_from_hosted_zone"):

        @replaces(Route53, operation)
        def with_change(original: Callable[..., Any], self: Any) -> ActionResult:
            answer = original(self)
            answer.result["ChangeInfo"] = _info(context, fresh_id("C"))
            return ActionResult(answer.result)

    @replaces(Route53, "get_change")
    def get_change(_original: Callable[..., Any], self: Any) -> ActionResult:
        """Answer about a change that was made: https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetChange.html."""
        change_id = str(self._get_param("Id")).rpartition("/")[2]
        if change_id not in _submitted(context):
            raise Route53ClientError("NoSuchChange", f"Could not find resource with ID: {change_id}")
        return ActionResult({"ChangeInfo": _info(context, change_id)})


def submit(context: Context, label: str, then: Callable[[], None]) -> dict[str, Any]:
    """Begin a change that is none of records, and return what the API says about it; call `then` when it arrives."""
    change_id = fresh_id("C")
    context.waits.begin("record in sync", change_id, label=label, then=then)
    return _info(context, change_id)


def _submitted(context: Context) -> dict[str, datetime.datetime]:
    """Return when the account's changes were submitted, by id."""
    found: dict[str, datetime.datetime] = context.backends.at("route53", "aws").__dict__.setdefault("submitted", {})
    return found


def _info(context: Context, change_id: str) -> dict[str, Any]:
    submitted = _submitted(context).setdefault(change_id, utcnow())
    status = "PENDING" if context.waits.pending(change_id) else "INSYNC"
    return {"Id": f"/change/{change_id}", "Status": status, "SubmittedAt": submitted}


def propagate(context: Context, zone: FakeZone, before: Sequence[Any], changes: Sequence[Mapping[str, Any]]) -> None:
    """Give the name servers a zone's present records when the change that made them has arrived.

    `zone.served` are the records that they serve meanwhile; changes may overtake each other.
    """
    zone.change_id = change_id = fresh_id("C")
    number = zone.changes = getattr(zone, "changes", 0) + 1
    zone.served = before if getattr(zone, "served", None) is None else zone.served
    present = zone.rrsets

    def arrive() -> None:
        if number == zone.changes:
            zone.served = None
        elif zone.served is not None and number > zone.arrived:
            zone.served = present
        zone.arrived = max(number, zone.arrived)

    zone.arrived = getattr(zone, "arrived", 0)
    names = [plain(change["ResourceRecordSet"]["Name"]) for change in changes]
    context.waits.begin(
        "record in sync",
        change_id,
        label=", ".join(dict.fromkeys(names)),
        needs=[f"proof {name}" for name in names] + list(_certificates(context, changes)),
        provides=[f"record {name}" for name in names],
        then=arrive,
    )


def _certificates(context: Context, changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the certificates without which the distributions that a change points to could not have been made."""
    targets = {plain((change["ResourceRecordSet"].get("AliasTarget") or {}).get("DNSName") or "") for change in changes}
    for distribution in context.backends.at("cloudfront", "aws").distributions.values():
        if plain(distribution.domain_name) in targets:
            yield distribution.distribution_config["ViewerCertificate"].get("ACMCertificateArn") or ""
