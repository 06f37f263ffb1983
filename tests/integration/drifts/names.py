# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of names: certificates, records, the health check."""

from __future__ import annotations

import copy
from typing import Any

from tests.integration.drifts.account import Account, Drift

PAIR = "Answer with the load balancer while it is healthy, else with the error page (www.hasite.test)"
CHECK = "Create the health check on the load balancer's own name"


def primary_unchecked(a: Account) -> None:
    record = copy.deepcopy(a.record("A", "PRIMARY"))
    record.pop("HealthCheckId")
    a.change_record("UPSERT", record)


def secondary_elsewhere(a: Account) -> None:
    """Let the balancer answer twice, so that nobody sees the error page."""
    record = copy.deepcopy(a.record("A", "SECONDARY"))
    record["AliasTarget"] = a.record("A", "PRIMARY")["AliasTarget"]
    a.change_record("UPSERT", record)


def records(a: Account) -> Any:
    found = a.abroad("route53").list_resource_record_sets(HostedZoneId=a.zone)["ResourceRecordSets"]
    return [one for one in found if one["Type"] not in ("NS", "SOA")]


def proof_gone(a: Account) -> None:
    a.change_record("DELETE", a.record("CNAME"))


def check(a: Account) -> Any:
    return a.check["HealthCheckConfig"]


def change_check(a: Account, **settings: Any) -> None:
    a.abroad("route53").update_health_check(HealthCheckId=a.check["Id"], **settings)


def check_tags(a: Account) -> Any:
    route53 = a.abroad("route53")
    return route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=a.check["Id"])["ResourceTagSet"][
        "Tags"
    ]


def check_untagged(a: Account) -> None:
    a.abroad("route53").change_tags_for_resource(
        ResourceType="healthcheck", ResourceId=a.check["Id"], RemoveTagKeys=["hasite:part"]
    )


def certificate(region: str) -> Any:
    """Return what reads the tags of the site's certificate in a region."""

    def read(a: Account) -> Any:
        acm = a.owner.client("acm", region)
        [found] = acm.list_certificates()["CertificateSummaryList"]
        return acm.list_tags_for_certificate(CertificateArn=found["CertificateArn"])["Tags"]

    return read


def untagged_certificate(region: str) -> Any:
    def make(a: Account) -> None:
        acm = a.owner.client("acm", region)
        [found] = acm.list_certificates()["CertificateSummaryList"]
        acm.remove_tags_from_certificate(CertificateArn=found["CertificateArn"], Tags=[{"Key": "hasite:part"}])

    return make


DRIFTS = (
    Drift(
        "the error page's certificate has lost its part",
        "Request the first certificate",
        untagged_certificate("us-east-1"),
        certificate("us-east-1"),
    ),
    Drift(
        "the load balancer's certificate has lost its part",
        "Request the other certificate",
        untagged_certificate("ap-northeast-1"),
        certificate("ap-northeast-1"),
    ),
    Drift(
        "the record that validates the certificates is gone",
        "Create the records that validate the certificates (www.hasite.test)",
        proof_gone,
        records,
    ),
    Drift("the primary record depends on no health check", PAIR, primary_unchecked, records),
    Drift("the secondary record leads to the load balancer", PAIR, secondary_elsewhere, records),
    Drift(
        "a secondary record is gone",
        PAIR,
        lambda a: a.change_record("DELETE", a.record("A", "SECONDARY")),
        records,
    ),
    Drift("the health check is late", CHECK, lambda a: change_check(a, FailureThreshold=9), check),
    Drift("the health check asks for another page", CHECK, lambda a: change_check(a, ResourcePath="/"), check),
    Drift("the health check is disabled", CHECK, lambda a: change_check(a, Disabled=True), check),
    Drift("the health check has lost its part", CHECK, check_untagged, check_tags),
)
