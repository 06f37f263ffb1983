# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes with names and failover (the fifth stumbling block, and the slow check of the ninth)."""

from __future__ import annotations

from lab.base import addresses
from lab.faults import changes, outside, steps
from lab.faults.fault import fault
from lab.faults.site import Site

_FORMER = ("ns1.former.test.", "ns2.former.test.")


@fault(5)
def dns_egress_closed(site: Site) -> None:
    """Tell the machines by DHCP to ask a resolver outside the VPC, to which their group does not let them."""
    servers = {"Key": "domain-name-servers", "Values": [addresses.RESOLVER]}
    options = site.ec2.create_dhcp_options(DhcpConfigurations=[servers])["DhcpOptions"]["DhcpOptionsId"]
    site.to_mend(steps.call, "ec2", "delete_dhcp_options", DhcpOptionsId=options)
    vpc, former = site.vpc["VpcId"], site.vpc["DhcpOptionsId"]
    site.to_mend(steps.call, "ec2", "associate_dhcp_options", VpcId=vpc, DhcpOptionsId=former)
    site.ec2.associate_dhcp_options(VpcId=vpc, DhcpOptionsId=options)


@fault(5)
def secondary_missing(site: Site) -> None:
    """Delete the SECONDARY record."""
    record = site.failover("SECONDARY")
    site.to_mend(outside.record, record)
    outside.no_record(site, record)


@fault(5)
def health_check_on_failover_name(site: Site) -> None:
    """Make the health check anew, on the very name that fails over by it."""
    changes.replace_health_check(site, FullyQualifiedDomainName=site.domain)


@fault(5)
def nothing_evaluated(site: Site) -> None:
    """Take the health check and the evaluation of its target's health from the PRIMARY record."""
    record = site.failover("PRIMARY")
    site.to_mend(outside.record, record)
    alias = {**record["AliasTarget"], "EvaluateTargetHealth": False}
    blind = {key: value for key, value in record.items() if key != "HealthCheckId"}
    outside.record(site, {**blind, "AliasTarget": alias})


@fault(9)
def slow_health_check(site: Site) -> None:
    """Make the health check anew with 30 s between two looks, of which three must fail."""
    changes.replace_health_check(site, RequestInterval=30, FailureThreshold=3)


@fault(None)
def health_check_disabled(site: Site) -> None:
    """Disable the health check, so that it counts as healthy whatever happens."""
    _update_check(site, "Disabled")


@fault(None)
def health_check_inverted(site: Site) -> None:
    """Invert the health check, so that visitors get the error page while the site is well."""
    _update_check(site, "Inverted")


@fault(None)
def secondary_elsewhere(site: Site) -> None:
    """Point the SECONDARY record at the load balancer, as the PRIMARY one is."""
    record = site.failover("SECONDARY")
    site.to_mend(outside.record, record)
    outside.record(site, {**record, "AliasTarget": site.failover("PRIMARY")["AliasTarget"]})


@fault(None)
def aaaa_without_pair(site: Site) -> None:
    """Add an AAAA record for the load balancer that does not fail over."""
    target = {**site.failover("PRIMARY")["AliasTarget"], "EvaluateTargetHealth": False}
    record = {"Name": f"{site.domain}.", "Type": "AAAA", "AliasTarget": target}
    site.to_mend(outside.no_record, record)
    outside.record(site, record)


@fault(None)
def primary_missing(site: Site) -> None:
    """Delete the PRIMARY record, so that the name leads to the error page only."""
    record = site.failover("PRIMARY")
    site.to_mend(outside.record, record)
    outside.no_record(site, record)


@fault(None)
def primary_elsewhere(site: Site) -> None:
    """Point the PRIMARY record at the error page's distribution, as the SECONDARY one is."""
    record = site.failover("PRIMARY")
    site.to_mend(outside.record, record)
    outside.record(site, {**record, "AliasTarget": site.failover("SECONDARY")["AliasTarget"]})


@fault(None)
def health_check_elsewhere(site: Site) -> None:
    """Point the health check to port 8443, where nobody listens."""
    check = site.health_check
    site.to_mend(outside.health_check, check["Id"], Port=check["HealthCheckConfig"]["Port"])
    outside.health_check(site, check["Id"], Port=8443)


@fault(None)
def zone_name_servers_changed(site: Site) -> None:
    """Write the name servers of an earlier provider into the zone's own NS record."""
    zone = site.zone["Name"]
    record = next(record for record in site.records() if (record["Type"], record["Name"]) == ("NS", zone))
    site.to_mend(outside.record, record)
    outside.record(site, {**record, "ResourceRecords": [{"Value": server} for server in _FORMER]})


@fault(None)
def name_delegated_away(site: Site) -> None:
    """Leave the site's name to the name servers of an earlier provider, which know it no more."""
    servers = [{"Value": server} for server in _FORMER]
    record = {"Name": f"{site.domain}.", "Type": "NS", "TTL": 5, "ResourceRecords": servers}
    site.to_mend(outside.no_record, record)
    outside.record(site, record)


@fault(None)
def secondary_checked_too(site: Site) -> None:
    """Give the SECONDARY record the health check of the PRIMARY one, as the console offers it."""
    record = site.failover("SECONDARY")
    site.to_mend(outside.record, record)
    outside.record(site, {**record, "HealthCheckId": site.failover("PRIMARY")["HealthCheckId"]})


def _update_check(site: Site, switch: str) -> None:
    check = site.health_check["Id"]
    site.to_mend(outside.health_check, check, **{switch: False})
    outside.health_check(site, check, **{switch: True})
