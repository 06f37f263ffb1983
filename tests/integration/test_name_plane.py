# SPDX-License-Identifier: GPL-3.0-or-later
"""Name servers, resolvers, checkers and ACM's validation over real sockets, in a namespace without a lab."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import time
from typing import Any

import dns.flags
import dns.message
import pytest
from botocore.exceptions import ClientError
from cryptography import x509

from lab.api.services.acm import acm
from lab.base import addresses
from lab.engines import dns_transport
from lab.plane.names import registrar
from lab.plane.names.resolver import VPC_RESOLVER
from lab.world.network.network import Interface, Vpc
from tests.integration.name_rig import REGION, WEB, Page, Rig, plain, upsert
from tests.integration.small_world import until
from tests.registrant import CONTACTS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


@pytest.fixture(scope="module")
def zone(rig: Rig) -> str:
    made = rig.client("route53").create_hosted_zone(Name="hasite.test", CallerReference="one")
    return str(made["HostedZone"]["Id"])


def test_zone_is_delegated_after_a_moment(rig: Rig, zone: str) -> None:
    servers = rig.client("route53").get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"]
    assert len(set(servers)) == 4
    found = until(
        lambda: (
            rig.values("hasite.test", "NS", server=addresses.REGISTRAR_SERVER)
            or rig.ask("hasite.test", "NS", server=addresses.REGISTRAR_SERVER).authority[0].to_text()
        )
    )
    assert found
    assert sorted(until(lambda: rig.values("hasite.test", "NS"))) == sorted(f"{server}." for server in servers)


def test_answers_of_the_zone_itself(rig: Rig, zone: str) -> None:
    upsert(rig, zone, plain("www.hasite.test", WEB))
    until(lambda: rig.values("www.hasite.test") == [WEB])
    (server,) = rig.values(rig.client("route53").get_hosted_zone(Id=zone)["DelegationSet"]["NameServers"][0])
    direct = rig.ask("www.hasite.test", server=server)
    assert direct.flags & dns.flags.AA
    assert rig.ask("elsewhere.test", server=server).rcode() == dns.rcode.REFUSED
    assert rig.ask("missing.hasite.test", server=server).authority[0].rdtype == dns.rdatatype.SOA
    assert not rig.ask("www.hasite.test").flags & dns.flags.AA


def test_dig_walks_down_from_the_root(rig: Rig, zone: str) -> None:
    upsert(rig, zone, plain("www.hasite.test", WEB))
    space = rig.context.place.namespace("internet")
    until(lambda: rig.values("www.hasite.test") == [WEB])
    done = subprocess.run(
        ["ip", "netns", "exec", space, "dig", f"@{addresses.ROOT_SERVER}", "+norecurse", "www.hasite.test"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ns.nic.test." in done.stdout
    assert "flags: qr;" in done.stdout


def test_long_answers_come_by_tcp(rig: Rig, zone: str) -> None:
    upsert(rig, zone, plain("long.hasite.test", *(f'"{n:03d}{"x" * 200}"' for n in range(20)), kind="TXT"))
    until(lambda: len(rig.values("long.hasite.test", "TXT")) == 20)


def test_cache_counts_down_by_the_labs_clock(rig: Rig, zone: str) -> None:
    upsert(rig, zone, plain("ttl.hasite.test", WEB, ttl=20))
    until(lambda: rig.values("ttl.hasite.test"))
    upsert(rig, zone, plain("ttl.hasite.test", "192.0.2.81", ttl=20))
    before = rig.ask("ttl.hasite.test").answer[0]
    assert before[0].to_text() == WEB
    assert before.ttl <= 20
    until(lambda: rig.values("ttl.hasite.test") == ["192.0.2.81"], 4)


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (
            [{"SetIdentifier": "a", "Failover": "PRIMARY"}, {"SetIdentifier": "b", "Failover": "PRIMARY"}],
            "InvalidChangeBatch",
        ),
        ([{"Failover": "PRIMARY"}], "InvalidInput"),
        ([{"SetIdentifier": "a"}], "InvalidInput"),
        ([{}, {"SetIdentifier": "b", "Failover": "PRIMARY"}], "InvalidChangeBatch"),
        ([{"HealthCheckId": "none"}], "InvalidChangeBatch"),
        ([{"ResourceRecords": [{"Value": "300.1.1.1"}]}], "InvalidChangeBatch"),
    ],
)
def test_refused_batches(rig: Rig, zone: str, records: list[dict[str, Any]], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        upsert(rig, zone, *({**plain("bad.hasite.test", WEB), **more} for more in records))
    assert caught.value.response["Error"]["Code"] == code
    assert not rig.values("bad.hasite.test")


def test_alias_must_lie_in_the_target_zone(rig: Rig, zone: str) -> None:
    target = {"HostedZoneId": "Z14GRHDCWA56QT", "DNSName": "no.elb.amazonaws.com", "EvaluateTargetHealth": True}
    with pytest.raises(ClientError, match="does not lie within the target zone"):
        upsert(rig, zone, {"Name": "bad.hasite.test", "Type": "A", "AliasTarget": target})


def test_pages_of_records_go_on_within_a_failover_pair(rig: Rig, zone: str) -> None:
    pair = [
        plain("pair.hasite.test", WEB, SetIdentifier=role.lower(), Failover=role) for role in ("PRIMARY", "SECONDARY")
    ]
    upsert(rig, zone, *pair)
    pages = (
        rig.client("route53")
        .get_paginator("list_resource_record_sets")
        .paginate(HostedZoneId=zone, PaginationConfig={"PageSize": 1})
    )
    seen = [
        (each["Name"], each["Type"], each.get("SetIdentifier")) for page in pages for each in page["ResourceRecordSets"]
    ]
    assert len(seen) == len(set(seen))
    assert ("pair.hasite.test.", "A", "secondary") in seen
    with pytest.raises(ClientError, match="HostedZoneNotEmpty"):
        rig.client("route53").delete_hosted_zone(Id=zone)
    upsert(rig, zone, *pair, action="DELETE")


def test_resolver_inside_a_vpc(rig: Rig, zone: str) -> None:
    upsert(rig, zone, plain("www.hasite.test", WEB))
    rig.vpcs["vpc-1"] = Vpc("vpc-1", REGION, ("10.0.0.0/16",), True, True, None)
    rig.interfaces["eni-9"] = Interface(
        "eni-9", "vpc-1", "subnet-1", f"{REGION}a", "10.0.0.2", None, (), True, "02:00:00:00:00:01", "i-1"
    )
    rig.refresh()
    # The source address of a question is the address asked, as nothing else is in the namespace.
    name = f"fs-01.efs.{REGION}.amazonaws.com"
    assert rig.values(name, server="10.0.0.2", role="vpc-1") == ["10.0.0.9"]
    assert rig.values(f"ip-10-0-0-2.{REGION}.compute.internal", server=VPC_RESOLVER, role="vpc-1") == ["10.0.0.2"]
    assert rig.values("www.hasite.test", server=VPC_RESOLVER, role="vpc-1") == [WEB]
    assert not rig.values(name)
    rig.vpcs.clear()
    rig.refresh()
    with pytest.raises((OSError, TimeoutError)):
        rig.ask("www.hasite.test", server="10.0.0.2", role="vpc-1")


def test_what_the_lab_has_not_is_asked_of_the_host(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def answer(query: dns.message.Message, _peer: dns_transport.Peer) -> dns.message.Message:
        asked.append(query.question[0].name.to_text())
        response = dns.message.make_response(query)
        response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", "192.0.2.7"))
        return response

    server = dns_transport.Server(answer)
    pair = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket())
    for each in pair:
        each.bind(("127.0.0.77", 53))
        each.setblocking(False)
    pair[1].listen()
    asyncio.run_coroutine_threadsafe(server.start(*pair), rig.context.loop).result()
    monkeypatch.setattr("lab.engines.recursor.host_resolvers", lambda: ["127.0.0.77"])
    try:
        assert rig.values("packages.debian.org") == ["192.0.2.7"]
        assert rig.values("packages.debian.org") == ["192.0.2.7"]
        assert not rig.values("nothing-here.test")
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), rig.context.loop).result()
    assert asked == ["packages.debian.org."]


def test_checkers_fail_the_name_over_and_back(rig: Rig, zone: str, page: type[Page]) -> None:
    upsert(rig, zone, plain("origin.hasite.test", WEB))
    client = rig.client("route53")
    config = {
        "Type": "HTTP_STR_MATCH",
        "FullyQualifiedDomainName": "origin.hasite.test",
        "ResourcePath": "/health",
        "SearchString": "fine",
        "RequestInterval": 10,
        "FailureThreshold": 2,
    }
    check = client.create_health_check(CallerReference="hc", HealthCheckConfig=config)["HealthCheck"]["Id"]
    upsert(
        rig,
        zone,
        plain("site.hasite.test", WEB, ttl=1, SetIdentifier="p", Failover="PRIMARY", HealthCheckId=check),
        plain("site.hasite.test", "192.0.2.99", ttl=1, SetIdentifier="s", Failover="SECONDARY"),
    )

    def seen() -> list[str]:
        found = client.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]
        return [each["StatusReport"]["Status"] for each in found]

    until(lambda: len(seen()) == 16 and all(each.startswith("Success: HTTP Status Code 200") for each in seen()))
    assert rig.values("site.hasite.test") == [WEB]
    page.status = 503
    until(lambda: rig.values("site.hasite.test") == ["192.0.2.99"])
    assert any("503" in each for each in seen())
    page.status = 302
    until(lambda: rig.values("site.hasite.test") == [WEB])
    client.update_health_check(HealthCheckId=check, Inverted=True)
    until(lambda: rig.values("site.hasite.test") == ["192.0.2.99"], 5)
    with pytest.raises(ClientError, match="InvalidInput"):
        client.update_health_check(HealthCheckId=check, IPAddress="203.0.113.9")
    client.delete_health_check(HealthCheckId=check)
    with pytest.raises(ClientError, match="NoSuchHealthCheck"):
        client.delete_health_check(HealthCheckId=check)


def test_certificate_is_issued_only_once_its_record_resolves(rig: Rig, zone: str) -> None:
    client = rig.client("acm")
    wanted = {"DomainName": "hasite.test", "SubjectAlternativeNames": ["*.hasite.test"], "ValidationMethod": "DNS"}
    arn = client.request_certificate(**wanted, IdempotencyToken="t")["CertificateArn"]
    assert client.request_certificate(**wanted, IdempotencyToken="t")["CertificateArn"] == arn

    def shown() -> Any:
        return client.describe_certificate(CertificateArn=arn)["Certificate"]

    record = until(lambda: shown()["DomainValidationOptions"][0].get("ResourceRecord"))
    time.sleep(1)
    assert shown()["Status"] == "PENDING_VALIDATION"
    assert acm.certificate(arn) is None
    with pytest.raises(ClientError, match="RequestInProgress"):
        client.get_certificate(CertificateArn=arn)
    upsert(rig, zone, plain(record["Name"], record["Value"], kind="CNAME"))
    until(lambda: shown()["Status"] == "ISSUED")
    pair = acm.certificate(arn)
    assert pair
    parsed = x509.load_pem_x509_certificate(pair.certificate.encode())
    parsed.verify_directly_issued_by(x509.load_pem_x509_certificate(rig.context.authority.path.read_bytes()))
    pair.context()
    assert shown()["KeyAlgorithm"] == "RSA_2048"
    client.delete_certificate(CertificateArn=arn)


def test_certificate_that_caa_forbids_fails(rig: Rig, zone: str) -> None:
    client = rig.client("acm", "us-east-1")
    upsert(rig, zone, plain("no.hasite.test", '0 issue "ca.example"', kind="CAA"))
    arn = client.request_certificate(DomainName="no.hasite.test", ValidationMethod="DNS")["CertificateArn"]

    def shown() -> Any:
        return client.describe_certificate(CertificateArn=arn)["Certificate"]

    record = until(lambda: shown()["DomainValidationOptions"][0].get("ResourceRecord"))
    upsert(rig, zone, plain(record["Name"], record["Value"], kind="CNAME"))
    until(lambda: shown()["Status"] == "FAILED")
    assert shown()["FailureReason"] == "CAA_ERROR"


def test_imported_certificate_without_chain_is_its_own(rig: Rig) -> None:
    client = rig.client("acm")
    pair = rig.context.authority.sign(["imported.test"])
    arn = client.import_certificate(Certificate=pair.certificate, PrivateKey=pair.key)["CertificateArn"]
    found = client.get_certificate(CertificateArn=arn)
    assert found["CertificateChain"] == found["Certificate"]
    assert client.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"


def test_zone_made_again_is_found_again(rig: Rig) -> None:
    client = rig.client("route53")

    def make(number: int) -> str:
        made = client.create_hosted_zone(Name="again.test", CallerReference=f"again {number}")["HostedZone"]["Id"]
        upsert(rig, made, plain("again.test", f"192.0.2.{number}", ttl=1))
        until(lambda: rig.values("again.test") == [f"192.0.2.{number}"])
        return str(made)

    first = make(1)
    upsert(rig, first, plain("again.test", "192.0.2.1", ttl=1), action="DELETE")
    client.delete_hosted_zone(Id=first)
    until(lambda: rig.ask("again.test").rcode() == dns.rcode.SERVFAIL)
    make(2)


def test_registered_domain_is_delegated_by_its_own_list(rig: Rig) -> None:
    client = rig.client("route53domains", "us-east-1")
    client.register_domain(DomainName="bought-here.com", DurationInYears=2, **CONTACTS)
    listed = [
        nameserver["Name"] for nameserver in client.get_domain_detail(DomainName="bought-here.com")["Nameservers"]
    ]
    wanted = sorted(f"{each}." for each in listed)
    until(lambda: sorted(rig.values("bought-here.com", "NS")) == wanted)


def delegation(rig: Rig, domain: str) -> list[str]:
    """Return what the registry itself says, whatever resolvers remember."""
    told = rig.ask(domain, "NS", server=addresses.REGISTRAR_SERVER)
    return sorted(item.to_text().rstrip(".") for found in (*told.answer, *told.authority) for item in found)


def test_what_is_entered_at_the_registrar_by_hand_stays_until_it_is_taken_back(rig: Rig) -> None:
    made = rig.client("route53").create_hosted_zone(Name="by-hand.test", CallerReference="by hand")
    own = sorted(made["DelegationSet"]["NameServers"])
    until(lambda: delegation(rig, "by-hand.test") == own)
    former = ["ns-1.awsdns-00.com", "ns-513.awsdns-00.net"]

    def enter(servers: list[str] | None) -> None:
        entry = json.dumps({"by-hand.test": servers}).encode()
        rig.page(registrar.PATH, entry)

    enter(former)
    until(lambda: delegation(rig, "by-hand.test") == former)
    newer = rig.client("route53").create_hosted_zone(Name="by-hand.test", CallerReference="a newer zone")
    assert rig.page(registrar.PATH) == {"by-hand.test": former}
    enter(None)
    until(lambda: delegation(rig, "by-hand.test") == sorted(newer["DelegationSet"]["NameServers"]))


def test_test_dns_answer_and_checker_ranges(rig: Rig, zone: str) -> None:
    upsert(rig, zone, plain("www.hasite.test", WEB))
    client = rig.client("route53")
    found = client.test_dns_answer(HostedZoneId=zone, RecordName="www.hasite.test", RecordType="A")
    assert found["RecordData"] == [WEB]
    assert len(client.get_checker_ip_ranges()["CheckerIpRanges"]) == len(addresses.CHECKERS)


def test_queries_are_logged_where_the_zone_says(rig: Rig, zone: str) -> None:
    upsert(rig, zone, plain("logged.hasite.test", WEB))
    until(lambda: rig.values("logged.hasite.test") == [WEB])
    logs, route53 = rig.client("logs", "us-east-1"), rig.client("route53")
    zone_id = zone.rpartition("/")[2]
    logs.create_log_group(logGroupName="/rig/queries")
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:/rig/queries"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "route53.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{arn}:*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    logs.put_resource_policy(policyName="rig", policyDocument=policy)
    config = route53.create_query_logging_config(HostedZoneId=zone_id, CloudWatchLogsLogGroupArn=arn)
    rig.refresh()
    (server,) = rig.values(route53.get_hosted_zone(Id=zone_id)["DelegationSet"]["NameServers"][0])

    def lines(word: str) -> list[str]:
        found = logs.filter_log_events(logGroupName="/rig/queries")["events"]
        return [one["message"] for one in found if f" {word} " in one["message"]]

    rig.ask("logged.hasite.test", server=server)
    rig.ask("elsewhere.test", server=server)
    rig.ask("nothing.hasite.test", "AAAA", server=server)
    (missing,) = until(lambda: lines("nothing.hasite.test"))
    assert " AAAA NXDOMAIN UDP " in missing
    (line,) = lines("logged.hasite.test")
    number = addresses.ROUTE53_SERVERS.index(server) + 1
    stamp = r"1\.0 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    assert re.fullmatch(rf"{stamp} {zone_id} logged\.hasite\.test A NOERROR UDP NRT{number} 198\.18\.0\.\d+ -", line)
    assert lines("elsewhere.test") == []
    (stream,) = {one["logStreamName"] for one in logs.describe_log_streams(logGroupName="/rig/queries")["logStreams"]}
    assert stream == f"{zone_id}/NRT{number}"

    route53.delete_query_logging_config(Id=config["QueryLoggingConfig"]["Id"])
    rig.refresh()
