# SPDX-License-Identifier: GPL-3.0-or-later
"""The account of a built site, as somebody has it before them who changes something by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.integration.owner import Owner

SITE = "demo"
WORLD = "0.0.0.0/0"
Resource = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """Looks things up each time: what is repaired may be another resource of the same name."""

    owner: Owner

    def client(self, service: str) -> Any:
        return self.owner.client(service)

    def abroad(self, service: str) -> Any:
        """Return a client of a service that has no region, or that the edge has in us-east-1."""
        return self.owner.client(service, "us-east-1")

    @property
    def ec2(self) -> Any:
        return self.client("ec2")

    # ---- network

    def named(self, operation: str, key: str, name: str) -> Resource:
        """Return the one thing of EC2 with this name in the site's VPC, or the VPC itself."""
        found = getattr(self.ec2, operation)(Filters=[{"Name": "tag:Name", "Values": [name]}])[key]
        return one(found, name)

    @property
    def vpc(self) -> str:
        return str(self.named("describe_vpcs", "Vpcs", SITE)["VpcId"])

    @property
    def inside(self) -> list[Resource]:
        """The filter that finds what is in the site's VPC, whatever tags it has."""
        return [{"Name": "vpc-id", "Values": [self.vpc]}]

    def subnet(self, name: str) -> Resource:
        return self.named("describe_subnets", "Subnets", f"{SITE}-{name}")

    def table_of(self, subnet: str) -> Resource:
        """Return the route table that a subnet is associated with."""
        wanted = [{"Name": "association.subnet-id", "Values": [self.subnet(subnet)["SubnetId"]]}]
        return one(self.ec2.describe_route_tables(Filters=wanted)["RouteTables"], subnet)

    def gateway(self, zone: str) -> Resource:
        """Return the NAT gateway in a zone's public subnet."""
        wanted = [
            {"Name": "subnet-id", "Values": [self.subnet(f"public-{zone}")["SubnetId"]]},
            {"Name": "state", "Values": ["pending", "available"]},
        ]
        return one(self.ec2.describe_nat_gateways(Filter=wanted)["NatGateways"], zone)

    def group(self, name: str) -> Resource:
        wanted = [*self.inside, {"Name": "group-name", "Values": [name]}]
        return one(self.ec2.describe_security_groups(Filters=wanted)["SecurityGroups"], name)

    def machine(self, zone: str) -> Resource:
        wanted = [*self.inside, {"Name": "availability-zone", "Values": [f"ap-northeast-1{zone}"]}]
        found = self.ec2.describe_instances(Filters=wanted)["Reservations"]
        return one([machine for each in found for machine in each["Instances"]], zone)

    # ---- stores

    @property
    def share(self) -> Resource:
        return one(self.client("efs").describe_file_systems()["FileSystems"], "share")

    def bucket(self, name: str) -> str:
        return f"{SITE}-{name}-{self.client('sts').get_caller_identity()['Account']}"

    # ---- load balancer

    @property
    def balancer(self) -> str:
        found = self.client("elbv2").describe_load_balancers(Names=[SITE])["LoadBalancers"]
        return str(one(found, SITE)["LoadBalancerArn"])

    def listener(self, port: int) -> Resource:
        found = self.client("elbv2").describe_listeners(LoadBalancerArn=self.balancer)["Listeners"]
        return one([each for each in found if each["Port"] == port], str(port))

    @property
    def target_group(self) -> Resource:
        return one(self.client("elbv2").describe_target_groups(Names=[SITE])["TargetGroups"], SITE)

    # ---- edge and names

    @property
    def distribution(self) -> tuple[str, str, Resource]:
        """The distribution's id, the version of its configuration, and that."""
        cloudfront = self.abroad("cloudfront")
        identity = one(cloudfront.list_distributions()["DistributionList"]["Items"], "distribution")["Id"]
        found = cloudfront.get_distribution_config(Id=identity)
        return identity, found["ETag"], found["DistributionConfig"]

    @property
    def zone(self) -> str:
        return str(one(self.abroad("route53").list_hosted_zones()["HostedZones"], "hosted zone")["Id"])

    def record(self, kind: str, which: str = "") -> Resource:
        """Return the record of a type; of a pair, that with this set identifier or failover role."""
        found = self.abroad("route53").list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return one([each for each in found if each["Type"] == kind and each.get("Failover", "") == which], kind)

    def change_record(self, action: str, record: Resource) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        self.abroad("route53").change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=batch)

    @property
    def check(self) -> Resource:
        return one(self.abroad("route53").list_health_checks()["HealthChecks"], "health check")


def one(found: list[Resource], what: str) -> Resource:
    """Return the only one of what was found."""
    assert len(found) == 1, f"{len(found)} of {what}"
    return found[0]


def tags(found: Resource | list[Resource]) -> dict[str, str]:
    """Return tags as a dictionary."""
    listed = found if isinstance(found, list) else found.get("Tags", [])
    return {tag["Key"]: tag["Value"] for tag in listed}


def settled(value: Any) -> Any:
    """Return something with its lists in one order: AWS promises none."""
    if isinstance(value, dict):
        return {key: settled(part) for key, part in value.items() if key != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return sorted((settled(part) for part in value), key=lambda part: json.dumps(part, default=str, sort_keys=True))
    return value


@dataclass(frozen=True)
class Drift:
    """A place of the site, somebody's change there, and what is seen of it."""

    name: str
    told: str
    """The plan's row: the task that repairs it, and the item in a loop."""
    make: Callable[[Account], Any]
    """What somebody does there by hand."""
    read: Callable[[Account], Any]
    """How it is there: as before the change once it is repaired."""
    shown: str = ""
    """What the row shows of it, if it has a difference: several drifts of one task are told apart by that."""
    differences: int = 1
    """How many differences the row has of it: it shows the first few of all."""
    follows: frozenset[str] = frozenset()
    """What there is to do on machines because of it, for as long as it is not repaired."""
