# SPDX-License-Identifier: GPL-3.0-or-later
"""Route 53 as AWS has it: hosted zones with name servers of their own, change batches refused when wrong."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.route53 import urls
from moto.route53.exceptions import HostedZoneNotEmpty, Route53ClientError
from moto.route53.models import DelegationSet, FakeZone, RecordSet, Route53Backend
from moto.route53.responses import Route53

from lab.api.moto.extension import adds, replaces
from lab.api.moto.paging import TokenError
from lab.api.moto.paging import page as pages
from lab.api.services.route53 import changes, checks, dnssec, domains, query_logs
from lab.api.services.route53.changes import fresh_id
from lab.api.services.route53.records import Fields, RefusalError, Rules, change, name_order, page
from lab.context import Context
from lab.world.balancer import load_balancer
from lab.world.names import names
from lab.world.names.answers import View, answer
from lab.world.names.health import balancer_name
from lab.world.names.registry import pick_name_servers

_DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+\Z", re.IGNORECASE)
_FIELDS = {
    "Name": "name",
    "Type": "type",
    "TTL": "ttl",
    "SetIdentifier": "set_identifier",
    "Weight": "weight",
    "Failover": "failover",
    "MultiValueAnswer": "multi_value_answer",
    "HealthCheckId": "health_check_id",
    "AliasTarget": "alias_target",
}


class InvalidChangeBatchError(Route53ClientError):  # moto is not typed
    """A batch that Route 53 refuses, with every reason in `messages`."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__("InvalidChangeBatch", f"[{', '.join(messages)}]")
        self.messages = list(messages)


def extend(context: Context) -> None:
    """Put AWS's rules for hosted zones, records and health checks into moto."""
    # moto routes only the paths it knows; with this one an operation that nobody knows is refused as such.
    urls.url_paths["{0}/(?P<api_version>[\\d_-]+)/(?P<lab_path>.+)$"] = Route53.dispatch
    _zones()
    _query_logging()
    _records(context)
    _test_answer(context)
    changes.extend(context)
    checks.extend(context)
    dnssec.extend(context)
    domains.extend(context)
    query_logs.extend(context)


def _zones() -> None:
    @replaces(Route53Backend, "create_reusable_delegation_set")
    def create_reusable_delegation_set(
        _original: Callable[..., Any],
        self: Any,
        caller_reference: str,
        delegation_set_id: str | None = None,
        hosted_zone_id: str | None = None,
    ) -> DelegationSet:
        servers = self.get_hosted_zone(hosted_zone_id).delegation_set.name_servers if hosted_zone_id else None
        chosen = servers or list(pick_name_servers(caller_reference, ()) or ())
        made = DelegationSet(caller_reference, chosen, delegation_set_id or fresh_id("N"))
        self.delegation_sets[made.id] = made
        return made

    @replaces(Route53Backend, "create_hosted_zone")
    def create_hosted_zone(
        _original: Callable[..., Any],
        self: Any,
        name: str,
        private_zone: bool,
        caller_reference: str | None = None,
        vpcid: str | None = None,
        vpcregion: str | None = None,
        comment: str | None = None,
        delegation_set_id: str | None = None,
    ) -> FakeZone:
        name = f"{name.lower().rstrip('.')}."
        # https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html: not for a top-level domain
        if name.count(".") == 1 and not private_zone:
            raise Route53ClientError("InvalidDomainName", f"{name} is reserved by AWS!")
        if not _DOMAIN.match(name):
            raise Route53ClientError("InvalidDomainName", f"{name} is not a valid domain name.")
        if caller_reference and any(zone.caller_reference == caller_reference for zone in self.zones.values()):
            raise Route53ClientError(
                "HostedZoneAlreadyExists",
                f"A hosted zone has already been created with the specified caller reference: {caller_reference}",
            )
        if self._has_prev_conflicting_domain(name, delegation_set_id):
            raise Route53ClientError("ConflictingDomainExists", f"{name} conflicts with a zone of the delegation set.")
        zone_id = fresh_id("Z")
        servers = (
            self.get_reusable_delegation_set(delegation_set_id)
            if delegation_set_id
            else _own_servers(self, zone_id, name)
        )
        zone = FakeZone(name, zone_id, private_zone, caller_reference or zone_id, comment, servers)
        own = [f"{server}." for server in servers.name_servers]
        soa = f"{own[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
        # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/SOA-NSrecords.html
        zone.add_rrset({"Name": name, "Type": "NS", "TTL": 172800, "ResourceRecords": own})
        zone.add_rrset({"Name": name, "Type": "SOA", "TTL": 900, "ResourceRecords": [soa]})
        zone.add_vpc(vpcid, vpcregion)
        self.zones[zone_id] = zone
        return zone

    @replaces(Route53Backend, "delete_hosted_zone")
    def delete_hosted_zone(original: Callable[..., Any], self: Any, id_: str) -> Any:
        """Refuse a zone that delegates to another one, which moto takes for an empty one.

        https://docs.aws.amazon.com/Route53/latest/APIReference/API_DeleteHostedZone.html
        """
        zone = self.get_hosted_zone(id_)
        if any(rrset.type == "NS" and names.plain(rrset.name) != names.plain(zone.name) for rrset in zone.rrsets):
            raise HostedZoneNotEmpty
        dnssec.demand_no_keys(zone)
        return original(self, id_)

    @replaces(Route53Backend, "list_hosted_zones_by_name")
    def list_hosted_zones_by_name(
        _original: Callable[..., Any], self: Any, dnsname: str | None
    ) -> tuple[str | None, list[FakeZone]]:
        """Return the zones from a name on, ordered by their labels from the right."""
        start = name_order(dnsname) if dnsname else ()
        found = sorted(self.zones.values(), key=lambda zone: (name_order(zone.name), zone.resource_id))
        return dnsname, [zone for zone in found if name_order(zone.name) >= start]


def _query_logging() -> None:
    @replaces(Route53, "list_query_logging_configs")
    def list_query_logging_configs(_original: Callable[..., Any], self: Any) -> ActionResult:
        """Tell one zone's configuration, by the id without a prefix; moto tells all, and knows no such id.

        https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListQueryLoggingConfigs.html
        """
        zone = str(self._get_param("HostedZoneId") or "").rpartition("/")[2]
        if zone:
            self.backend.get_hosted_zone(zone)
        known = [
            config for config in self.backend.query_logging_configs.values() if zone in ("", config.hosted_zone_id)
        ]
        try:
            found, token = pages(known, self._get_param("NextToken"), self._get_int_param("MaxResults", 100))
        except TokenError as error:
            raise Route53ClientError("InvalidPaginationToken", str(error)) from error
        return ActionResult({"QueryLoggingConfigs": found, "NextToken": token})


def _own_servers(backend: Any, zone_id: str, name: str) -> DelegationSet:
    taken = [
        server
        for zone in backend.zones.values()
        if zone.name == name and not zone.private_zone
        for server in zone.delegation_set.name_servers
    ]
    chosen = pick_name_servers(zone_id, taken)
    if chosen is None:
        raise Route53ClientError(
            "DelegationSetNotAvailable",
            f"Route 53 has no name servers left that serve no zone named {name} yet; delete one of those zones.",
        )
    made = DelegationSet(f"DelSet_{name}", list(chosen), None)
    # Only reusable delegation sets have an id.
    made.id = ""
    return made


def _fields(record: RecordSet) -> Fields:
    found = {name: getattr(record, attribute) for name, attribute in _FIELDS.items()}
    values = [{"Value": value} for value in record.records or ()]
    return {name: value for name, value in found.items() if value is not None} | (
        {"ResourceRecords": values} if values else {}
    )


def _record_set(fields: Fields) -> RecordSet:
    return RecordSet({**fields, "ResourceRecords": [record["Value"] for record in fields.get("ResourceRecords", ())]})


def _records(context: Context) -> None:
    @replaces(Route53Backend, "change_resource_record_sets")
    def change_resource_record_sets(
        _original: Callable[..., Any], self: Any, zoneid: str, change_list: list[dict[str, Any]]
    ) -> None:
        zone = self.get_hosted_zone(zoneid)
        known = _known(context)
        rules = Rules(
            zone=zone.name,
            checks=frozenset(self.health_checks),
            alias_problem=lambda record, records: _alias_problem(record, records, zone, known),
        )
        try:
            changed = change([_fields(record) for record in zone.rrsets], change_list, rules)
        except RefusalError as refusal:
            if refusal.code == "InvalidChangeBatch":
                raise InvalidChangeBatchError(refusal.messages) from refusal
            raise Route53ClientError(refusal.code, str(refusal)) from refusal
        before, zone.rrsets = zone.rrsets, [_record_set(fields) for fields in changed]
        changes.propagate(context, zone, before, change_list)

    @replaces(Route53, "list_resource_record_sets")
    def list_resource_record_sets(_original: Callable[..., Any], self: Any) -> ActionResult:
        name, kind, identifier = (
            self._get_param(f"StartRecord{part}") or "" for part in ("Name", "Type", "Identifier")
        )
        if (kind and not name) or (identifier and not kind):
            raise Route53ClientError("InvalidInput", "The input is not valid")
        size = min(self._get_int_param("MaxItems", 300), 300)
        zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
        found, following = page([_fields(rrset) for rrset in zone.rrsets], (name, kind, identifier), size)
        result: dict[str, Any] = {
            "ResourceRecordSets": found,
            "IsTruncated": following is not None,
            "MaxItems": size,
        }
        if following:
            result["NextRecordName"] = following["Name"]
            result["NextRecordType"] = following["Type"]
            result["NextRecordIdentifier"] = following.get("SetIdentifier")
        return ActionResult(result)


def _known(context: Context) -> names.Names:
    """Return the world's names as they are in this very call."""
    backends = context.backends
    distributions = backends.at("cloudfront", "aws").distributions.values()
    return names.collect(
        backends, load_balancer.describe(backends), [distribution.domain_name for distribution in distributions], ()
    )


def _alias_problem(record: Fields, records: Sequence[Fields], zone: FakeZone, known: names.Names) -> str | None:
    """Return why an alias target is none, in Route 53's words.

    https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
    """
    target, kind = record["AliasTarget"], record["Type"]
    name, zone_id = target["DNSName"], target["HostedZoneId"]
    what = f"Tried to create an alias that targets {name}, type {kind} in zone {zone_id}, but "
    outside = f"{what}the alias target name does not lie within the target zone"
    missing = f"{what}that target was not found"
    short = names.plain(name)
    if zone_id == names.CLOUDFRONT_ZONE:
        if str(target.get("EvaluateTargetHealth")).lower() == "true":
            return f"EvaluateTargetHealth cannot be true for {name}: the alias target is a CloudFront distribution."
        if not short.endswith(".cloudfront.net"):
            return outside
        return None if short in known.distributions else missing
    if zone_id == zone.resource_id:
        if name != zone.name and not name.endswith(f".{zone.name}"):
            return outside
        return None if any((record["Name"], record["Type"]) == (name, kind) for record in records) else missing
    balancer = known.balancer_by_name.get(balancer_name(short))
    if balancer is None:
        return f"{outside}, {missing}"
    return None if balancer.zone_id == zone_id else outside


def _test_answer(context: Context) -> None:
    @adds(Route53, "test_dns_answer")
    def test_dns_answer(self: Any) -> ActionResult:
        """Answer as the zone's name server would now."""
        zone_id, name, kind = (self._get_param(key) for key in ("HostedZoneId", "RecordName", "RecordType"))
        self.backend.get_hosted_zone(zone_id)
        known = _known(context)
        zone = known.zone_by_id[zone_id.removeprefix("/hostedzone/")]
        view = View(known, context.observed, random.random())  # noqa: S311  # a draw, not a secret
        found = answer(view, {zone.name: zone}, names.plain(name), kind)
        return ActionResult(
            {
                "Nameserver": zone.nameservers[0] if zone.nameservers else "",
                "RecordName": f"{names.plain(name)}.",
                "RecordType": kind,
                "RecordData": [line.value for line in found.answer],
                "ResponseCode": found.code,
                "Protocol": "UDP",
            }
        )
