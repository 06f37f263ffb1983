# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""What Route 53, CloudFront and ACM know about a site's names."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterable

from .._aws import aws_call, aws_lookup, pages, tag_dict
from .._distribution import list_distributions
from .records import RecordSet, plain
from .text import within
from .zones import Zone

with contextlib.suppress(ImportError):  # AnsibleAWSModule tells the user
    from botocore.exceptions import ClientError

SITE_TAG = "hasite:site"


@aws_call("list the hosted zones")
def _list_zones(route53: t.Any) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", pages(route53, "list_hosted_zones").get("HostedZones", []))


@aws_call("read the hosted zone {zone_id}")
def _read_servers(route53: t.Any, zone_id: str) -> list[str]:
    return t.cast("list[str]", route53.get_hosted_zone(Id=zone_id).get("DelegationSet", {}).get("NameServers", []))


@aws_call("read the tags of the hosted zone {zone_id}")
def _read_tags(route53: t.Any, zone_id: str) -> dict[str, str]:
    answer = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id)
    return tag_dict(answer["ResourceTagSet"].get("Tags", []))


@aws_call("list the records of the hosted zone {zone_id}")
def list_records(route53: t.Any, zone_id: str) -> list[RecordSet]:
    """Return all record sets of a zone."""
    found = pages(route53, "list_resource_record_sets", HostedZoneId=zone_id)
    return t.cast("list[RecordSet]", found.get("ResourceRecordSets", []))


@aws_call("list the records of {name}")
def records_at(route53: t.Any, zone_id: str, name: str) -> list[RecordSet]:
    """Return the record sets of one name, of which Route 53 allows 300 in an answer."""
    answer = route53.list_resource_record_sets(HostedZoneId=zone_id, StartRecordName=f"{name}.", MaxItems="300")
    return [record for record in answer["ResourceRecordSets"] if plain(record["Name"]) == name]


@aws_call("change records in the hosted zone {zone_id}")
def change_records(route53: t.Any, zone_id: str, changes: list[dict[str, t.Any]]) -> None:
    """Make all changes, or none of them."""
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def holding(route53: t.Any, names: Iterable[str]) -> list[dict[str, t.Any]]:
    """Return the account's public hosted zones that hold one of the names, as Route 53 lists them."""
    wanted = list(names)
    return [
        zone
        for zone in _list_zones(route53)
        if not zone.get("Config", {}).get("PrivateZone") and any(within(name, plain(zone["Name"])) for name in wanted)
    ]


def public_zones(route53: t.Any, names: Iterable[str], site: str) -> list[Zone]:
    """Return the account's public hosted zones that hold one of the names, with their name servers."""
    found = []
    for zone in holding(route53, names):
        zone_id, name = zone["Id"].rpartition("/")[2], plain(zone["Name"])
        # The zone's own NS record may name others for these servers (white-label name servers).
        own = [record for record in records_at(route53, zone_id, name) if record["Type"] == "NS"]
        told = [value["Value"] for record in own for value in record.get("ResourceRecords", [])]
        servers = frozenset(plain(server) for server in (*_read_servers(route53, zone_id), *told))
        found.append(Zone(zone_id, name, servers, _read_tags(route53, zone_id).get(SITE_TAG) == site))
    return found


def distributions_with(cloudfront: t.Any, names: Iterable[str]) -> list[dict[str, t.Any]]:
    """Return the account's distributions that have one of the names, as CloudFront lists them."""
    wanted = set(names)
    found = list_distributions(cloudfront)
    return [
        distribution
        for distribution in found
        if wanted & {alias.lower() for alias in distribution.get("Aliases", {}).get("Items", [])}
    ]


@aws_lookup("describe certificate {arn}", "ResourceNotFoundException")
def describe_certificate(acm: t.Any, arn: str) -> dict[str, t.Any]:
    """Return a certificate; None if there is none."""
    return t.cast("dict[str, t.Any]", acm.describe_certificate(CertificateArn=arn)["Certificate"])


def refused(error: BaseException) -> bool:
    """Tell whether Route 53 has refused a batch for what is in it."""
    cause = getattr(error, "exception", None) or error
    return isinstance(cause, ClientError) and cause.response["Error"]["Code"] == "InvalidChangeBatch"
