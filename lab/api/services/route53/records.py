# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure: what a change batch makes of a hosted zone's records, and for which reasons Route 53 refuses it as a whole.

https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.rdata

Fields = Mapping[str, Any]
"""A resource record set as the API writes it, with its name as `well_formed` leaves it."""

Key = tuple[str, str, str]

_POLICIES = ("Weight", "Region", "Failover", "GeoLocation", "MultiValueAnswer")
_PROBLEMS = {
    "A": "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)",
    "AAAA": "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)",
    "TXT": "InvalidCharacterString (Value should be enclosed in quotation marks)",
}
_NAME = re.compile(r"(?:[!-[\]-~]|\\[0-3][0-7]{2})+")
"""ASCII without spaces, in which a backslash begins an octal code."""
_LONGEST_LABEL, _LONGEST_DOMAIN = 63, 256
_UNMODELLED = ("Region", "GeoLocation", "CidrRoutingConfig", "GeoProximityLocation", "TrafficPolicyInstanceId")


class RefusalError(Exception):
    """The batch is refused; `code` is AWS's."""

    def __init__(self, code: str, messages: Sequence[str]) -> None:
        super().__init__(", ".join(messages))
        self.code = code
        self.messages = list(messages)


@dataclass
class Rules:
    """What a batch is held against besides the zone's own records."""

    zone: str
    """The zone's name, with its last dot."""
    checks: frozenset[str] = frozenset()
    alias_problem: Callable[[Fields, Sequence[Fields]], str | None] = field(default=lambda _record, _all: None)


def well_formed(record: Fields) -> dict[str, Any]:
    """Return a record set as Route 53 keeps it: small letters, a last dot, and `*` as an octal code.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
    """
    kept = {name: value for name, value in record.items() if value is not None}
    kept["Name"] = _dotted(kept["Name"].replace("*", "\\052"))
    if "AliasTarget" in kept:
        kept["AliasTarget"] = {**kept["AliasTarget"], "DNSName": _dotted(kept["AliasTarget"]["DNSName"])}
    if not kept.get("ResourceRecords"):
        kept.pop("ResourceRecords", None)
    return kept


def _dotted(name: str) -> str:
    return f"{name.lower().rstrip('.')}."


def key_of(record: Fields) -> Key:
    """Return what identifies a record set in its zone."""
    return record["Name"], record["Type"], record.get("SetIdentifier") or ""


def change(records: Sequence[Fields], changes: Sequence[Mapping[str, Any]], rules: Rules) -> list[Fields]:
    """Return the zone's records after the whole batch, or refuse the whole batch."""
    batch = [(change["Action"], well_formed(change["ResourceRecordSet"])) for change in changes]
    for action, record in batch:
        _check_form(action, record)
    if misnamed := [problem for _, record in batch for problem in _name_problems(record["Name"])]:
        raise RefusalError("InvalidChangeBatch", list(dict.fromkeys(misnamed)))
    kept = {key_of(record): record for record in records}
    problems: list[str] = []
    for action, record in batch:
        problem = _apply(kept, action, record)
        problems += [problem] if problem else []
    touched = [record for action, record in batch if action != "DELETE"]
    problems += [problem for record in touched for problem in _problems(record, list(kept.values()), rules)]
    problems += _missing_at_top(list(kept.values()), rules.zone)
    if problems:
        raise RefusalError("InvalidChangeBatch", list(dict.fromkeys(problems)))
    return list(kept.values())


def _check_form(action: str, record: Fields) -> None:
    """Refuse what is not a record set at all: it is Route 53's InvalidInput, at once."""
    identifier = record.get("SetIdentifier") or "null"
    where = f"Change with [Action={action}, Name={record['Name']}, Type={record['Type']}, SetIdentifier={identifier}]"
    unmodelled = [name for name in _UNMODELLED if name in record]
    if unmodelled:
        raise RefusalError("NotImplemented", [f"The lab does not answer by {unmodelled[0]}; nothing was changed."])
    plain = "TTL" in record and "ResourceRecords" in record
    some = "TTL" in record or "ResourceRecords" in record
    if "AliasTarget" in record and some:
        raise RefusalError("InvalidInput", [f"Invalid request: {_one_of('more than one')} in {where}"])
    if "AliasTarget" not in record and not plain:
        raise RefusalError("InvalidInput", [f"Invalid request: {_one_of('none')} in {where}"])
    policies = [name for name in _POLICIES if name in record]
    if policies and "SetIdentifier" not in record:
        raise RefusalError("InvalidInput", [f"Invalid request: Missing field 'SetIdentifier' in {where}"])
    if "SetIdentifier" in record and len(policies) != 1:
        found = "more than one" if policies else "none"
        expected = "Expected exactly one of [Weight, Region, Failover, GeoLocation, or MultiValueAnswer]"
        raise RefusalError("InvalidInput", [f"Invalid request: {expected}, but found {found} in {where}"])


def _name_problems(name: str) -> Iterator[str]:
    """Refuse names that are not written as Route 53 wants them: punycode, and octal codes for all other characters.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
    """
    labels = name.removesuffix(".").split(".")
    if any(not label for label in labels):
        yield f"FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with '{name}'"
    elif any(len(label) > _LONGEST_LABEL for label in labels):
        yield f"FATAL problem: DomainLabelTooLong (Domain label is too long) encountered with '{name}'"
    elif len(name) > _LONGEST_DOMAIN:
        yield f"FATAL problem: DomainNameTooLong (Domain name is too long) encountered with '{name}'"
    elif not _NAME.fullmatch(name):
        yield (f"FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with '{name}'")


def _one_of(found: str) -> str:
    return (
        "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], "
        f"but found {found}"
    )


def _apply(kept: dict[Key, Fields], action: str, record: Fields) -> str | None:
    """Make one change; return the reason if it can't be made."""
    key = key_of(record)
    identifier = f", set identifier='{key[2]}'" if key[2] else ""
    what = f"resource record set [name='{key[0]}', type='{key[1]}'{identifier}]"
    if action == "CREATE" and key in kept:
        return f"Tried to create {what} but it already exists"
    if action == "DELETE":
        if key not in kept:
            return f"Tried to delete {what} but it was not found"
        if _comparable(kept[key]) != _comparable(record):
            return f"Tried to delete {what} but the values provided do not match the current values"
        del kept[key]
        return None
    kept[key] = record
    return None


def _comparable(record: Fields) -> dict[str, Any]:
    return {
        **{name: str(value) for name, value in record.items() if name not in {"ResourceRecords", "AliasTarget"}},
        "AliasTarget": {name: str(value).lower() for name, value in record.get("AliasTarget", {}).items()},
        "ResourceRecords": sorted(value["Value"] for value in record.get("ResourceRecords", ())),
    }


def _problems(record: Fields, records: Sequence[Fields], rules: Rules) -> Iterator[str]:
    name, kind = record["Name"], record["Type"]
    if name != rules.zone and not name.endswith(f".{rules.zone}"):
        yield f"RRSet with DNS name {name} is not permitted in zone {rules.zone}"
        return
    yield from _value_problems(record)
    if "HealthCheckId" in record and record["HealthCheckId"] not in rules.checks:
        yield f"NoSuchHealthCheck: A health check with id {record['HealthCheckId']} does not exist."
    yield from _cname_problems(record, records, rules)
    yield from _sibling_problems(record, [other for other in records if (other["Name"], other["Type"]) == (name, kind)])
    if "AliasTarget" in record:
        problem = rules.alias_problem(record, records)
        if problem:
            yield problem


def _value_problems(record: Fields) -> Iterator[str]:
    for entry in record.get("ResourceRecords", ()):
        try:
            if record["Type"] == "TXT" and not (entry["Value"].startswith('"') and entry["Value"].endswith('"')):
                raise ValueError("no quotation marks")
            dns.rdata.from_text("IN", record["Type"], entry["Value"])
        except (dns.exception.DNSException, ValueError) as error:
            problem = _PROBLEMS.get(record["Type"], f"InvalidRRData (Value is not valid for {record['Type']}: {error})")
            yield f"FATAL problem: {problem} encountered with '{entry['Value']}'"


def _cname_problems(record: Fields, records: Sequence[Fields], rules: Rules) -> Iterator[str]:
    name = record["Name"]
    if record["Type"] == "CNAME" and name == rules.zone:
        yield f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {rules.zone}"
        return
    types = {other["Type"] for other in records if other["Name"] == name}
    if "CNAME" in types and len(types) > 1:
        yield (
            f"RRSet of type {record['Type']} with DNS name {name} is not permitted as it conflicts with other records "
            f"with the same DNS name in zone {rules.zone}"
        )


def _sibling_problems(record: Fields, same: Sequence[Fields]) -> Iterator[str]:
    """Hold a record against those of its name and type: all of one policy, one of each failover."""
    name, kind, identifier = key_of(record)
    what = f"RRSet with DNS name {name}, type {kind}"
    if any(_policy(other) != _policy(record) for other in same):
        who = f", SetIdentifier {identifier}" if identifier else ""
        yield f"{what}{who} cannot be created as other RRSets exist with the same name and type."
    failover = record.get("Failover")
    if failover and sum(other.get("Failover") == failover for other in same) > 1:
        yield (
            f"{what}, SetIdentifier {identifier}, and Failover={failover} cannot be created because a failover RRSet "
            "with the same name, type and failover already exists."
        )


def _policy(record: Fields) -> str:
    return next((name for name in _POLICIES if name in record), "")


def _missing_at_top(records: Sequence[Fields], zone: str) -> Iterator[str]:
    types = {record["Type"] for record in records if record["Name"] == zone}
    if "SOA" not in types:
        yield "A HostedZone must contain exactly one SOA record."
    if "NS" not in types:
        yield "A HostedZone must contain at least one NS record for the zone itself."


def page(records: Sequence[Fields], start: tuple[str, str, str], size: int) -> tuple[list[Fields], Fields | None]:
    """Return the record sets from a start on, in Route 53's order, and the first one of the next page.

    Names are ordered by their labels from the right:
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html
    """
    name, kind, identifier = start
    first = (name_order(_dotted(name.replace("*", "\\052"))) if name else (), kind, identifier)
    ordered = sorted(records, key=_sort_key)
    rest = [record for record in ordered if _sort_key(record) >= first]
    return rest[:size], rest[size] if len(rest) > size else None


def _sort_key(record: Fields) -> tuple[tuple[str, ...], str, str]:
    name, kind, identifier = key_of(record)
    return name_order(name), kind, identifier


def name_order(name: str) -> tuple[str, ...]:
    """Return what Route 53 orders names by: their labels from the right."""
    return tuple(reversed(name.lower().rstrip(".").split(".")))
