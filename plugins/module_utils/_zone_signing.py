# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""DNSSEC signing of hosted zones, by a key-signing key (KSK) of the site's, in the order in which nobody is locked out.

A DS record may come only when no resolver has an unsigned answer of the zone any more. So the hosted zone keeps from
when on in a tag, which outlives a run that is interrupted:
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-configuring-dnssec-enable-signing.html
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from ._aws import UNKNOWN, ChangeResult, acceptor, aws_call, failure, tag_dict, tag_list, waited
from ._resource import Resource

AFTER_TAG = "hasite:ds-after"
REMOVED_TAG = "hasite:ds-removed"
"""When the DS record was removed, and after how many seconds no resolver has it any more."""
LONGEST_TTL = 7 * 86400
"""Of signed zones: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-configuring-dnssec.html"""
_SHOWN = {
    "name": "Name",
    "kms_key_arn": "KmsArn",
    "status": "Status",
    "status_message": "StatusMessage",
    "key_tag": "KeyTag",
    "ds_record": "DSRecord",
    "public_key": "PublicKey",
    "flags": "Flag",
    "algorithm": "SigningAlgorithmType",
}


@aws_call("read whether the hosted zone {zone_id} is signed")
def read_signing(client: t.Any, zone_id: str) -> Resource:
    """Return a hosted zone's `status`, such as `SIGNING`, and its `keys`."""
    found = client.get_dnssec(HostedZoneId=zone_id)
    keys = [{ours: key.get(theirs) for ours, theirs in _SHOWN.items()} for key in found.get("KeySigningKeys", [])]
    return {"status": found["Status"]["ServeSignature"], "keys": keys}


@aws_call("read the tags of the hosted zone {zone_id}")
def read_tags(client: t.Any, zone_id: str) -> dict[str, str]:
    """Return a hosted zone's tags."""
    found = client.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id)
    return tag_dict(found["ResourceTagSet"].get("Tags", []))


@aws_call("tag the hosted zone {zone_id}")
def write_tags(client: t.Any, zone_id: str, added: Mapping[str, str], removed: tuple[str, ...] = ()) -> None:
    """Add tags to a hosted zone and remove others."""
    changes: Resource = {"AddTags": tag_list(added)} if added else {}
    changes |= {"RemoveTagKeys": list(removed)} if removed else {}
    client.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id, **changes)


@aws_call("make the key-signing key {name} of the hosted zone {zone_id}")
def _create(client: t.Any, zone_id: str, name: str, key_arn: str) -> Resource:
    return t.cast(
        "Resource",
        client.create_key_signing_key(
            CallerReference=f"{name}-{key_arn.rpartition('/')[2]}",
            HostedZoneId=zone_id,
            KeyManagementServiceArn=key_arn,
            Name=name,
            Status="ACTIVE",
        ),
    )


@aws_call("activate the key-signing key {name} of the hosted zone {zone_id}")
def _activate(client: t.Any, zone_id: str, name: str) -> Resource:
    return t.cast("Resource", client.activate_key_signing_key(HostedZoneId=zone_id, Name=name))


@aws_call("deactivate the key-signing key {name} of the hosted zone {zone_id}")
def _deactivate(client: t.Any, zone_id: str, name: str) -> Resource:
    return t.cast("Resource", client.deactivate_key_signing_key(HostedZoneId=zone_id, Name=name))


@aws_call("delete the key-signing key {name} of the hosted zone {zone_id}")
def _delete(client: t.Any, zone_id: str, name: str) -> Resource:
    return t.cast("Resource", client.delete_key_signing_key(HostedZoneId=zone_id, Name=name))


@aws_call("switch the DNSSEC signing of the hosted zone {zone_id} on")
def _enable(client: t.Any, zone_id: str) -> Resource:
    return t.cast("Resource", client.enable_hosted_zone_dnssec(HostedZoneId=zone_id))


@aws_call("switch the DNSSEC signing of the hosted zone {zone_id} off")
def _disable(client: t.Any, zone_id: str) -> Resource:
    return t.cast("Resource", client.disable_hosted_zone_dnssec(HostedZoneId=zone_id))


def wait_for(client: t.Any, answer: Mapping[str, t.Any], zone_id: str, timeout: int) -> None:
    """Wait until all of Route 53's servers have a change."""
    change = answer["ChangeInfo"]["Id"].rpartition("/")[2]
    if not waited(client, "GetChange", [acceptor("ChangeInfo.Status", "INSYNC")], timeout, 5, Id=change):
        raise failure(
            f"Not all name servers of the hosted zone {zone_id} have the change {change} within {timeout} seconds; "
            "run this again."
        )


def utc(text: str) -> datetime:
    """Return the moment that a tag tells."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def stamp(moment: datetime) -> str:
    """Return a moment as tags tell it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def left_of(removed: str | None, now: datetime) -> int:
    """Return for how many seconds resolvers may still have a DS record, by the tag about its removal."""
    if not removed:
        return 0
    moment, dummy, seconds = removed.partition("/")
    return max(0, int((utc(moment) + timedelta(seconds=int(seconds)) - now).total_seconds() + 0.999))


def now_utc() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def shown(signing: Resource, name: str, tags: Mapping[str, str], now: datetime) -> Resource:
    """Return a zone's signing as the module returns it."""
    key = next((key for key in signing["keys"] if key["name"] == name), None)
    after = tags.get(AFTER_TAG)
    return {
        "status": signing["status"],
        "key": key,
        "ds_after": after,
        "ds_possible": bool(key) and (after is None or now >= utc(after)),
        "ds_left": left_of(tags.get(REMOVED_TAG), now),
    }


def ensure(
    client: t.Any,
    params: Mapping[str, t.Any],
    check_mode: bool,
    warn: Callable[[str], None],
    now: Callable[[], datetime] = now_utc,
) -> ChangeResult:
    """Have a hosted zone signed by the site's key, or no longer; what others have signed is left alone."""
    zone_id, name = params["hosted_zone_id"], params["name"]
    signing, tags = read_signing(client, zone_id), read_tags(client, zone_id)
    before = shown(signing, name, tags, now())
    if params["state"] == "absent":
        return _end(client, params, before, signing, check_mode, now)
    if not before["key"] and signing["status"] not in ("NOT_SIGNING", "DELETING"):
        warn(f"The hosted zone {zone_id} is signed already by keys that are not the site's, so they stay.")
        return ChangeResult(False, before, before)
    return _begin(client, params, before, check_mode, now)


def _begin(
    client: t.Any, params: Mapping[str, t.Any], before: Resource, check_mode: bool, now: Callable[[], datetime]
) -> ChangeResult:
    zone_id, name, timeout = params["hosted_zone_id"], params["name"], params["wait_timeout"]
    key, off = before["key"], before["status"] in ("NOT_SIGNING", "DELETING")
    inactive = bool(key) and key["status"] == "INACTIVE"
    if key and not off and not inactive:
        return ChangeResult(False, before, before)
    if check_mode:
        made = key or {"name": name, "status": "ACTIVE", "kms_key_arn": params["kms_key_arn"], "ds_record": UNKNOWN}
        return ChangeResult(True, before, {**before, "status": "SIGNING", "key": {**made, "status": "ACTIVE"}})
    if not key:
        wait_for(client, _create(client, zone_id, name, params["kms_key_arn"]), zone_id, timeout)
    elif inactive:
        wait_for(client, _activate(client, zone_id, name), zone_id, timeout)
    if off:
        wait_for(client, _enable(client, zone_id), zone_id, timeout)
        kept = timedelta(seconds=min(params["unsigned_ttl"], LONGEST_TTL))
        write_tags(client, zone_id, {AFTER_TAG: stamp(now() + kept)}, (REMOVED_TAG,))
    after = shown(read_signing(client, zone_id), name, read_tags(client, zone_id), now())
    return ChangeResult(True, before, after)


def _end(
    client: t.Any,
    params: Mapping[str, t.Any],
    before: Resource,
    signing: Resource,
    check_mode: bool,
    now: Callable[[], datetime],
) -> ChangeResult:
    zone_id, name, timeout = params["hosted_zone_id"], params["name"], params["wait_timeout"]
    key = before["key"]
    if not key:
        return ChangeResult(False, before, before)
    others = [key for key in signing["keys"] if key["name"] != name and key["status"] == "ACTIVE"]
    last = signing["status"] not in ("NOT_SIGNING", "DELETING") and not others
    after = {**before, "key": None, "ds_possible": False, "status": "NOT_SIGNING" if last else before["status"]}
    if check_mode:
        return ChangeResult(True, before, after)
    if last:
        wait_for(client, _disable(client, zone_id), zone_id, timeout)
    if key["status"] != "INACTIVE":
        wait_for(client, _deactivate(client, zone_id, name), zone_id, timeout)
    wait_for(client, _delete(client, zone_id, name), zone_id, timeout)
    write_tags(client, zone_id, {}, (AFTER_TAG, REMOVED_TAG))
    return ChangeResult(True, before, shown(read_signing(client, zone_id), name, read_tags(client, zone_id), now()))
