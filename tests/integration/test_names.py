# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of a running lab, as strangers meet them: dig from the lab's internet, boto3 at the API."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from lab.base import addresses
from lab.base.paths import LabPaths
from tests.integration.small_world import until

pytestmark = pytest.mark.lab

REGION = "ap-northeast-1"


@dataclass
class Dig:
    place: LabPaths

    def __call__(self, *words: str, role: str = "client") -> list[str]:
        command = ["ip", "netns", "exec", self.place.namespace(role), "dig", "+time=2", "+tries=1", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return [line for line in done.stdout.splitlines() if line]

    def short(self, *words: str, role: str = "client") -> list[str]:
        return self("+short", *words, role=role)


@pytest.fixture
def dig(place: LabPaths) -> Dig:
    return Dig(place)


@dataclass
class HostedZone:
    client: Any
    id: str
    name: str
    servers: list[str]

    def change(self, *records: dict[str, Any], action: str = "UPSERT") -> None:
        changes = [{"Action": action, "ResourceRecordSet": each} for each in records]
        self.client.change_resource_record_sets(HostedZoneId=self.id, ChangeBatch={"Changes": changes})


@pytest.fixture
def zone(session: boto3.session.Session) -> Iterator[HostedZone]:
    client = session.client("route53")
    name = f"z{uuid.uuid4().hex[:8]}.test"
    made = client.create_hosted_zone(Name=name, CallerReference=name)
    yield HostedZone(client, made["HostedZone"]["Id"], name, made["DelegationSet"]["NameServers"])
    zone = HostedZone(client, made["HostedZone"]["Id"], name, [])
    pages = client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone.id)
    records = [each for page in pages for each in page["ResourceRecordSets"] if each["Type"] not in {"NS", "SOA"}]
    if records:
        zone.change(*records, action="DELETE")
    client.delete_hosted_zone(Id=zone.id)


def record(name: str, *values: str, kind: str = "A", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": 5, "ResourceRecords": [{"Value": value} for value in values], **more}


def test_services_have_their_addresses(dig: Dig) -> None:
    assert dig.short(f"ec2.{REGION}.amazonaws.com") == [addresses.API]
    assert dig.short(f"some-bucket.s3.{REGION}.amazonaws.com") == [addresses.S3]
    assert dig.short(f"ssmmessages.{REGION}.amazonaws.com") == [addresses.SESSIONS]
    assert not dig.short("ec2.ap-northeast-9.amazonaws.com")


def test_zone_is_delegated_and_resolves_from_the_root(dig: Dig, zone: HostedZone) -> None:
    zone.change(record(f"www.{zone.name}", "192.0.2.1"))
    assert until(lambda: dig.short(f"www.{zone.name}")) == ["192.0.2.1"]
    at_registry = dig("+norecurse", "+noall", "+authority", f"@{addresses.REGISTRAR_SERVER}", zone.name, "NS")
    assert sorted(line.split()[-1] for line in at_registry) == sorted(f"{server}." for server in zone.servers)
    trace = dig("+trace", f"@{addresses.RESOLVER}", f"www.{zone.name}")
    assert any(line.endswith("192.0.2.1") for line in trace)
    direct = dig("+norecurse", f"@{dig.short(zone.servers[0])[0]}", f"nothing.{zone.name}")
    assert any("status: NXDOMAIN" in line for line in direct)
    assert any("flags: qr aa" in line for line in direct)


def test_zones_have_name_servers_of_their_own(session: boto3.session.Session, zone: HostedZone) -> None:
    client = session.client("route53")
    other = client.create_hosted_zone(Name=zone.name, CallerReference=uuid.uuid4().hex)
    try:
        assert not set(zone.servers) & set(other["DelegationSet"]["NameServers"])
    finally:
        client.delete_hosted_zone(Id=other["HostedZone"]["Id"])


def test_certificate_waits_for_its_record(session: boto3.session.Session, zone: HostedZone) -> None:
    acm = session.client("acm", region_name="us-east-1")
    arn = acm.request_certificate(DomainName=f"www.{zone.name}", ValidationMethod="DNS")["CertificateArn"]

    def shown() -> dict[str, Any]:
        return dict(acm.describe_certificate(CertificateArn=arn)["Certificate"])

    wanted = until(lambda: shown()["DomainValidationOptions"][0].get("ResourceRecord"))
    assert shown()["Status"] == "PENDING_VALIDATION"
    zone.change(record(wanted["Name"], wanted["Value"], kind=wanted["Type"]))
    until(lambda: shown()["Status"] == "ISSUED")
    acm.delete_certificate(CertificateArn=arn)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        acm.describe_certificate(CertificateArn=arn)


def test_health_check_moves_the_name(session: boto3.session.Session, dig: Dig, zone: HostedZone) -> None:
    client = session.client("route53")
    config = {"Type": "TCP", "IPAddress": addresses.S3, "Port": 443, "RequestInterval": 10, "FailureThreshold": 1}
    check = client.create_health_check(CallerReference=zone.name, HealthCheckConfig=config)["HealthCheck"]["Id"]
    try:
        name = f"site.{zone.name}"
        zone.change(
            record(name, "192.0.2.1", SetIdentifier="one", Failover="PRIMARY", HealthCheckId=check),
            record(name, "192.0.2.2", SetIdentifier="two", Failover="SECONDARY"),
        )
        assert until(lambda: dig.short(name)) == ["192.0.2.1"]

        def states() -> list[str]:
            seen = client.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]
            return [each["StatusReport"]["Status"].split(":")[0] for each in seen]

        until(lambda: states() == ["Success"] * len(addresses.CHECKERS))
        client.update_health_check(HealthCheckId=check, Port=9)
        until(lambda: dig.short(name) == ["192.0.2.2"])
        client.update_health_check(HealthCheckId=check, Port=443)
        until(lambda: dig.short(name) == ["192.0.2.1"])
    finally:
        client.delete_health_check(HealthCheckId=check)


def test_what_the_lab_has_not_is_found_outside(dig: Dig) -> None:
    assert not dig.short("no-such-name.test")
    assert any("status: NXDOMAIN" in line for line in dig("no-such-name.test"))


def test_vpc_resolver_answers_what_is_private(session: boto3.session.Session, dig: Dig, place: LabPaths) -> None:
    ec2 = session.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.77.1.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    eni, address = interface["NetworkInterfaceId"], interface["PrivateIpAddress"]
    client = session.client("route53")
    private = client.create_hosted_zone(
        Name="inside.corp",
        CallerReference=vpc,
        HostedZoneConfig={"PrivateZone": True},
        VPC={"VPCRegion": REGION, "VPCId": vpc},
    )["HostedZone"]["Id"]
    try:
        changes = [{"Action": "CREATE", "ResourceRecordSet": record("db.inside.corp", "10.77.1.99")}]
        client.change_resource_record_sets(HostedZoneId=private, ChangeBatch={"Changes": changes})
        host = f"ip-{address.replace('.', '-')}.{REGION}.compute.internal"
        for server in ("10.77.0.2", "169.254.169.253"):
            until(lambda at=server: dig.short(f"@{at}", host, role=vpc) == [address])
            assert dig.short(f"@{server}", "db.inside.corp", role=vpc) == ["10.77.1.99"]
            assert dig.short(f"@{server}", f"ec2.{REGION}.amazonaws.com", role=vpc) == [addresses.API]
            assert dig.short(f"@{server}", "+tcp", "-x", address, role=vpc) == [f"{host}."]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
        until(lambda: any("no servers" in line or "timed out" in line for line in dig("@10.77.0.2", host, role=vpc)))
    finally:
        changes[0]["Action"] = "DELETE"
        client.change_resource_record_sets(HostedZoneId=private, ChangeBatch={"Changes": changes})
        client.delete_hosted_zone(Id=private)
        ec2.delete_network_interface(NetworkInterfaceId=eni)
        ec2.delete_subnet(SubnetId=subnet)
        ec2.delete_vpc(VpcId=vpc)
