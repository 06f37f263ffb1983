# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes with delegation and certificates (the fourth stumbling block), and others of their kind."""

from __future__ import annotations

import uuid

from lab.faults import outside, steps
from lab.faults.fault import fault
from lab.faults.site import GLOBAL_REGION, Resource, Site
from lab.world.names.registry import pick_name_servers


@fault(4)
def registrar_old_nameservers(site: Site) -> None:
    """Leave the name servers of an earlier hosted zone at the registrar."""
    domain = site.zone["Name"].rstrip(".")
    zone = site.client("route53", GLOBAL_REGION).get_hosted_zone(Id=site.zone["Id"])
    former = pick_name_servers(f"the zone before {site.zone['Id']}", zone["DelegationSet"]["NameServers"])
    site.to_mend(outside.registrar, domain, None)
    outside.registrar(site, domain, former)


@fault(4)
def validation_record_missing(site: Site) -> None:
    """Delete the record that validates the certificates, then request a new certificate."""
    certificate = _certificate(site, site.region)
    [option] = certificate["DomainValidationOptions"]
    wanted = (option["ResourceRecord"]["Name"], option["ResourceRecord"]["Type"])
    record = site.one(
        "validation record", [record for record in site.records() if (record["Name"], record["Type"]) == wanted]
    )
    site.to_mend(outside.record, record)
    outside.no_record(site, record)
    _request(site, site.domain)


@fault(4)
def caa_forbids_amazon(site: Site) -> None:
    """Admit another certificate authority only by a CAA record, then request a new certificate."""
    value = '0 issue "letsencrypt.org"'
    record = {"Name": site.zone["Name"], "Type": "CAA", "TTL": 300, "ResourceRecords": [{"Value": value}]}
    site.to_mend(outside.no_record, record)
    outside.record(site, record)
    _request(site, site.domain)


@fault(4)
def certificate_missing_in_us_east_1(site: Site) -> None:
    """Have a certificate in the site's region only; so the distribution takes CloudFront's own, and no alias."""
    arn = _certificate(site, GLOBAL_REGION)["CertificateArn"]
    viewer = site.distribution["ViewerCertificate"]
    site.to_mend(outside.distribution, {"Aliases": site.distribution["Aliases"]})
    site.to_mend(outside.edge_certificate, site.domain, viewer, site.tags("domain"))
    outside.distribution(
        site, {"Aliases": {"Quantity": 0}, "ViewerCertificate": {"CloudFrontDefaultCertificate": True}}
    )
    site.client("acm", GLOBAL_REGION).delete_certificate(CertificateArn=arn)


@fault(None)
def stale_certificate(site: Site) -> None:
    """Keep the certificate of a former name on the load balancer."""
    listener = site.listener(443)
    arn = _request(site, f"old.{site.zone['Name'].rstrip('.')}")
    record = outside.validation_record(site, arn, site.region)
    site.to_mend(outside.no_record, record)
    outside.record(site, record)
    outside.issued(site, arn, site.region)
    site.to_mend(steps.listener, listener["ListenerArn"], Certificates=listener["Certificates"])
    steps.listener(site, listener["ListenerArn"], Certificates=[{"CertificateArn": arn}])


def _certificate(site: Site, region: str) -> Resource:
    """Return the certificate that the site uses in a region."""
    arn = (
        site.distribution["ViewerCertificate"]["ACMCertificateArn"]
        if region == GLOBAL_REGION
        else site.listener(443)["Certificates"][0]["CertificateArn"]
    )
    found: Resource = site.client("acm", region).describe_certificate(CertificateArn=arn)["Certificate"]
    return found


def _request(site: Site, domain: str) -> str:
    """Request one more certificate in the site's region, with the site's tags; return its ARN."""
    arn = str(
        site.client("acm").request_certificate(
            DomainName=domain, ValidationMethod="DNS", IdempotencyToken=uuid.uuid4().hex, Tags=site.tags("domain")
        )["CertificateArn"]
    )
    site.to_mend(outside.no_certificate, arn)
    return arn
