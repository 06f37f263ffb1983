# SPDX-License-Identifier: GPL-3.0-or-later
"""More steps that take a fault back: names, certificates and the edge, which are outside the site's region."""

from __future__ import annotations

import uuid
from typing import Any

from lab.base.endpoint import ask
from lab.faults.site import GLOBAL_REGION, Resource, Site
from lab.faults.steps import step
from lab.plane.names import registrar as plane


@step
def registrar(site: Site, domain: str, servers: list[str] | None) -> None:
    """Have these name servers at the registrar, or those of the zone: the person at its console is told."""
    ask(site.place, plane.PATH, {domain: servers})


@step
def signers(site: Site, domain: str, records: list[str] | None) -> None:
    """Have these DS records at the registrar, or none: the person at its console is told."""
    ask(site.place, plane.SIGNERS_PATH, {domain: records})


# ---- signing


@step
def unsigned(site: Site, zone: str, key: str) -> None:
    """Have a zone signed no more, and a key-signing key of it gone."""
    route53 = site.client("route53", GLOBAL_REGION)
    found = route53.get_dnssec(HostedZoneId=zone)
    status = {ksk["Name"]: ksk["Status"] for ksk in found["KeySigningKeys"]}.get(key)
    if found["Status"]["ServeSignature"] != "NOT_SIGNING":
        route53.disable_hosted_zone_dnssec(HostedZoneId=zone)
    if status not in (None, "INACTIVE"):
        route53.deactivate_key_signing_key(HostedZoneId=zone, Name=key)
    if status:
        route53.delete_key_signing_key(HostedZoneId=zone, Name=key)


@step
def signing_key(site: Site, key: str, enabled: bool) -> None:
    """Have a KMS key of us-east-1 enabled, or on its way to deletion."""
    kms = site.client("kms", GLOBAL_REGION)
    if enabled:
        kms.enable_key(KeyId=key)
    else:
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


# ---- records and health checks


@step
def record(site: Site, wanted: Resource) -> None:
    """Have a record as it is given."""
    _change(site, "UPSERT", wanted)


@step
def no_record(site: Site, unwanted: Resource) -> None:
    """Have a record no more."""
    key = ("Name", "Type", "SetIdentifier")
    for found in site.records():
        if all(found.get(name) == unwanted.get(name) for name in key):
            _change(site, "DELETE", found)


def _change(site: Site, action: str, changed: Resource) -> None:
    site.client("route53", GLOBAL_REGION).change_resource_record_sets(
        HostedZoneId=site.zone["Id"], ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": changed}]}
    )


@step
def health_check(site: Site, identity: str, **settings: Any) -> None:
    """Have these settings in a health check."""
    site.client("route53", GLOBAL_REGION).update_health_check(HealthCheckId=identity, **settings)


@step
def replaced_health_check(site: Site, **settings: Any) -> None:
    """Have settings in the PRIMARY record's health check that only a new one takes."""
    route53 = site.client("route53", GLOBAL_REGION)
    former, config = site.health_check["Id"], site.health_check["HealthCheckConfig"]
    if config == (wanted := {**config, **settings}):
        return
    made = route53.create_health_check(CallerReference=uuid.uuid4().hex, HealthCheckConfig=wanted)
    identity = made["HealthCheck"]["Id"]
    kind = {"ResourceType": "healthcheck"}
    tags = route53.list_tags_for_resource(**kind, ResourceId=former)["ResourceTagSet"]["Tags"]
    route53.change_tags_for_resource(**kind, ResourceId=identity, AddTags=tags)
    record(site, {**site.failover("PRIMARY"), "HealthCheckId": identity})
    route53.delete_health_check(HealthCheckId=former)


@step
def records_instead(site: Site, former: list[Resource], wanted: list[Resource]) -> None:
    """Have records in the place of others by one change; leave it if somebody has replaced them already."""
    key = ("Name", "Type", "SetIdentifier")
    there = [found for found in site.records() for record in former if all(found.get(k) == record.get(k) for k in key)]
    if len(there) < len(former):
        return
    changes = [
        *({"Action": "DELETE", "ResourceRecordSet": record} for record in there),
        *({"Action": "CREATE", "ResourceRecordSet": record} for record in wanted),
    ]
    site.client("route53", GLOBAL_REGION).change_resource_record_sets(
        HostedZoneId=site.zone["Id"], ChangeBatch={"Changes": changes}
    )


@step
def made_health_check(site: Site, primary: Resource, config: Resource, tags: list[dict[str, str]]) -> None:
    """Have a health check at the PRIMARY record, made anew if that which it names is gone."""
    route53 = site.client("route53", GLOBAL_REGION)
    known = {check["Id"] for check in route53.list_health_checks()["HealthChecks"]}
    if site.failover("PRIMARY").get("HealthCheckId") in known:
        return
    made = route53.create_health_check(CallerReference=uuid.uuid4().hex, HealthCheckConfig=config)["HealthCheck"]["Id"]
    route53.change_tags_for_resource(ResourceType="healthcheck", ResourceId=made, AddTags=tags)
    record(site, {**primary, "HealthCheckId": made})


# ---- certificates


def validation_record(site: Site, arn: str, region: str) -> Resource:
    """Return the record that proves a new certificate's domain, once ACM knows it."""
    acm = site.client("acm", region)

    def told() -> Any:
        [option] = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
        return option.get("ResourceRecord")

    found = site.wait(f"The validation record of {arn}", told)
    return {
        "Name": found["Name"],
        "Type": found["Type"],
        "TTL": 300,
        "ResourceRecords": [{"Value": found["Value"]}],
    }


def issued(site: Site, arn: str, region: str) -> None:
    """Wait until a certificate is issued."""
    acm = site.client("acm", region)

    def status() -> str:
        return str(acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"])

    site.wait(f"The certificate {arn}", lambda: status() == "ISSUED")


@step
def no_certificate(site: Site, arn: str) -> None:
    """Have a certificate of the site's region no more."""
    acm = site.client("acm")
    if arn in [summary["CertificateArn"] for summary in acm.list_certificates()["CertificateSummaryList"]]:
        acm.delete_certificate(CertificateArn=arn)


@step
def edge_certificate(site: Site, domain: str, viewer: Resource, tags: list[dict[str, str]]) -> None:
    """Have a certificate for the domain in us-east-1, and the distribution present it."""
    acm = site.client("acm", GLOBAL_REGION)
    known = [
        summary["CertificateArn"]
        for summary in acm.list_certificates()["CertificateSummaryList"]
        if summary["DomainName"] == domain
    ]
    arn = (
        known[0]
        if known
        else acm.request_certificate(DomainName=domain, ValidationMethod="DNS", Tags=tags)["CertificateArn"]
    )
    issued(site, arn, GLOBAL_REGION)
    kept = {key: viewer[key] for key in ("SSLSupportMethod", "MinimumProtocolVersion")}
    distribution(site, {"ViewerCertificate": {"ACMCertificateArn": arn, **kept}})


# ---- the edge


@step
def distribution(site: Site, settings: Resource) -> None:
    """Have these settings in the distribution."""
    cloudfront = site.client("cloudfront", GLOBAL_REGION)
    identity = site.distribution["Id"]
    found = cloudfront.get_distribution_config(Id=identity)
    cloudfront.update_distribution(
        Id=identity, IfMatch=found["ETag"], DistributionConfig={**found["DistributionConfig"], **settings}
    )


@step
def forgotten_by_edge(site: Site) -> None:
    """Invalidate all that the edge keeps, which a change of the settings does not."""
    everything = {"Quantity": 1, "Items": ["/*"]}
    site.client("cloudfront", GLOBAL_REGION).create_invalidation(
        DistributionId=site.distribution["Id"],
        InvalidationBatch={"Paths": everything, "CallerReference": uuid.uuid4().hex},
    )


@step
def error_responses(site: Site, member: str, values: dict[str, Any]) -> None:
    """Have these values, by error code, in one member of the distribution's custom error responses."""
    found = site.distribution["CustomErrorResponses"]
    changed = [
        {**response, member: values.get(str(response["ErrorCode"]), response[member])}
        for response in found.get("Items", [])
    ]
    distribution(site, {"CustomErrorResponses": {**found, "Items": changed}})


@step
def header(site: Site, policy: str, name: str, value: str) -> None:
    """Have this value in one of a response headers policy's own headers."""
    cloudfront = site.client("cloudfront", GLOBAL_REGION)
    found = cloudfront.get_response_headers_policy_config(Id=policy)
    config = found["ResponseHeadersPolicyConfig"]
    for custom in config["CustomHeadersConfig"]["Items"]:
        if custom["Header"] == name:
            custom["Value"] = value
    cloudfront.update_response_headers_policy(Id=policy, IfMatch=found["ETag"], ResponseHeadersPolicyConfig=config)


def header_of(site: Site, policy: str, name: str) -> str:
    """Return the value of one of a response headers policy's own headers."""
    found = site.client("cloudfront", GLOBAL_REGION).get_response_headers_policy_config(Id=policy)
    items = found["ResponseHeadersPolicyConfig"]["CustomHeadersConfig"]["Items"]
    return str(next(item["Value"] for item in items if item["Header"] == name))
