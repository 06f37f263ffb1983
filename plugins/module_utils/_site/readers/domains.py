# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A site's hosted zones, health checks and certificates."""

from __future__ import annotations

import contextlib
import typing as t

from ... import _acm
from ..._asking import AWS_ERRORS, asked, in_pieces, listed
from ..._names.reading import holding, list_records
from ..._resource import Resource
from ..names import certified
from ..scope import GLOBAL_REGION, ReadScope


def read_hosted_zones(scope: ReadScope) -> list[Resource]:
    """Return the account's public hosted zones that hold one of the site's names, with their records."""
    names = list(scope.names)
    if scope.certified:
        with contextlib.suppress(*AWS_ERRORS):  # told by the certificates' own reader
            names += certified(read_certificates(scope))
    if not names:
        return []
    client = scope.client("route53", GLOBAL_REGION)
    return [_whole_zone(client, zone) for zone in holding(client, names)]


def _whole_zone(client: t.Any, zone: Resource) -> Resource:
    zone_id = zone["Id"].rpartition("/")[2]
    return {
        **zone,
        "NameServers": asked(client.get_hosted_zone, Id=zone_id).get("DelegationSet", {}).get("NameServers", []),
        "Records": list_records(client, zone_id),
        "Tags": _route53_tags(client, "hostedzone", [zone_id]).get(zone_id, []),
    }


def _route53_tags(client: t.Any, kind: str, ids: list[str]) -> dict[str, t.Any]:
    tags: dict[str, t.Any] = {}
    for piece in in_pieces(ids, 10):
        answer = asked(client.list_tags_for_resources, ResourceType=kind, ResourceIds=piece)
        tags |= {tagged["ResourceId"]: tagged.get("Tags", []) for tagged in answer["ResourceTagSets"]}
    return tags


def read_health_checks(scope: ReadScope) -> list[Resource]:
    """Return the health checks with their checkers' verdicts."""
    client = scope.client("route53", GLOBAL_REGION)
    found = listed(client, "list_health_checks", "HealthChecks")
    tags = _route53_tags(client, "healthcheck", [check["Id"] for check in found])
    tagged = [{**check, "Tags": tags.get(check["Id"], [])} for check in found]
    return [{**check, "Observations": _observations(client, check)} for check in scope.owned(tagged)]


def _observations(client: t.Any, check: Resource) -> list[Resource]:
    if check.get("HealthCheckConfig", {}).get("Type") in ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"):
        return []  # nobody probes for these, and Route 53 refuses the question
    answer = asked(client.get_health_check_status, HealthCheckId=check["Id"])
    return t.cast("list[Resource]", answer.get("HealthCheckObservations", []))


def read_certificates(scope: ReadScope) -> list[Resource]:
    """Return the certificates of both regions."""
    return scope.once("certificates", _certificates)


def _certificates(scope: ReadScope) -> list[Resource]:
    found, others = [], set()
    for region in scope.everywhere():
        client = scope.client("acm", region)
        for summary in _acm.list_certificates(client):
            certificate = _acm.read(client, summary["CertificateArn"])
            if certificate and scope.owns(certificate["tags"]):
                found.append({**certificate, "certificate_arn": certificate["arn"], "region": region})
            elif certificate and certificate["status"] in _acm.USABLE:
                others |= _validation_records(certificate)
    return [
        {**certificate, "records_of_others": sorted(others & _validation_records(certificate))} for certificate in found
    ]


def _validation_records(certificate: Resource) -> set[str]:
    options = certificate["domain_validation_options"]
    return {option["resource_record"]["name"] for option in options if option["resource_record"]}
