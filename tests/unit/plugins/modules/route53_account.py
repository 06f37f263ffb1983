# SPDX-License-Identifier: GPL-3.0-or-later
"""An account in this process, which refuses as AWS does: the lab's API without its data plane."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lab.api import extensions
from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.base.observed import Observed
from lab.base.paths import LabPaths
from lab.context import Context

REGION = "ap-northeast-1"


@dataclass
class Account:
    """Names and what they lead to, by AWS's SDK."""

    context: Context
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str) -> Any:
        return self.clients.setdefault((service, region), boto3.client(service, region_name=region))

    @property
    def route53(self) -> Any:
        return self.client("route53", "us-east-1")

    def zone(self, name: str, reference: str = "", site: str = "") -> tuple[str, list[str]]:
        """Create a public zone; return its id and its name servers."""
        made = self.route53.create_hosted_zone(Name=name, CallerReference=reference or name)
        zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
        if site:
            tags = [{"Key": "hasite:site", "Value": site}]
            self.route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id, AddTags=tags)
        return zone_id, made["DelegationSet"]["NameServers"]

    def put(self, zone_id: str, *records: dict[str, Any]) -> None:
        changes = [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]
        self.route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})

    def records(self, zone_id: str) -> list[dict[str, Any]]:
        found = self.route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
        return [one for one in found if one["Type"] not in ("NS", "SOA")]

    def balancer(self, name: str) -> dict[str, Any]:
        """Create a load balancer, to which aliases may lead."""
        ec2 = self.client("ec2", REGION)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{letter}")
            for number, letter in enumerate("ac")
        ]
        ids = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
        made: dict[str, Any] = self.client("elbv2", REGION).create_load_balancer(Name=name, Subnets=ids)
        found: dict[str, Any] = made["LoadBalancers"][0]
        return found

    def distribution(self, *aliases: str, site: str = "") -> Any:
        """Put a distribution into the account; its certificate is not what these tests are about."""
        config: dict[str, Any] = {
            "Aliases": {"Quantity": len(aliases), "Items": list(aliases)},
            "ViewerCertificate": {},
        }
        backend = self.context.backends.at("cloudfront", "aws")
        from lab.api.services.cloudfront.distributions import Distribution

        made = Distribution(config, self.context.observed)
        backend.distributions[made.id] = made
        backend.tagger.tag_resource(made.arn, [{"Key": "hasite:site", "Value": site}] if site else [])
        return made


@contextmanager
def open_account(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    loop = asyncio.new_event_loop()
    context = Context(LabPaths("unit"), Clock(), Authority(folder), Observed(), loop)
    extensions.extend(context)
    with mock_aws():
        yield Account(context)
    loop.close()
