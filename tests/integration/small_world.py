# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPC with a public and a private subnet in each of two zones, made through the API and taken away again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import boto3

from lab.base import namespaces
from lab.base.paths import LabPaths

ZONES = ("ap-northeast-1a", "ap-northeast-1c")

_WEB_SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        status = int(open(sys.argv[1]).read()) if self.path == "/health" else 200
        body = f"{sys.argv[2]} {self.path} {self.headers.get('X-Forwarded-For')}".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("", 80), Handler).serve_forever()
"""


def until(check: Callable[..., Any], seconds: float = 30) -> Any:
    """Return the first true value of the check."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"not true within {seconds} s: {check}"
        time.sleep(0.1)
    return found


class SmallWorld:
    """The VPC, and what was made in it."""

    def __init__(self, session: boto3.session.Session, place: LabPaths, second: int) -> None:
        self.place = place
        self.ec2: Any = session.client("ec2")
        self.elb: Any = session.client("elbv2")
        self.efs: Any = session.client("efs")
        self.vpc = self.ec2.create_vpc(CidrBlock=f"10.{second}.0.0/16")["Vpc"]["VpcId"]
        for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
            self.ec2.modify_vpc_attribute(VpcId=self.vpc, **{attribute: {"Value": True}})
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.public = [self._subnet(f"10.{second}.{n}.0/24", zone) for n, zone in enumerate(ZONES)]
        self.private = [self._subnet(f"10.{second}.{n + 10}.0/24", zone) for n, zone in enumerate(ZONES)]
        self.routes = self._routes(self.public, GatewayId=self.gateway)
        self.processes: list[subprocess.Popen[bytes]] = []

    def _subnet(self, cidr: str, zone: str) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone=zone)
        return str(made["Subnet"]["SubnetId"])

    def _routes(self, subnets: list[str], **target: str) -> str:
        table = str(self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"])
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
        for subnet in subnets:
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return table

    def translate(self) -> None:
        """Give the private subnets a way out through a NAT gateway."""
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        made = self.ec2.create_nat_gateway(SubnetId=self.public[0], AllocationId=address)
        nat = made["NatGateway"]["NatGatewayId"]

        def state() -> bool:
            (found,) = self.ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"]
            return bool(found["State"] == "available")

        until(state)
        self._routes(self.private, NatGatewayId=nat)

    def group(self, name: str) -> str:
        made = self.ec2.create_security_group(VpcId=self.vpc, GroupName=name, Description=name)
        return str(made["GroupId"])

    def admit(self, group: str, port: int, *, source: str = "", world: bool = False) -> dict[str, Any]:
        """Admit a port, from another group or from the world; return the rule."""
        rule: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
        if source:
            rule["UserIdGroupPairs"] = [{"GroupId": source}]
        if world:
            rule["IpRanges"] = [{"CidrIp": "0.0.0.0/0"}]
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        return rule

    def interface(self, subnet: str, group: str) -> tuple[str, str]:
        """Return a new interface's id and address, once its namespace is there."""
        made = self.ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]
        identity, address = made["NetworkInterfaceId"], made["PrivateIpAddress"]
        until(lambda: "default" in self.run(identity, "ip", "route").stdout)
        return identity, address

    def web_server(self, interface: str, health: str, name: str) -> subprocess.Popen[bytes]:
        """Serve on an interface; its health page answers with the status in the file `health`."""
        entry = f"--net={namespaces.FOLDER / self.place.namespace(interface)}"
        process = subprocess.Popen(["nsenter", entry, sys.executable, "-c", _WEB_SERVER, health, name])
        self.processes.append(process)
        until(lambda: self.run(interface, "ss", "-Hltn", "sport = :80").stdout)
        return process

    def run(self, role: str, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command in one of the lab's namespaces."""
        words = ["ip", "netns", "exec", self.place.namespace(role), *command]
        return subprocess.run(words, capture_output=True, text=True, timeout=timeout, check=False)

    def fetch(self, address: str, *more: str) -> tuple[int, str, str]:
        """Return status, head and body of what a visitor gets."""
        url = address if "://" in address else f"http://{address}"
        done = self.run("client", "curl", "--silent", "--include", "--max-time", "20", *more, url)
        head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
        return (int(head.split()[1]) if head else 0), head, body

    def close(self) -> None:
        """End the processes; the lab's `down` removes the rest."""
        for process in self.processes:
            process.kill()
            process.wait()
