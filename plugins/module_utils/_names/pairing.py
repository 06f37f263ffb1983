# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A name's failover pair: read, compared, and written by one change."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

from .._aws import ChangeResult, failure
from .._settings.error import SettingsError
from .._settings.names import check_name
from . import reading, records
from .text import NamesError


def ensure(
    route53: t.Any, params: Mapping[str, t.Any], check_mode: bool, warn: t.Callable[[str], None] = lambda _: None
) -> ChangeResult:
    """Give the name its pair, or put back what was there before."""
    name, zone = params["name"], params["hosted_zone_id"]
    try:
        check_name(params["site"])
        there = [*reading.records_at(route53, zone, name), *reading.records_at(route53, zone, f"{records.KEPT}.{name}")]
        changes = _changes(params, there)
    except (NamesError, SettingsError) as error:
        raise failure(str(error)) from error
    if changes and not check_mode:
        _write(route53, zone, name, changes, warn)
    return ChangeResult(bool(changes), _shown(name, there), _shown(name, _after(there, changes)))


def _changes(params: Mapping[str, t.Any], there: list[records.RecordSet]) -> list[records.Change]:
    name, site = params["name"], params["site"]
    if params["state"] == "absent":
        return records.changes_back(name, there, site)
    targets = records.Targets(
        params["load_balancer_name"],
        params["load_balancer_zone_id"],
        params["distribution_domain_name"],
        params["health_check_id"],
    )
    return records.changes_for(name, there, records.pair(name, targets), site, params["take_over"])


def _write(route53: t.Any, zone: str, name: str, changes: list[records.Change], warn: t.Callable[[str], None]) -> None:
    try:
        reading.change_records(route53, zone, changes)
    except AnsibleAWSError as error:
        restored = [change["ResourceRecordSet"] for change in changes if change["Action"] == "CREATE"]
        removed = [change for change in changes if _is_own_deletion(change, name)]
        if not reading.refused(error) or len(removed) == len(changes) or not _is_way_back(changes):
            raise
        # What was there before can lead to something that is gone by now.
        reading.change_records(route53, zone, removed)
        told = " and ".join(records.describe(record) for record in restored)
        warn(
            f"{name} had {told} before, which Route 53 does not take any more ({error}); its TXT record "
            f"{records.KEPT}.{name} keeps it."
        )


def _is_way_back(changes: Iterable[records.Change]) -> bool:
    return all(change["Action"] in ("DELETE", "CREATE") for change in changes) and any(
        change["Action"] == "DELETE" and change["ResourceRecordSet"]["Type"] == "TXT" for change in changes
    )


def _is_own_deletion(change: records.Change, name: str) -> bool:
    return change["Action"] == "DELETE" and records.plain(change["ResourceRecordSet"]["Name"]) == name


def _after(there: list[records.RecordSet], changes: list[records.Change]) -> list[records.RecordSet]:
    def key(record: records.RecordSet) -> tuple[str, str, str]:
        return records.plain(record["Name"]), record["Type"], record.get("SetIdentifier", "")

    found = {key(record): record for record in there}
    for change in changes:
        record = change["ResourceRecordSet"]
        found.pop(key(record), None)
        if change["Action"] != "DELETE":
            found[key(record)] = record
    return list(found.values())


def _shown(name: str, found: Iterable[records.RecordSet]) -> dict[str, t.Any]:
    told = [_words(record) for record in records.at(name, found) if record["Type"] in records.ADDRESSES]
    return {"name": name, "record_sets": sorted(told)}


def _words(record: records.RecordSet) -> str:
    check = record.get("HealthCheckId")
    return records.describe(record) + (f", health check {check}" if check else "")
