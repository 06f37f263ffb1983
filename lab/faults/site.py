# SPDX-License-Identifier: GPL-3.0-or-later
"""The site to which a fault is done, as its owner sees it: by the API, and on its machines."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal, TypeVar

import boto3

from lab.base.endpoint import environment
from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.faults.journal import Journal, Step
from lab.faults.layout import Layout, layout_of
from lab.plane.machines.container import Container

GLOBAL_REGION = "us-east-1"
"""Where the services without regions are asked, and where CloudFront takes its certificates from."""
_COMMAND_SECONDS = 60
_WAIT_SECONDS = 300


Resource = dict[str, Any]
Thing = TypeVar("Thing")


class Account:
    """The lab's account, as whoever holds its keys reaches it."""

    def __init__(self, place: LabPaths) -> None:
        found = environment(place)
        self._endpoint = found["AWS_ENDPOINT_URL"]
        self.region = found["AWS_DEFAULT_REGION"]
        self._session = boto3.session.Session(
            aws_access_key_id=found["AWS_ACCESS_KEY_ID"], aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"]
        )

    def client(self, service: str, region: str = "") -> Any:
        """Return the client of a service, in the site's region unless another one is named."""
        return self._session.client(service, region_name=region or self.region, endpoint_url=self._endpoint)

    def sites(self) -> list[str]:
        """Return the names of the sites that have a network."""
        tagged = [{"Name": "tag-key", "Values": ["hasite:site"]}]
        vpcs = self.client("ec2").describe_vpcs(Filters=tagged)["Vpcs"]
        return sorted({tags_of(vpc)["hasite:site"] for vpc in vpcs})


class Site(Account):
    """One site. Nothing is looked up before it is asked for: with a fault in force, not everything is found."""

    def __init__(self, place: LabPaths, journal: Journal) -> None:
        super().__init__(place)
        self.place = place
        self.name = journal.site
        self.journal = journal

    def to_mend(self, step: Callable[..., None], *arguments: Any, **options: Any) -> None:
        """Note what takes back the change that comes next; steps are done in the opposite order."""
        self.journal.add(self.place, Step(step.__name__, list(arguments), options))

    # ---- on the machines

    def run(self, machine: str, *command: str, given: str | None = None) -> str:
        """Run a command on a machine and return what it said."""
        words = [*Container(self.place, machine).enter(), *command]
        done = subprocess.run(words, input=given, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False)
        if done.returncode:
            raise LabError(f"`{' '.join(command)}` failed on {machine}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def layout(self, machine: str = "") -> Layout:
        """Return where a machine has its web server and PHP; the meant one's unless another one is named."""
        return layout_of(self.run(machine or self.machine_id, "cat", "/etc/os-release"))

    def wait(self, what: str, check: Callable[[], Any]) -> Any:
        """Return the first true value of the check."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while not (found := check()):
            if time.monotonic() > deadline:
                raise LabError(f"{what} was waited for in vain for {_WAIT_SECONDS} s.")
            time.sleep(0.2)
        return found

    # ---- network and machines

    @cached_property
    def ec2(self) -> Any:
        """The client of EC2."""
        return self.client("ec2")

    @property
    def tagged(self) -> list[Resource]:
        """The filter of EC2 that finds what is the site's."""
        return [{"Name": "tag:hasite:site", "Values": [self.name]}]

    def tags(self, part: str) -> list[dict[str, str]]:
        """Return what the site's owner writes on the things of a part."""
        tags = {"Name": self.name, "hasite:site": self.name, "hasite:part": part}
        return [{"Key": key, "Value": value} for key, value in tags.items()]

    @cached_property
    def machines(self) -> list[Resource]:
        """All machines, by name."""
        states = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
        found = self.ec2.describe_instances(Filters=[*self.tagged, states])["Reservations"]
        machines = [machine for reservation in found for machine in reservation["Instances"]]
        if not machines:
            raise LabError(f"The site {self.name} has no machines; build it first (`make site`).")
        return sorted(machines, key=lambda one: tags_of(one).get("Name", ""))

    @cached_property
    def machine(self) -> Resource:
        """The machine that is meant: the named one, or the first."""
        wanted = self.journal.machine
        if wanted is None:
            return self.machines[0]
        for machine in self.machines:
            if wanted in (machine["InstanceId"], tags_of(machine).get("Name")):
                return machine
        known = ", ".join(tags_of(machine).get("Name", "") for machine in self.machines)
        raise LabError(f"The site {self.name} has no machine {wanted!r}; it has {known}.")

    @property
    def machine_ids(self) -> list[str]:
        """All machines' ids."""
        return [str(machine["InstanceId"]) for machine in self.machines]

    @property
    def machine_id(self) -> str:
        """The meant machine's id."""
        return str(self.machine["InstanceId"])

    @cached_property
    def vpc(self) -> Resource:
        """The site's network."""
        return self.one("VPC", self.ec2.describe_vpcs(Filters=self.tagged)["Vpcs"])

    @property
    def route_table(self) -> Resource:
        """The route table of the meant machine's subnet."""
        wanted = [{"Name": "association.subnet-id", "Values": [self.machine["SubnetId"]]}]
        return self.one("route table of its own", self.ec2.describe_route_tables(Filters=wanted)["RouteTables"])

    @property
    def nat_gateway(self) -> Resource:
        """The NAT gateway to which that table's default route leads; a deleted one is still described for an hour."""
        table = self.route_table
        targets = {route.get("DestinationCidrBlock"): route.get("NatGatewayId") for route in table["Routes"]}
        target = targets.get("0.0.0.0/0")
        found = self.ec2.describe_nat_gateways(NatGatewayIds=[target])["NatGateways"] if target else []
        return self.one(f"NAT gateway in the default route of {table['RouteTableId']}", found)

    def group(self, part: str) -> Resource:
        """Return the security group of a part."""
        wanted = [*self.tagged, {"Name": "tag:hasite:part", "Values": [part]}]
        found = self.ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
        return self.one(f"security group of the part {part}", found)

    # ---- balancer, share, names, edge

    @cached_property
    def balancer(self) -> Resource:
        """The load balancer."""
        found = self.client("elbv2").describe_load_balancers()["LoadBalancers"]
        return self.one("load balancer", [balancer for balancer in found if balancer["VpcId"] == self.vpc["VpcId"]])

    @cached_property
    def target_group(self) -> Resource:
        """The target group."""
        found = self.client("elbv2").describe_target_groups()["TargetGroups"]
        return self.one("target group", [resource for resource in found if resource.get("VpcId") == self.vpc["VpcId"]])

    def listener(self, port: int) -> Resource:
        """Return the listener on a port."""
        found = self.client("elbv2").describe_listeners(LoadBalancerArn=self.balancer["LoadBalancerArn"])["Listeners"]
        return self.one(f"listener on port {port}", [listener for listener in found if listener["Port"] == port])

    @cached_property
    def file_system(self) -> Resource:
        """The share."""
        found = self.client("efs").describe_file_systems()["FileSystems"]
        return self.one(
            "file system", [resource for resource in found if tags_of(resource).get("hasite:site") == self.name]
        )

    @cached_property
    def zone(self) -> Resource:
        """The hosted zone."""
        route53 = self.client("route53", GLOBAL_REGION)
        zones = {zone["Id"].rpartition("/")[2]: zone for zone in route53.list_hosted_zones()["HostedZones"]}
        answer = route53.list_tags_for_resources(ResourceType="hostedzone", ResourceIds=list(zones)) if zones else {}
        own = [tag_set["ResourceId"] for tag_set in answer.get("ResourceTagSets", []) if self._owns(tag_set)]
        return self.one("hosted zone", [zones[zone] for zone in own])

    def records(self) -> list[Resource]:
        """Return the zone's records."""
        pages = self.client("route53", GLOBAL_REGION).get_paginator("list_resource_record_sets")
        found = pages.paginate(HostedZoneId=self.zone["Id"])
        return [record for page in found for record in page["ResourceRecordSets"]]

    def failover(self, kind: Literal["PRIMARY", "SECONDARY"]) -> Resource:
        """Return one of the two records between which visitors are switched."""
        return self.one(f"{kind} record", [record for record in self.records() if record.get("Failover") == kind])

    @property
    def health_check(self) -> Resource:
        """The PRIMARY record's health check."""
        identity = self.failover("PRIMARY").get("HealthCheckId")
        checks = self.client("route53", GLOBAL_REGION).list_health_checks()["HealthChecks"]
        return self.one("health check at its PRIMARY record", [check for check in checks if check["Id"] == identity])

    @property
    def domain(self) -> str:
        """The name that visitors type."""
        return str(self.failover("PRIMARY")["Name"].rstrip("."))

    @property
    def distribution(self) -> Resource:
        """The distribution of the error page."""
        cloudfront = self.client("cloudfront", GLOBAL_REGION)
        found = cloudfront.list_distributions()["DistributionList"].get("Items", [])
        own = [
            resource
            for resource in found
            if self._owns(cloudfront.list_tags_for_resource(Resource=resource["ARN"])["Tags"]["Items"])
        ]
        return self.one("distribution", own)

    @property
    def distribution_config(self) -> Resource:
        """The distribution's whole configuration."""
        found = self.client("cloudfront", GLOBAL_REGION).get_distribution_config(Id=self.distribution["Id"])
        return dict(found["DistributionConfig"])

    def bucket(self, part: str) -> str:
        """Return the name of the bucket of a part."""
        names = [bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]]
        return str(
            self.one(f"bucket of the {part}", [name for name in names if name.startswith(f"{self.name}-{part}-")])
        )

    def _owns(self, tagged: Any) -> bool:
        return tags_of({"Tags": tagged} if isinstance(tagged, list) else tagged).get("hasite:site") == self.name

    def one(self, what: str, found: list[Thing]) -> Thing:
        """Return the only thing found; another fault may have taken it away, or the site is not built."""
        if len(found) != 1:
            number = len(found) or "no"
            raise LabError(f"The site {self.name} has {number} {what}; mend other faults (`lab faults`) or build it.")
        return found[0]


def tags_of(resource: Resource) -> dict[str, str]:
    """Return an answer's tags."""
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}
