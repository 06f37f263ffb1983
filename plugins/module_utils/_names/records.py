# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""The record sets of a site's names: which are the site's, which stand in the way, and how they are replaced.

Record sets are dictionaries as Route 53's API has them, with names that end in a dot.
"""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .text import NamesError

RecordSet = dict[str, t.Any]
Change = dict[str, t.Any]

ADDRESSES = ("A", "AAAA", "CNAME", "HTTPS", "SVCB")
"""The types that decide where visitors of a name go."""
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
"""Every distribution's alias is in this zone (https://docs.aws.amazon.com/general/latest/gr/cf_region.html)."""
KEPT = "_hasite-replaced"
"""The label below which a TXT record keeps what was replaced, in the same zone and by the same change."""
_IDENTIFIERS = {"PRIMARY": "primary", "SECONDARY": "secondary"}
_BALANCER = re.compile(r"(?:dualstack\.)?(?P<name>[a-z0-9-]+)-[0-9a-z]+\.[a-z0-9-]+\.elb\.amazonaws\.com\Z")
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html#TXTFormat
_STRING, _LONGEST = 255, 4000


@dataclass(frozen=True)
class Targets:
    """Where a site's names lead: to the load balancer while it is healthy, else to the distribution."""

    load_balancer: str
    load_balancer_zone: str
    distribution: str
    health_check: str | None


def plain(name: object) -> str:
    """Return a name in small letters without its final dot."""
    return str(name or "").rstrip(".").lower()


def at(name: str, records: Iterable[RecordSet]) -> list[RecordSet]:
    """Return the record sets of a name."""
    return [record for record in records if plain(record["Name"]) == name]


def is_sites(record: RecordSet, site: str) -> bool:
    """Tell whether a record set is one of a site's failover pairs.

    A pair of another site of the account has the same identifiers, but leads to a load balancer of another name.
    """
    failover = record.get("Failover")
    if record["Type"] != "A" or failover not in _IDENTIFIERS or record.get("SetIdentifier") != _IDENTIFIERS[failover]:
        return False
    balancer = _BALANCER.match(plain((record.get("AliasTarget") or {}).get("DNSName")))
    return balancer is None or balancer["name"] in (site, f"internal-{site}")


def foreign(name: str, records: Iterable[RecordSet], site: str) -> list[RecordSet]:
    """Return the record sets of a name that stand in the site's way: those that lead visitors elsewhere."""
    found = at(name, records)
    others = [record for record in found if record["Type"] in ADDRESSES and not is_sites(record, site)]
    # Another site's SECONDARY leads to a distribution, as ours does, so it goes by its PRIMARY.
    if any(record.get("Failover") == "PRIMARY" for record in others):
        return [record for record in found if record["Type"] in ADDRESSES]
    return others


def describe(record: Mapping[str, t.Any]) -> str:
    """Return a record set in words: `CNAME to shop.example.net`."""
    values = [str(value["Value"]) for value in record.get("ResourceRecords") or ()]
    target = plain((record.get("AliasTarget") or {}).get("DNSName")) or ", ".join(values)
    label = f" ({record['SetIdentifier']})" if record.get("SetIdentifier") else ""
    return f"{record['Type']} to {target}{label}"


def pair(name: str, targets: Targets) -> list[RecordSet]:
    """Return the failover pair of a name (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-types.html)."""

    def one(failover: str, target: str, zone: str, evaluate: bool) -> RecordSet:
        return {
            "Name": f"{name}.",
            "Type": "A",
            "SetIdentifier": _IDENTIFIERS[failover],
            "Failover": failover,
            "AliasTarget": {"HostedZoneId": zone, "DNSName": f"{plain(target)}.", "EvaluateTargetHealth": evaluate},
        }

    primary = one("PRIMARY", targets.load_balancer, targets.load_balancer_zone, True)
    if targets.health_check:
        primary["HealthCheckId"] = targets.health_check
    return [primary, one("SECONDARY", targets.distribution, CLOUDFRONT_ZONE, False)]


def comparable(record: Mapping[str, t.Any]) -> RecordSet:
    """Return a record set so that equal ones are equal, also where the console has written `dualstack.`."""
    alias = record.get("AliasTarget") or {}
    values = sorted(str(value["Value"]) for value in record.get("ResourceRecords") or ())
    kept = {key: value for key, value in record.items() if key not in ("AliasTarget", "ResourceRecords") and value}
    return {
        **kept,
        "Name": plain(record["Name"]),
        "AliasTarget": {**alias, "DNSName": plain(alias.get("DNSName")).removeprefix("dualstack.")} if alias else None,
        "ResourceRecords": values,
    }


def changes_for(
    name: str, records: Sequence[RecordSet], wanted: Sequence[RecordSet], site: str, replace: bool
) -> list[Change]:
    """Return the changes of one batch that give a name its pair; with `replace`, in the place of what was there.

    Raises NamesError if something is there that is not the site's, and may not be replaced.
    """
    others = foreign(name, records, site)
    if others and not replace:
        raise NamesError(in_the_way(name, others))
    own = [record for record in at(name, records) if is_sites(record, site) and record not in others]
    changes: list[Change] = [_change("DELETE", record) for record in others]
    if others:
        changes.append(_change("UPSERT", kept_record(name, [*restorable(name, records), *others])))
    present = {record["SetIdentifier"]: comparable(record) for record in own}
    for record in wanted:
        if present.get(record["SetIdentifier"]) != comparable(record):
            changes.append(_change("UPSERT" if record["SetIdentifier"] in present else "CREATE", record))
    return changes


def changes_back(name: str, records: Sequence[RecordSet], site: str) -> list[Change]:
    """Return the changes of one batch that take a name's pair away, and put back what it replaced."""
    own = [
        record for record in at(name, records) if is_sites(record, site) and record not in foreign(name, records, site)
    ]
    memory = at(f"{KEPT}.{name}", records)
    back = restorable(name, records)
    # Whoever put another record there meanwhile has decided already where the name leads.
    taken = foreign(name, records, site)
    return [
        *(_change("DELETE", record) for record in (*own, *memory)),
        *(_change("CREATE", record) for record in back if not taken),
    ]


def _change(action: str, record: RecordSet) -> Change:
    return {"Action": action, "ResourceRecordSet": record}


def in_the_way(name: str, others: Sequence[RecordSet]) -> str:
    """Say which records of a name are not the site's, and what to do."""
    found = " and ".join(describe(record) for record in others)
    return (
        f"{name} has a record that is not the site's: {found}; delete it, or set site_take_over to true, which "
        "replaces it in one change when everything else is ready."
    )


# ---- what was replaced


def kept_record(name: str, replaced: Sequence[RecordSet]) -> RecordSet:
    """Return the TXT record that keeps replaced record sets as JSON.

    Raises NamesError if they are too long for it.
    """
    text = json.dumps(replaced, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    pieces = [text[start : start + _STRING] for start in range(0, len(text), _STRING)]
    value = " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)
    if len(value) > _LONGEST:
        raise NamesError(
            f"The records of {name} are too many to be kept for the way back; delete those that are not needed first."
        )
    return {"Name": f"{KEPT}.{name}.", "Type": "TXT", "TTL": 300, "ResourceRecords": [{"Value": value}]}


def restorable(name: str, records: Iterable[RecordSet]) -> list[RecordSet]:
    """Return the record sets that a name's TXT record keeps; none if there is no such record, or it is not ours."""
    texts = [
        "".join(re.sub(r"\\(.)", r"\1", piece) for piece in re.findall(r'"((?:[^"\\]|\\.)*)"', value["Value"]))
        for record in at(f"{KEPT}.{name}", records)
        for value in record.get("ResourceRecords") or ()
    ]
    found: list[RecordSet] = []
    for text in texts:
        try:
            found += json.loads(text)
        except ValueError:
            continue
    return found
