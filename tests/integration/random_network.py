# SPDX-License-Identifier: GPL-3.0-or-later
"""Random networks, made through the API as a person would make them: right mostly, and wrong in every way."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from lab.api.services.ec2.network import associate_public_address, service_interface
from lab.base import addresses
from lab.base.backends import Backends
from tests.integration.network_lab import NetworkLab

REGIONS = ("ap-northeast-1", "eu-west-1", "us-west-2", "eu-central-1", "us-east-2", "ap-southeast-1")
TCP, UDP = (80, 443, 2049), (4500,)
AMAZON = "137112412989"
"""Whose images are few: to ask for all takes seconds."""
FILE_SYSTEM = "fs-0123456789abcdef0"
BALANCER = "app/shop/0123456789abcdef"
_INTERNET = str(addresses.INTERNET)
_ANSWERS = ((1024, 65535), (32768, 65535), (32768, 60999), (49152, 65535), (1024, 40000), (0, 65535))


@dataclass
class RandomNetwork:
    """A VPC of four subnets with machines, a load balancer, a file system, gateways, groups and ACLs."""

    lab: NetworkLab
    dice: random.Random
    number: int
    vpc: str = ""
    machines: list[dict[str, Any]] = field(default_factory=list)
    services: list[Any] = field(default_factory=list)
    """The interfaces of the load balancer and the file system, as the API's state has them."""
    nat_gateways: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.region = REGIONS[self.number % len(REGIONS)]
        self.ec2 = self.lab.ec2(self.region)
        self.cidr = f"10.{self.number}.0.0/16"
        self.online = self.dice.random() < 0.9
        with self.lab.at_rest():
            self._build()
        self.lab.settle()  # what the plane has observed is a change of its own: NAT gateways become available

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def _build(self) -> None:
        self.vpc = self.ec2.create_vpc(CidrBlock=self.cidr)["Vpc"]["VpcId"]
        zones = [zone["ZoneName"] for zone in self.ec2.describe_availability_zones()["AvailabilityZones"]]
        self.subnets = [
            self.ec2.create_subnet(
                VpcId=self.vpc, CidrBlock=f"10.{self.number}.{n}.0/24", AvailabilityZone=zones[n % 2]
            )["Subnet"]["SubnetId"]
            for n in range(4)
        ]  # fmt: skip
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        if self.online:
            self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        named = [{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{self.region}.s3"]}]
        self.storage = self.ec2.describe_prefix_lists(Filters=named)["PrefixLists"][0]["PrefixListId"]
        self.groups = [
            self.ec2.create_security_group(VpcId=self.vpc, GroupName=f"group-{n}", Description="random")["GroupId"]
            for n in range(4)
        ]
        self.image = self.ec2.describe_images(Owners=[AMAZON])["Images"][0]["ImageId"]
        self._make_machines()
        self._make_services()
        self._make_nat_gateways()
        for group in self.groups:
            self._make_rules(group)
        self._make_routes()
        for subnet in self.subnets:
            if self.chance(0.5):
                self._make_acl(subnet)

    def _some_groups(self) -> list[str]:
        return self.dice.sample(self.groups, self.dice.choice((1, 1, 2)))

    def _make_machines(self) -> None:
        for n, subnet in enumerate(self.subnets):
            for _ in range(2):
                public = self.online and self.chance(0.7 if n < 2 else 0.2)
                wanted = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": self._some_groups()}
                made = self.ec2.run_instances(
                    ImageId=self.image, InstanceType="t3.micro", MinCount=1, MaxCount=1,
                    NetworkInterfaces=[{**wanted, "AssociatePublicIpAddress": public}],
                )  # fmt: skip
                self.machines.append(made["Instances"][0])
                self.lab.see(made["Instances"][0]["InstanceId"], "running")
        if self.chance(0.5):
            stopped = self.dice.choice(self.machines)["InstanceId"]
            self.ec2.stop_instances(InstanceIds=[stopped])
            self.lab.see(stopped, "stopped")

    def _make_services(self) -> None:
        """Make what other services would: this lab has networks only."""
        backend = Backends().at("ec2", self.region)
        with self.lab.context.lock:
            for n, subnet in enumerate(self.subnets):
                where, groups = backend.get_subnet(subnet), self._some_groups()
                told = f"EFS mount target for {FILE_SYSTEM} (fsmt-{n})" if n > 1 else f"ELB {BALANCER}"
                made = service_interface(backend, where, groups, told)
                if n < 2 and self.online:
                    associate_public_address(backend, made)
                self.services.append(made)

    def _make_nat_gateways(self) -> None:
        for _ in range(self.dice.choice((1, 1, 2)) if self.online else 0):
            address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
            subnet = self.subnets[self.dice.choice((0, 0, 0, 1, 2))]
            made = self.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)
            self.nat_gateways.append(made["NatGateway"]["NatGatewayId"])

    # ---- groups

    def _block(self) -> str:
        n = self.dice.randrange(4)
        machine = self.dice.choice(self.machines)
        blocks = (
            *("0.0.0.0/0",) * 3, self.cidr, f"10.{self.number}.{n}.0/24", f"{machine['PrivateIpAddress']}/32",
            f"{addresses.CLIENT}/32", f"{addresses.API}/32", _INTERNET, str(addresses.ELASTIC),
        )  # fmt: skip
        return self.dice.choice(blocks)

    def _rule(self) -> dict[str, Any]:
        protocol = self.dice.choice(("tcp", "tcp", "tcp", "udp", "icmp", "-1"))
        found: dict[str, Any] = {"IpProtocol": protocol}
        if protocol == "icmp":
            found |= self.dice.choice(
                ({"FromPort": -1, "ToPort": -1}, {"FromPort": 8, "ToPort": 0}, {"FromPort": 0, "ToPort": 0})
            )
        elif protocol != "-1":
            first, last = self._ports(protocol)
            found |= {"FromPort": first, "ToPort": last}
        peer = self.dice.random()
        if peer < 0.3:
            found["UserIdGroupPairs"] = [{"GroupId": self.dice.choice(self.groups)}]
        elif peer < 0.4:
            found["PrefixListIds"] = [{"PrefixListId": self.storage}]
        else:
            found["IpRanges"] = [{"CidrIp": self._block()}]
        return found

    def _ports(self, protocol: str) -> tuple[int, int]:
        port = self.dice.choice(TCP if protocol == "tcp" else UDP)
        return self.dice.choice(((port, port), (port, port), (0, 65535), (port, port + 20), (81, 442), (1, port)))

    def _make_rules(self, group: str) -> None:
        if self.chance(0.35):
            every = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            self.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[every])
            self._authorize(self.ec2.authorize_security_group_egress, group)
        self._authorize(self.ec2.authorize_security_group_ingress, group)

    def _authorize(self, call: Any, group: str) -> None:
        rules = {str(rule): rule for rule in (self._rule() for _ in range(self.dice.randint(1, 5)))}
        for rule in rules.values():
            call(GroupId=group, IpPermissions=[rule])

    # ---- routes

    def _make_routes(self) -> None:
        shared = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])
        tables = [shared["RouteTables"][0]["RouteTableId"]]
        for n, subnet in enumerate(self.subnets):
            if n and self.chance(0.15):
                continue  # the main table counts
            table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
            tables.append(table)
            self._route(table, "0.0.0.0/0", public=n < 2)
            if self.chance(0.25):
                self._route(table, self.dice.choice((_INTERNET, f"{addresses.API}/32")), public=self.chance(0.5))
            if self.chance(0.15):
                other = self.dice.choice([each for each in range(4) if each != n])
                self._route(table, f"10.{self.number}.{other}.0/24", public=False)
        if self.chance(0.6):
            self.ec2.create_vpc_endpoint(
                VpcId=self.vpc, ServiceName=f"com.amazonaws.{self.region}.s3",
                RouteTableIds=self.dice.sample(tables, self.dice.randint(1, len(tables))),
            )  # fmt: skip
        if self.nat_gateways and self.chance(0.2):
            self.ec2.delete_nat_gateway(NatGatewayId=self.dice.choice(self.nat_gateways))

    def _route(self, table: str, block: str, *, public: bool) -> None:
        weights = (75, 10, 5, 10) if public else (10, 70, 5, 15)
        kind = self.dice.choices(("internet", "nat gateway", "machine", "none"), weights)[0]
        target: dict[str, str] = {}
        if kind == "internet" and self.online:
            target = {"GatewayId": self.gateway}
        elif kind == "nat gateway" and self.nat_gateways:
            target = {"NatGatewayId": self.dice.choice(self.nat_gateways)}
        elif kind == "machine":
            nic = self.dice.choice(self.machines)["NetworkInterfaces"][0]
            target = {"NetworkInterfaceId": nic["NetworkInterfaceId"]}
        if target:
            self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, **target)

    # ---- ACLs

    def _make_acl(self, subnet: str) -> None:
        acl = self.ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"]
        own = [{"Name": "association.subnet-id", "Values": [subnet]}]
        (current,) = self.ec2.describe_network_acls(Filters=own)["NetworkAcls"]
        association = next(each for each in current["Associations"] if each["SubnetId"] == subnet)
        self.ec2.replace_network_acl_association(
            AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl
        )  # fmt: skip
        for egress in (False, True):
            for number in self.dice.sample(range(1, 200), self.dice.randint(0, 4)):
                self._entry(acl, number, egress, self._some_entry())
            if self.chance(0.75):
                every = {"Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}
                answers: dict[str, Any] = {"Protocol": "6", "RuleAction": "allow", "CidrBlock": self._block()}
                answers["PortRange"] = dict(zip(("From", "To"), self.dice.choice(_ANSWERS), strict=True))
                self._entry(acl, 300, egress, self.dice.choice((every, every, answers)))

    def _some_entry(self) -> dict[str, Any]:
        protocol = self.dice.choice(("-1", "6", "6", "6", "17", "1"))
        action = self.dice.choice(("allow", "allow", "deny"))
        found: dict[str, Any] = {"Protocol": protocol, "RuleAction": action, "CidrBlock": self._block()}
        if protocol in ("6", "17"):
            exact = self._ports("tcp" if protocol == "6" else "udp")
            first, last = self.dice.choice((exact, exact, self.dice.choice(_ANSWERS)))
            found["PortRange"] = {"From": first, "To": last}
        if protocol == "1":
            found["IcmpTypeCode"] = self.dice.choice(
                ({"Type": -1, "Code": -1}, {"Type": 8, "Code": -1}, {"Type": 0, "Code": 0})
            )
        return found

    def _entry(self, acl: str, number: int, egress: bool, entry: dict[str, Any]) -> None:
        self.ec2.create_network_acl_entry(NetworkAclId=acl, RuleNumber=number, Egress=egress, **entry)
