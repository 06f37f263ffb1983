# SPDX-License-Identifier: GPL-3.0-or-later
"""The Reachability Analyzer, asked with AWS's own client: paths found, and AWS's codes for what is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.api.services.ec2 import instances
from lab.world.network.insights import question
from tests.unit.lab.served import Served, serve

EVERYWHERE = [{"CidrIp": "0.0.0.0/0"}]


class Network:
    """A VPC with an internet gateway, a public and a private subnet, and an interface with an address in each."""

    def __init__(self, served: Served) -> None:
        self.ec2: Any = served.client("ec2")
        self.backends = served.context.backends
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.public, self.private = self.subnet("10.0.0.0/24"), self.subnet("10.0.1.0/24")
        self.table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=self.table, SubnetId=self.public)
        self.default = {"RouteTableId": self.table, "DestinationCidrBlock": "0.0.0.0/0"}
        self.ec2.create_route(**self.default, GatewayId=self.gateway)
        self.front, self.back = self.group("front"), self.group("back")
        self.admit(self.front, 443, {"IpRanges": EVERYWHERE})
        self.admit(self.back, 80, {"UserIdGroupPairs": [{"GroupId": self.front}]})
        image = self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        self.outer = self.machine(image, self.public, self.front, public=True)
        self.inner = self.machine(image, self.private, self.back, public=False)

    def subnet(self, cidr: str) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr, AvailabilityZone="ap-northeast-1a")
        return str(made["Subnet"]["SubnetId"])

    def group(self, name: str) -> str:
        return str(self.ec2.create_security_group(VpcId=self.vpc, GroupName=name, Description=name)["GroupId"])

    def admit(self, group: str, port: int, peer: dict[str, Any]) -> dict[str, Any]:
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
        return rule

    def machine(self, image: str, subnet: str, group: str, *, public: bool) -> str:
        interface = {
            "DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "AssociatePublicIpAddress": public
        }  # fmt: skip
        made = self.ec2.run_instances(
            ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, NetworkInterfaces=[interface]
        )
        instance_id = str(made["Instances"][0]["InstanceId"])
        instances.settle(self.backends, instance_id, "running")
        return instance_id

    def interface(self, instance: str) -> str:
        (found,) = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        return str(found["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"])

    def analyze(self, source: str, destination: str, port: int | None = None, **more: Any) -> dict[str, Any]:
        """Ask as the CLI's user does: a path, an analysis of it, and what the analysis says."""
        asked = {"Source": source, "Destination": destination, "Protocol": "tcp", **more}
        if port:
            asked["DestinationPort"] = port
        path = self.ec2.create_network_insights_path(**asked)["NetworkInsightsPath"]["NetworkInsightsPathId"]
        started = self.ec2.start_network_insights_analysis(NetworkInsightsPathId=path)["NetworkInsightsAnalysis"]
        assert started["Status"] == "running"
        named = {"NetworkInsightsAnalysisIds": [started["NetworkInsightsAnalysisId"]]}
        (told,) = self.ec2.describe_network_insights_analyses(**named)["NetworkInsightsAnalyses"]
        return dict(told)

    def blocked(self, source: str, destination: str, port: int, **more: Any) -> dict[str, Any]:
        told = self.analyze(source, destination, port, **more)
        assert (told["Status"], told["NetworkPathFound"]) == ("succeeded", False)
        (explanation,) = told["Explanations"]
        return dict(explanation)


@pytest.fixture
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with serve(tmp_path_factory.mktemp("insights")) as served:
        yield Network(served)


def test_a_path_is_found_with_its_components(network: Network) -> None:
    told = network.analyze(network.gateway, network.outer, 443)
    assert (told["Status"], told["NetworkPathFound"]) == ("succeeded", True)
    way = [each["Component"]["Id"] for each in told["ForwardPathComponents"]]
    assert way[0] == network.gateway
    assert network.front in way
    assert network.outer in way
    assert [each["SequenceNumber"] for each in told["ForwardPathComponents"]] == list(range(1, len(way) + 1))
    component = next(each["Component"] for each in told["ForwardPathComponents"] if each["Component"]["Id"] == way[0])
    assert component["Arn"].endswith(f":internet-gateway/{network.gateway}")
    assert network.table in [each["Component"]["Id"] for each in told["ReturnPathComponents"]]


def test_from_one_machine_to_the_other_by_interface_and_arn(network: Network) -> None:
    arn = f"arn:aws:ec2:ap-northeast-1:123456789012:instance/{network.outer}"
    assert network.analyze(arn, network.interface(network.inner), 80)["NetworkPathFound"] is True


def test_a_group_without_a_rule_for_it(network: Network) -> None:
    found = network.blocked(network.outer, network.inner, 22)
    assert found["ExplanationCode"] == "ENI_SG_RULES_MISMATCH"
    assert found["Direction"] == "ingress"
    assert found["NetworkInterface"]["Id"] == found["Component"]["Id"] == network.interface(network.inner)
    assert [group["Id"] for group in found["SecurityGroups"]] == [network.back]


def test_a_group_without_any_rule(network: Network) -> None:
    rules = network.ec2.describe_security_groups(GroupIds=[network.back])["SecurityGroups"][0]["IpPermissions"]
    network.ec2.revoke_security_group_ingress(GroupId=network.back, IpPermissions=rules)
    assert network.blocked(network.outer, network.inner, 80)["ExplanationCode"] == "SG_HAS_NO_RULES"


def test_a_network_acl_that_denies(network: Network) -> None:
    vpc = [{"Name": "vpc-id", "Values": [network.vpc]}]
    acl = network.ec2.describe_network_acls(Filters=vpc)["NetworkAcls"][0]["NetworkAclId"]
    denied = {"Protocol": "6", "PortRange": {"From": 80, "To": 80}, "CidrBlock": "0.0.0.0/0"}
    network.ec2.create_network_acl_entry(NetworkAclId=acl, RuleNumber=1, RuleAction="deny", Egress=False, **denied)
    found = network.blocked(network.outer, network.inner, 80)
    assert (found["ExplanationCode"], found["Acl"]["Id"]) == ("SUBNET_ACL_RESTRICTION", acl)
    assert (found["Direction"], found["Subnet"]["Id"]) == ("ingress", network.private)


def test_no_route_to_the_internet(network: Network) -> None:
    found = network.blocked(network.inner, network.gateway, 443)
    assert found["ExplanationCode"] == "NO_ROUTE_TO_DESTINATION"
    assert found["RouteTable"]["Id"].startswith("rtb-")


def test_no_public_address_on_the_way_out_and_in(network: Network) -> None:
    main = network.ec2.describe_route_tables(
        Filters=[{"Name": "vpc-id", "Values": [network.vpc]}, {"Name": "association.main", "Values": ["true"]}]
    )["RouteTables"][0]["RouteTableId"]
    network.ec2.create_route(RouteTableId=main, DestinationCidrBlock="0.0.0.0/0", GatewayId=network.gateway)
    out = network.blocked(network.inner, network.gateway, 443)
    assert out["ExplanationCode"] == "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"
    came = network.blocked(network.gateway, network.inner, 80)
    assert came["ExplanationCode"] == "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"


def test_a_route_to_what_is_gone(network: Network) -> None:
    network.ec2.delete_route(**network.default)
    alone = network.ec2.create_network_interface(SubnetId=network.private)["NetworkInterface"]["NetworkInterfaceId"]
    network.ec2.create_route(**network.default, NetworkInterfaceId=alone)
    network.ec2.delete_network_interface(NetworkInterfaceId=alone)
    found = network.blocked(network.outer, network.gateway, 443)
    assert found["ExplanationCode"] == "BAD_STATE_ROUTE"


def test_an_interface_that_nobody_has(network: Network) -> None:
    alone = network.ec2.create_network_interface(SubnetId=network.private, Groups=[network.back])
    id_ = alone["NetworkInterface"]["NetworkInterfaceId"]
    found = network.blocked(network.outer, id_, 80)
    assert (found["ExplanationCode"], found["Component"]["Id"]) == ("BAD_STATE_ATTACHMENT", id_)


def test_a_machine_that_is_stopped(network: Network) -> None:
    instances.settle(network.backends, network.inner, "stopped")
    found = network.blocked(network.outer, network.inner, 80)
    assert (found["ExplanationCode"], found["Component"]["Id"]) == ("BAD_STATE", network.inner)


def test_the_same_path_again_after_a_change(network: Network) -> None:
    ec2 = network.ec2
    path = ec2.create_network_insights_path(
        Source=network.outer, Destination=network.inner, Protocol="tcp", DestinationPort=22
    )["NetworkInsightsPath"]["NetworkInsightsPathId"]
    ec2.start_network_insights_analysis(NetworkInsightsPathId=path)
    network.admit(network.back, 22, {"IpRanges": EVERYWHERE})
    ec2.start_network_insights_analysis(NetworkInsightsPathId=path)
    told = ec2.describe_network_insights_analyses(NetworkInsightsPathId=path)["NetworkInsightsAnalyses"]
    assert [each["NetworkPathFound"] for each in told] == [False, True]
    found = [{"Name": "path-found", "Values": ["true"]}]
    (only,) = ec2.describe_network_insights_analyses(Filters=found)["NetworkInsightsAnalyses"]
    assert only["NetworkInsightsAnalysisId"] == told[1]["NetworkInsightsAnalysisId"]


def test_what_is_there_no_more_can_t_be_analyzed(network: Network) -> None:
    gone = "i-0123456789abcdef0"
    told = network.analyze(network.outer, gone, 80)
    assert told.get("NetworkPathFound") is not True


# ---- the paths themselves


def test_paths_are_kept_described_and_deleted(network: Network) -> None:
    ec2 = network.ec2
    tags = [{"ResourceType": "network-insights-path", "Tags": [{"Key": "Name", "Value": "way"}]}]
    made = ec2.create_network_insights_path(
        Source=network.outer, Destination=network.inner, Protocol="tcp", DestinationPort=80, TagSpecifications=tags
    )["NetworkInsightsPath"]
    id_ = made["NetworkInsightsPathId"]
    assert made["SourceArn"].endswith(f":instance/{network.outer}")
    (told,) = ec2.describe_network_insights_paths(Filters=[{"Name": "tag:Name", "Values": ["way"]}])[
        "NetworkInsightsPaths"
    ]
    assert (told["NetworkInsightsPathId"], told["DestinationPort"], told["Protocol"]) == (id_, 80, "tcp")
    assert (
        ec2.describe_network_insights_paths(Filters=[{"Name": "source", "Values": ["i-0"]}])["NetworkInsightsPaths"]
        == []
    )
    analysis = ec2.start_network_insights_analysis(NetworkInsightsPathId=id_)["NetworkInsightsAnalysis"]
    with pytest.raises(ClientError, match="AnalysisExistsForNetworkInsightsPath"):
        ec2.delete_network_insights_path(NetworkInsightsPathId=id_)
    ec2.delete_network_insights_analysis(NetworkInsightsAnalysisId=analysis["NetworkInsightsAnalysisId"])
    ec2.delete_network_insights_path(NetworkInsightsPathId=id_)
    with pytest.raises(ClientError, match=r"InvalidNetworkInsightsPathId\.NotFound"):
        ec2.describe_network_insights_paths(NetworkInsightsPathIds=[id_])
    with pytest.raises(ClientError, match=r"InvalidNetworkInsightsAnalysisId\.NotFound"):
        ec2.delete_network_insights_analysis(NetworkInsightsAnalysisId=analysis["NetworkInsightsAnalysisId"])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Protocol": "icmp"}, "InvalidParameterValue"),
        ({"Source": "sg-0123456789abcdef0"}, "InvalidParameterValue"),
        ({"DestinationPort": 70000}, "InvalidParameterValue"),
        ({"Destination": None}, "MissingParameter"),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_what_is_refused(network: Network, wrong: dict[str, Any], code: str) -> None:
    asked = {"Source": network.outer, "Destination": network.inner, "Protocol": "tcp", **wrong}
    with pytest.raises(ClientError) as caught:
        network.ec2.create_network_insights_path(**{name: value for name, value in asked.items() if value is not None})
    assert caught.value.response["Error"]["Code"] == code
    assert network.ec2.describe_network_insights_paths()["NetworkInsightsPaths"] == []


def test_a_filter_at_the_source_names_the_packet() -> None:
    asked = question(
        {
            "Source": "igw-1",
            "Destination": "eni-2",
            "Protocol": "udp",
            "FilterAtSource": {
                "SourceAddress": "198.51.100.7",
                "DestinationPortRange": {"FromPort": 53, "ToPort": 53},
                "SourcePortRange": {"FromPort": 1024, "ToPort": 2000},
            },
        }
    )
    assert (asked.source, asked.destination) == ("198.51.100.7", "eni-2")
    assert (asked.protocol, asked.port, asked.source_ports) == ("udp", 53, (1024, 2000))
