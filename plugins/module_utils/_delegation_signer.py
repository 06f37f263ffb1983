# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The DS record by which the zone above a hosted zone vouches for its key: in a hosted zone, or at the registry."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime

from ._aws import ChangeResult, acceptor, aws_call, failure, waited
from ._registered_domain import canonical, list_domains
from ._resource import Resource
from ._zone_signing import REMOVED_TAG, left_of, now_utc, read_tags, stamp, wait_for, write_tags

PARENT, REGISTRY, ELSEWHERE = "hosted_zone", "registry", "elsewhere"


class Clients(t.NamedTuple):
    """Route 53, and Route 53 as the registrar."""

    route53: t.Any
    domains: t.Any


def normal(record: str) -> str:
    """Return a DS record as two of them are compared: small letters, the digest in one piece."""
    tag, algorithm, digest_type, *digest = record.lower().split()
    return " ".join([tag, algorithm, digest_type, "".join(digest)])


@aws_call("read the DS records of {zone} in the hosted zone {parent_id}")
def _read_parent(client: t.Any, parent_id: str, zone: str) -> Resource:
    found = client.list_resource_record_sets(
        HostedZoneId=parent_id, StartRecordName=zone, StartRecordType="DS", MaxItems="1"
    )["ResourceRecordSets"]
    same = [record for record in found if record["Type"] == "DS" and canonical([record["Name"]]) == [zone]]
    return {"values": [record["Value"] for record in same[0]["ResourceRecords"]], "ttl": same[0]["TTL"]} if same else {}


@aws_call("change the DS records of {zone} in the hosted zone {parent_id}")
def _write_parent(client: t.Any, parent_id: str, zone: str, action: str, values: list[str], ttl: int) -> Resource:
    records = [{"Value": value} for value in values]
    record = {"Name": zone, "Type": "DS", "TTL": ttl, "ResourceRecords": records}
    changes = [{"Action": action, "ResourceRecordSet": record}]
    batch = {"Changes": changes}
    return t.cast("Resource", client.change_resource_record_sets(HostedZoneId=parent_id, ChangeBatch=batch))


@aws_call("read the DNSSEC keys of {name} at its registry")
def _read_keys(client: t.Any, name: str) -> list[Resource]:
    return t.cast("list[Resource]", client.get_domain_detail(DomainName=name).get("DnssecKeys", []))


@aws_call("have the registry of {name} vouch for a key")
def _associate(client: t.Any, name: str, key: Resource) -> str:
    attributes = {"Algorithm": key["algorithm"], "Flags": key["flags"], "PublicKey": key["public_key"]}
    done = client.associate_delegation_signer_to_domain(DomainName=name, SigningAttributes=attributes)
    return t.cast("str", done["OperationId"])


@aws_call("have the registry of {name} vouch for the key {identity} no longer")
def _disassociate(client: t.Any, name: str, identity: str) -> str:
    done = client.disassociate_delegation_signer_from_domain(DomainName=name, Id=identity)
    return t.cast("str", done["OperationId"])


def ensure(
    clients: Clients,
    params: Mapping[str, t.Any],
    check_mode: bool,
    warn: Callable[[str], None],
    now: Callable[[], datetime] = now_utc,
) -> ChangeResult:
    """Have the zone above vouch for a key, or no longer; say so if neither of the two places is the account's."""
    zone = canonical([params["zone"]])[0]
    if params["parent_zone_id"]:
        return _in_parent(clients.route53, zone, params, check_mode, now)
    domains = list_domains(clients.domains)
    if domains is None:
        warn(
            f"The rights do not suffice to see whether {zone} is registered at Route 53 by this account "
            "(route53domains:ListDomains), so it is taken as registered elsewhere."
        )
    if zone in (domains or []):
        return _at_registry(clients, zone, params, check_mode, now)
    found = _shown(clients.route53, ELSEWHERE, None, params, now())
    return ChangeResult(False, found, found)


def _shown(route53: t.Any, place: str, vouched: bool | None, params: Mapping[str, t.Any], now: datetime) -> Resource:
    left = left_of(read_tags(route53, params["hosted_zone_id"]).get(REMOVED_TAG), now)
    return {"place": place, "vouched": vouched, "ds_record": params["key"]["ds_record"], "ds_left": left}


def _in_parent(
    client: t.Any, zone: str, params: Mapping[str, t.Any], check_mode: bool, now: Callable[[], datetime]
) -> ChangeResult:
    """Add the record to those that are there, or take it from them: a zone may have several keys."""
    parent, wanted = params["parent_zone_id"], params["key"]["ds_record"]
    found = _read_parent(client, parent, zone)
    values, ttl = found.get("values", []), found.get("ttl", params["ttl"])
    others = [value for value in values if normal(value) != normal(wanted)]
    there, present = len(others) < len(values), params["state"] == "present"
    before = _shown(client, PARENT, there, params, now())
    if there == present:
        return ChangeResult(False, before, before)
    if not check_mode:
        kept = [*others, wanted] if present else others
        action, records = ("UPSERT", kept) if kept else ("DELETE", values)
        wait_for(client, _write_parent(client, parent, zone, action, records, ttl), parent, params["wait_timeout"])
        _note(client, params, ttl, now())
    return ChangeResult(True, before, _shown(client, PARENT, present, params, now()))


def _note(client: t.Any, params: Mapping[str, t.Any], ttl: int, now: datetime) -> None:
    """Keep with the zone when its DS record was removed: its signing may end only when no resolver has it any more."""
    removed = params["state"] == "absent"
    added = {REMOVED_TAG: f"{stamp(now)}/{ttl}"} if removed else {}
    write_tags(client, params["hosted_zone_id"], added, () if removed else (REMOVED_TAG,))


def _at_registry(
    clients: Clients, zone: str, params: Mapping[str, t.Any], check_mode: bool, now: Callable[[], datetime]
) -> ChangeResult:
    found = [key for key in _read_keys(clients.domains, zone) if key.get("PublicKey") == params["key"]["public_key"]]
    there, present = bool(found), params["state"] == "present"
    before = _shown(clients.route53, REGISTRY, there, params, now())
    if there == present:
        return ChangeResult(False, before, before)
    if not check_mode:
        operation = (
            _associate(clients.domains, zone, params["key"])
            if present
            else _disassociate(clients.domains, zone, found[0]["Id"])
        )
        _wait(clients.domains, zone, operation, params["wait_timeout"])
        _note(clients.route53, params, params["registry_ttl"], now())
    return ChangeResult(True, before, _shown(clients.route53, REGISTRY, present, params, now()))


def _wait(client: t.Any, name: str, operation: str, timeout: int) -> None:
    accepted = [
        acceptor("Status", "SUCCESSFUL"),
        *(acceptor("Status", status, "failure") for status in ("ERROR", "FAILED")),
    ]
    if not waited(client, "GetOperationDetail", accepted, timeout, 10, OperationId=operation):
        raise failure(
            f"The registry has not taken the DNSSEC key of {name} within {timeout} seconds. Look at the request "
            f"{operation} in the console of Route 53, then run this again."
        )
