# SPDX-License-Identifier: GPL-3.0-or-later
"""The VPCs' networks with real packets: what AWS lets through gets through, and nothing else."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.base import addresses, namespaces
from tests.integration.network_lab import REGION, NetworkLab, networks
from tests.integration.small_world import until

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")]

SERVER = """
import socketserver, sys
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(self.client_address[0].encode())
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def network_lab() -> Iterator[NetworkLab]:
    with networks("net") as found:
        yield found


@dataclass
class Site:
    """A VPC as in most text books, with an interface in each subnet."""

    lab: NetworkLab
    ec2: Any
    vpc: str
    public: str
    private: str
    gateway: str
    nat: str
    nat_address: str
    public_routes: str
    private_routes: str

    def interface(self, subnet: str, *groups: str) -> tuple[str, str]:
        made = self.ec2.create_network_interface(SubnetId=subnet, Groups=list(groups))["NetworkInterface"]
        name = self.lab.place.namespace(made["NetworkInterfaceId"])
        until(lambda: name in namespaces.every(name))
        until(lambda: "default" in self.lab.run(made["NetworkInterfaceId"], "ip", "route").stdout)
        return made["NetworkInterfaceId"], made["PrivateIpAddress"]

    def group(self, name: str, *, egress: bool = True) -> str:
        made = self.ec2.create_security_group(VpcId=self.vpc, GroupName=name, Description=name)["GroupId"]
        if not egress:
            self.ec2.revoke_security_group_egress(GroupId=made, IpPermissions=[_rule("-1", cidr="0.0.0.0/0")])
        return str(made)

    def admit(self, group: str, *rules: dict[str, Any]) -> None:
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(rules))


def _rule(
    protocol: str = "tcp", port: int | None = None, *, cidr: str = "", group: str = "", prefixes: str = ""
) -> dict[str, Any]:
    found: dict[str, Any] = {"IpProtocol": protocol}
    if port is not None:
        found |= {"FromPort": port, "ToPort": port}
    if cidr:
        found["IpRanges"] = [{"CidrIp": cidr}]
    if group:
        found["UserIdGroupPairs"] = [{"GroupId": group}]
    if prefixes:
        found["PrefixListIds"] = [{"PrefixListId": prefixes}]
    return found


@pytest.fixture(scope="module")
def site(network_lab: NetworkLab) -> Site:
    ec2 = network_lab.ec2()
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    def subnet(cidr: str, zone: str) -> str:
        return str(ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=REGION + zone)["Subnet"]["SubnetId"])

    def table(subnet_id: str) -> str:
        made = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=made, SubnetId=subnet_id)
        return str(made)

    public, private = subnet("10.0.0.0/24", "a"), subnet("10.0.1.0/24", "c")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    public_routes, private_routes = table(public), table(private)
    ec2.create_route(RouteTableId=public_routes, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    address = ec2.allocate_address(Domain="vpc")
    nat = ec2.create_nat_gateway(SubnetId=public, AllocationId=address["AllocationId"])["NatGateway"]
    assert nat["State"] == "pending"
    until(lambda: _nat(ec2, nat["NatGatewayId"])["State"] == "available")
    ec2.create_route(RouteTableId=private_routes, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat["NatGatewayId"])
    return Site(
        network_lab, ec2, vpc, public, private, gateway, nat["NatGatewayId"], address["PublicIp"], public_routes,
        private_routes,
    )  # fmt: skip


def _nat(ec2: Any, nat: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]
    return found


@pytest.fixture
def serve(network_lab: NetworkLab) -> Iterator[Callable[[str, int], None]]:
    """Start servers that say under which address they see their callers."""
    started: list[subprocess.Popen[bytes]] = []

    def start(role: str, port: int) -> None:
        words = ["ip", "netns", "exec", network_lab.place.namespace(role), "python3", "-c", SERVER, str(port)]
        started.append(subprocess.Popen(words))
        until(lambda: f":{port} " in network_lab.run(role, "ss", "-tlnH").stdout)

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_groups_admit_by_membership_and_are_stateful(site: Site, serve: Callable[[str, int], None]) -> None:
    callers, servers = site.group("callers"), site.group("servers", egress=False)
    caller, caller_address = site.interface(site.private, callers)
    server, address = site.interface(site.private, servers)
    stranger, _ = site.interface(site.private, site.group("strangers"))
    serve(server, 8080)
    assert not site.lab.ask(caller, address, 8080)
    site.admit(servers, _rule(port=8080, group=callers))
    # Within one subnet, and although the server's group lets nothing out: answers belong to what was let in.
    assert until(lambda: site.lab.ask(caller, address, 8080)) == caller_address
    assert not site.lab.ask(stranger, address, 8080)
    assert not site.lab.ask(server, caller_address, 8080)


def test_an_egress_rule_is_needed_and_may_name_a_port(site: Site, serve: Callable[[str, int], None]) -> None:
    closed, open_group = site.group("closed", egress=False), site.group("open")
    site.admit(open_group, _rule("-1", cidr="0.0.0.0/0"))
    caller, caller_address = site.interface(site.public, closed)
    server, address = site.interface(site.private, open_group)
    serve(server, 8080)
    serve(server, 8081)
    site.ec2.authorize_security_group_egress(GroupId=closed, IpPermissions=[_rule(port=8081, cidr=f"{address}/32")])
    assert until(lambda: site.lab.ask(caller, address, 8081)) == caller_address
    assert not site.lab.ask(caller, address, 8080)


def test_a_private_subnet_leaves_by_the_nat_gateway(site: Site, serve: Callable[[str, int], None]) -> None:
    machine, address = site.interface(site.private)
    serve("internet", 9000)
    assert until(lambda: site.lab.ask(machine, addresses.API, 9000)) == site.nat_address
    # Nobody comes in that way.
    serve(machine, 9001)
    assert not site.lab.ask("client", site.nat_address, 9001)
    assert not site.lab.ask("client", address, 9001)
    site.ec2.delete_route(RouteTableId=site.private_routes, DestinationCidrBlock="0.0.0.0/0")
    until(lambda: not site.lab.ask(machine, addresses.API, 9000))
    site.ec2.create_route(RouteTableId=site.private_routes, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=site.nat)
    assert until(lambda: site.lab.ask(machine, addresses.API, 9000)) == site.nat_address


def test_a_nat_gateway_sends_from_any_port(site: Site) -> None:
    machine, _ = site.interface(site.private)
    heard = namespaces.listen(site.lab.place.namespace("internet"), addresses.API, 9002)
    connect = (
        "import socket\nfor port in range(40000, 40024):\n"
        f"    socket.create_connection(('{addresses.API}', 9002), 5, ('0.0.0.0', port))"
    )
    try:
        assert site.lab.run(machine, "python3", "-c", connect).returncode == 0
        assert min(heard.accept()[1][1] for _ in range(24)) < 32768
    finally:
        heard.close()


def test_services_begin_connections_from_any_port(site: Site) -> None:
    node, _ = site.interface(site.public)
    found = site.lab.run(node, "cat", "/proc/sys/net/ipv4/ip_local_port_range")
    assert found.stdout.split() == ["1024", "65535"]


def test_a_public_address_is_reached_by_its_rules_only(site: Site, serve: Callable[[str, int], None]) -> None:
    group = site.group("public")
    node, _ = site.interface(site.public, group)
    other, _ = site.interface(site.public)
    elastic = site.ec2.allocate_address(Domain="vpc")
    site.ec2.associate_address(AllocationId=elastic["AllocationId"], NetworkInterfaceId=node)
    serve(node, 443)
    serve("internet", 9000)
    assert not site.lab.ask("client", elastic["PublicIp"], 443)
    site.admit(group, _rule(port=443, cidr="0.0.0.0/0"))
    assert until(lambda: site.lab.ask("client", elastic["PublicIp"], 443)) == addresses.CLIENT
    assert site.lab.ask(node, addresses.API, 9000) == elastic["PublicIp"]
    # In the same subnet without a public address there is no way out.
    assert not site.lab.ask(other, addresses.API, 9000)
    # From the VPC itself by the public address: out by the internet gateway, and in again.
    machine, _ = site.interface(site.private)
    assert site.lab.ask(machine, elastic["PublicIp"], 443) == site.nat_address
    with pytest.raises(ClientError, match="InvalidIPAddress"):
        site.ec2.release_address(AllocationId=elastic["AllocationId"])
    found = site.ec2.describe_addresses(AllocationIds=[elastic["AllocationId"]])["Addresses"][0]
    site.ec2.disassociate_address(AssociationId=found["AssociationId"])
    site.ec2.release_address(AllocationId=elastic["AllocationId"])
    until(lambda: not site.lab.ask("client", elastic["PublicIp"], 443))


def test_the_storage_endpoint_needs_no_nat_gateway(site: Site, serve: Callable[[str, int], None]) -> None:
    lonely = site.ec2.create_subnet(VpcId=site.vpc, CidrBlock="10.0.7.0/24", AvailabilityZone=REGION + "a")
    subnet = lonely["Subnet"]["SubnetId"]
    routes = site.ec2.create_route_table(VpcId=site.vpc)["RouteTable"]["RouteTableId"]
    site.ec2.associate_route_table(RouteTableId=routes, SubnetId=subnet)
    group = site.group("storage", egress=False)
    machine, _ = site.interface(subnet, group)
    serve("internet", 443)
    service = f"com.amazonaws.{REGION}.s3"
    named = [{"Name": "prefix-list-name", "Values": [service]}]
    (found,) = site.ec2.describe_prefix_lists(Filters=named)["PrefixLists"]
    prefixes = found["PrefixListId"]
    assert found["Cidrs"] == [f"{addresses.S3}/32"]
    site.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[_rule(port=443, prefixes=prefixes)])
    assert not site.lab.ask(machine, addresses.S3, 443)
    made = site.ec2.create_vpc_endpoint(VpcId=site.vpc, ServiceName=service, RouteTableIds=[routes])["VpcEndpoint"]
    assert made["State"].lower() == "available"
    assert until(lambda: site.lab.ask(machine, addresses.S3, 443))
    assert not site.lab.ask(machine, addresses.API, 443)
    site.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    until(lambda: not site.lab.ask(machine, addresses.S3, 443))


def test_an_access_list_has_no_state_and_counts_between_subnets(site: Site, serve: Callable[[str, int], None]) -> None:
    made = site.ec2.create_subnet(VpcId=site.vpc, CidrBlock="10.0.8.0/24", AvailabilityZone=REGION + "a")
    subnet, group = made["Subnet"]["SubnetId"], site.group("listed")
    site.admit(group, _rule("-1", cidr="0.0.0.0/0"))
    server, address = site.interface(subnet, group)
    neighbour, neighbour_address = site.interface(subnet, group)
    caller, caller_address = site.interface(site.private, group)
    serve(server, 8080)
    assert site.lab.ask(caller, address, 8080) == caller_address
    acl = site.ec2.create_network_acl(VpcId=site.vpc)["NetworkAcl"]["NetworkAclId"]
    current = site.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
    association = next(each for each in current["NetworkAcls"][0]["Associations"] if each["SubnetId"] == subnet)[
        "NetworkAclAssociationId"
    ]
    site.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
    until(lambda: not site.lab.ask(caller, address, 8080))
    assert site.lab.ask(neighbour, address, 8080) == neighbour_address

    def entry(number: int, first: int, last: int, *, egress: bool) -> None:
        site.ec2.create_network_acl_entry(
            NetworkAclId=acl, RuleNumber=number, Protocol="6", RuleAction="allow", Egress=egress,
            CidrBlock="10.0.0.0/16", PortRange={"From": first, "To": last},
        )  # fmt: skip

    entry(100, 8080, 8080, egress=False)
    time.sleep(0.3)
    assert not site.lab.ask(caller, address, 8080)
    entry(100, 1024, 65535, egress=True)
    assert until(lambda: site.lab.ask(caller, address, 8080)) == caller_address


def test_only_an_own_address_is_sent_from(site: Site, serve: Callable[[str, int], None]) -> None:
    group = site.group("truthful")
    site.admit(group, _rule("-1", cidr="0.0.0.0/0"))
    liar, _ = site.interface(site.private, group)
    server, address = site.interface(site.private, group)
    serve(server, 8080)
    assert site.lab.ask(liar, address, 8080)
    site.lab.run(liar, "ip", "address", "add", "10.0.1.99/32", "dev", "eth0")
    site.lab.run(liar, "ip", "route", "replace", "default", "via", "10.0.1.1", "dev", "eth0", "src", "10.0.1.99")
    assert not site.lab.ask(liar, address, 8080)


def test_a_stopped_machine_is_silent(site: Site, serve: Callable[[str, int], None]) -> None:
    group = site.group("machines")
    site.admit(group, _rule("-1", cidr="0.0.0.0/0"))
    images = site.ec2.describe_images(Owners=["amazon"])["Images"]
    launched = site.ec2.run_instances(
        ImageId=images[0]["ImageId"], InstanceType="t3.micro", MinCount=1, MaxCount=1,
        SubnetId=site.private, SecurityGroupIds=[group],
    )["Instances"][0]  # fmt: skip
    machine, address = launched["InstanceId"], launched["PrivateIpAddress"]
    eni = launched["NetworkInterfaces"][0]["NetworkInterfaceId"]
    site.lab.see(machine, "running")
    until(lambda: "default" in site.lab.run(eni, "ip", "route").stdout)
    serve(eni, 8080)
    caller, caller_address = site.interface(site.public, group)
    assert until(lambda: site.lab.ask(caller, address, 8080)) == caller_address
    for _ in range(2):
        site.lab.see(machine, "stopped")
        until(lambda: not site.lab.ask(caller, address, 8080))
        site.lab.see(machine, "running")
        assert until(lambda: site.lab.ask(caller, address, 8080)) == caller_address


def test_names_and_metadata_pass_closed_groups(site: Site) -> None:
    closed = site.group("shut", egress=False)
    machine, address = site.interface(site.private, closed)
    heard = namespaces.listen(site.lab.place.namespace(site.vpc), str(addresses.METADATA), 80)
    try:
        connect = "import socket; socket.create_connection(('169.254.169.254', 80), 2)"
        assert site.lab.run(machine, "python3", "-c", connect).returncode == 0
        assert heard.accept()[1][0] == address
        assert site.lab.run(machine, "python3", "-c", connect.replace("80", "81")).returncode != 0
    finally:
        heard.close()


def test_two_networks_may_have_the_same_addresses(site: Site, serve: Callable[[str, int], None]) -> None:
    twin = site.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = site.ec2.create_subnet(VpcId=twin, CidrBlock="10.0.1.0/24", AvailabilityZone=REGION + "c")
    address = site.interface(site.private)[1]
    there = site.ec2.create_network_interface(SubnetId=made["Subnet"]["SubnetId"], PrivateIpAddress=address)
    other = there["NetworkInterface"]["NetworkInterfaceId"]
    until(lambda: site.lab.place.namespace(other) in namespaces.every(site.lab.place.namespace(other)))
    serve("internet", 9000)
    time.sleep(0.3)
    assert not site.lab.ask(other, addresses.API, 9000)
    with pytest.raises(ClientError, match="DependencyViolation"):
        site.ec2.delete_subnet(SubnetId=made["Subnet"]["SubnetId"])
    site.ec2.delete_network_interface(NetworkInterfaceId=other)
    site.ec2.delete_subnet(SubnetId=made["Subnet"]["SubnetId"])
    site.ec2.delete_vpc(VpcId=twin)
    until(lambda: not namespaces.every(site.lab.place.namespace(twin)))


def test_an_interface_endpoint_has_interfaces_of_its_own(site: Site, serve: Callable[[str, int], None]) -> None:
    site.ec2.modify_vpc_attribute(VpcId=site.vpc, EnableDnsHostnames={"Value": True})
    group = site.group("endpoint")
    site.admit(group, _rule(port=443, cidr="10.0.0.0/16"))
    made = site.ec2.create_vpc_endpoint(
        VpcId=site.vpc, ServiceName=f"com.amazonaws.{REGION}.ssm", VpcEndpointType="Interface",
        SubnetIds=[site.private], SecurityGroupIds=[group], PrivateDnsEnabled=True,
    )["VpcEndpoint"]  # fmt: skip

    def endpoint() -> dict[str, Any]:
        found = site.ec2.describe_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["VpcEndpoints"][0]
        return found if found["State"].lower() == "available" else {}

    (eni,) = until(endpoint)["NetworkInterfaceIds"]
    described = site.ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"][0]
    assert described["Description"] == f"VPC Endpoint Interface {made['VpcEndpointId']}"
    machine, address = site.interface(site.private)
    serve(eni, 443)
    assert site.lab.ask(machine, described["PrivateIpAddress"], 443) == address
    with pytest.raises(ClientError, match="DependencyViolation"):
        site.ec2.delete_security_group(GroupId=group)
    site.ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    site.ec2.delete_security_group(GroupId=group)


def test_a_nat_gateway_without_internet_gateway_fails(network_lab: NetworkLab) -> None:
    ec2 = network_lab.ec2()
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24", AvailabilityZone=REGION + "a")["Subnet"]["SubnetId"]
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)["NatGateway"]
    found = _nat(ec2, nat["NatGatewayId"])
    assert (found["State"], found["FailureCode"]) == ("failed", "Gateway.NotAttached")
    ec2.release_address(AllocationId=allocation)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def test_a_nat_gateway_in_a_private_subnet_leads_nowhere(site: Site, serve: Callable[[str, int], None]) -> None:
    allocation = site.ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = site.ec2.create_subnet(VpcId=site.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone=REGION + "a")
    subnet = made["Subnet"]["SubnetId"]
    nat = site.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    until(lambda: _nat(site.ec2, nat)["State"] == "available")
    routes = site.ec2.create_route_table(VpcId=site.vpc)["RouteTable"]["RouteTableId"]
    other = site.ec2.create_subnet(VpcId=site.vpc, CidrBlock="10.0.10.0/24", AvailabilityZone=REGION + "a")
    site.ec2.associate_route_table(RouteTableId=routes, SubnetId=other["Subnet"]["SubnetId"])
    site.ec2.create_route(RouteTableId=routes, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    machine, _ = site.interface(other["Subnet"]["SubnetId"])
    serve("internet", 9000)
    assert not site.lab.ask(machine, addresses.API, 9000)
    site.ec2.delete_nat_gateway(NatGatewayId=nat)
    until(lambda: _nat(site.ec2, nat)["State"] == "deleted")
    table = site.ec2.describe_route_tables(RouteTableIds=[routes])["RouteTables"][0]
    assert {route["State"] for route in table["Routes"] if route.get("NatGatewayId")} == {"blackhole"}
    site.ec2.release_address(AllocationId=allocation)


def test_what_is_in_use_is_not_deleted(site: Site) -> None:
    refused: tuple[tuple[Callable[..., Any], dict[str, str]], ...] = (
        (site.ec2.delete_vpc, {"VpcId": site.vpc}),
        (site.ec2.delete_subnet, {"SubnetId": site.public}),
        (site.ec2.detach_internet_gateway, {"InternetGatewayId": site.gateway, "VpcId": site.vpc}),
        (site.ec2.delete_internet_gateway, {"InternetGatewayId": site.gateway}),
        (site.ec2.delete_route_table, {"RouteTableId": site.public_routes}),
    )
    for call, arguments in refused:
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        assert caught.value.response["Error"]["Code"] == "DependencyViolation"
    one, two = site.group("referred"), site.group("referring")
    site.admit(two, _rule(port=1, group=one))
    with pytest.raises(ClientError, match="DependencyViolation"):
        site.ec2.delete_security_group(GroupId=one)


def test_the_host_is_a_way_out_and_not_a_target(site: Site) -> None:
    gateway = site.lab.run("internet", "ip", "route", "show", "default").stdout.split()[2]
    assert not site.lab.ask("internet", gateway, 22)
    listening = subprocess.run(["nft", "list", "table", "ip", site.lab.place.table], capture_output=True, check=False)
    assert b"masquerade" in listening.stdout


def test_what_a_visitor_sends_to_a_private_address_goes_nowhere(site: Site) -> None:
    asked = "import socket; socket.create_connection(('10.0.1.9', 80), 5)"
    done = site.lab.run("client", "python3", "-c", asked)
    assert "Network is unreachable" in done.stderr
