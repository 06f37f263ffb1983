# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines for the measurements, made through the API of a lab: a public subnet, a profile, a bucket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import jinja2

from lab.base.endpoint import Endpoint

REGION = "ap-northeast-1"
_NAME = "bench"
_IMAGE = "/aws/service/debian/release/12/latest/amd64"
_USER_DATA = Path(__file__).parents[1] / "roles/compute/templates/install_agent.sh.j2"
_MANAGED = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


class Fleet:
    """The machines of one lab; more are started when more are asked for."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._session = boto3.session.Session(endpoint.access_key, endpoint.secret_key, region_name=REGION)
        self._endpoint_url = endpoint.url
        self._subnet = ""
        self._machines: list[str] = []
        self._bucket = ""

    def client(self, service: str) -> Any:
        """Return a client of the lab's API."""
        return self._session.client(service, endpoint_url=self._endpoint_url)

    def machines(self, count: int) -> list[str]:
        """Return the ids of so many machines, all of them online and idle."""
        if not self._subnet:
            self._subnet = self._network()
            self._profile()
        if (missing := count - len(self._machines)) > 0:
            self._start(missing)
        return self._machines[:count]

    def bucket(self) -> str:
        """Return the name of a bucket for files on their way."""
        if not self._bucket:
            self._bucket = f"{_NAME}-transfer"
            where = {"LocationConstraint": REGION}
            self.client("s3").create_bucket(Bucket=self._bucket, CreateBucketConfiguration=where)
        return self._bucket

    def _network(self) -> str:
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        table = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
        ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.80.0.0/20", AvailabilityZone=f"{REGION}a")
        return str(subnet["Subnet"]["SubnetId"])

    def _profile(self) -> None:
        iam = self.client("iam")
        iam.create_role(RoleName=_NAME, AssumeRolePolicyDocument=json.dumps(_TRUST))
        iam.attach_role_policy(RoleName=_NAME, PolicyArn=_MANAGED)
        iam.create_instance_profile(InstanceProfileName=_NAME)
        iam.add_role_to_instance_profile(InstanceProfileName=_NAME, RoleName=_NAME)

    def _start(self, count: int) -> None:
        image = self.client("ssm").get_parameter(Name=_IMAGE)["Parameter"]["Value"]
        made = self.client("ec2").run_instances(
            ImageId=image,
            InstanceType="t3.small",
            MinCount=count,
            MaxCount=count,
            IamInstanceProfile={"Name": _NAME},
            UserData=_agent_installed(),
            NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": self._subnet, "AssociatePublicIpAddress": True}],
        )
        self._machines += [instance["InstanceId"] for instance in made["Instances"]]
        wait_until(self._all_online, 60 + 15 * count)

    def _all_online(self) -> bool:
        pages = self.client("ssm").get_paginator("describe_instance_information").paginate()
        online = {
            instance["InstanceId"]
            for page in pages
            for instance in page["InstanceInformationList"]
            if instance["PingStatus"] == "Online"
        }
        return online.issuperset(self._machines)


def _agent_installed() -> str:
    """Return the user data of the role compute: Debian's image has no agent."""
    made: str = jinja2.Template(_USER_DATA.read_text()).render(compute_region=REGION)
    return made


def wait_until(true: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{getattr(true, '__qualname__', true)} did not come true within {seconds:.0f} s.")
        time.sleep(0.25)
