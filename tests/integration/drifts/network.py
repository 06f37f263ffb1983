# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of the network: VPC, subnets, routes, gateways, network ACL, endpoint, flow log, security groups."""

from __future__ import annotations

import json
from typing import Any

from tests.integration.drifts.account import SITE, WORLD, Account, Drift, Resource, tags

ANYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)


def host_names(a: Account) -> Any:
    return a.ec2.describe_vpc_attribute(VpcId=a.vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"]


def subnet(a: Account) -> Any:
    return a.subnet("private-a")


def tables(a: Account) -> list[Any]:
    """Return what the route tables are, without their ids: tags, routes and subnets."""
    found = a.ec2.describe_route_tables(Filters=a.inside)["RouteTables"]
    return [(tags(each), each["Routes"], [one.get("SubnetId") for one in each["Associations"]]) for each in found]


def routed_elsewhere(a: Account) -> None:
    a.ec2.replace_route(
        RouteTableId=a.table_of("private-a")["RouteTableId"],
        DestinationCidrBlock=WORLD,
        NatGatewayId=a.gateway("c")["NatGatewayId"],
    )


def route_added(a: Account) -> None:
    [gateway] = a.ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [a.vpc]}])[
        "InternetGateways"
    ]
    a.ec2.create_route(
        RouteTableId=a.table_of("public-a")["RouteTableId"],
        DestinationCidrBlock="198.18.0.0/15",
        GatewayId=gateway["InternetGatewayId"],
    )


def other_table(a: Account) -> None:
    subnet_id = a.subnet("private-c")["SubnetId"]
    [association] = [one for one in a.table_of("private-c")["Associations"] if one.get("SubnetId") == subnet_id]
    a.ec2.replace_route_table_association(
        AssociationId=association["RouteTableAssociationId"], RouteTableId=a.table_of("private-a")["RouteTableId"]
    )


def table_untagged(a: Account) -> None:
    a.ec2.delete_tags(Resources=[a.table_of("public-a")["RouteTableId"]], Tags=[{"Key": "hasite:site"}])


def nat_gateways(a: Account) -> list[Any]:
    wanted = [*a.inside, {"Name": "state", "Values": ["pending", "available"]}]
    return [(one["SubnetId"], tags(one)) for one in a.ec2.describe_nat_gateways(Filter=wanted)["NatGateways"]]


def nat_gateway_untagged(a: Account) -> None:
    a.ec2.delete_tags(Resources=[a.gateway("a")["NatGatewayId"]], Tags=[{"Key": "hasite:part"}])


def addresses(a: Account) -> list[Any]:
    return [(one["AllocationId"], tags(one)) for one in a.ec2.describe_addresses()["Addresses"]]


def address_untagged(a: Account) -> None:
    address = a.gateway("c")["NatGatewayAddresses"][0]["AllocationId"]
    a.ec2.delete_tags(Resources=[address], Tags=[{"Key": "hasite:site"}])


def internet_gateways(a: Account) -> Any:
    return a.ec2.describe_internet_gateways()["InternetGateways"]


def internet_gateway_untagged(a: Account) -> None:
    [gateway] = internet_gateways(a)
    a.ec2.delete_tags(Resources=[gateway["InternetGatewayId"]], Tags=[{"Key": "Name"}])


def default_acl(a: Account) -> Resource:
    wanted = [*a.inside, {"Name": "default", "Values": ["true"]}]
    [acl] = a.ec2.describe_network_acls(Filters=wanted)["NetworkAcls"]
    return {"id": acl["NetworkAclId"], "entries": acl["Entries"]}


def acl_opened(a: Account) -> None:
    a.ec2.create_network_acl_entry(
        NetworkAclId=default_acl(a)["id"],
        RuleNumber=90,
        Protocol="-1",
        RuleAction="allow",
        Egress=False,
        CidrBlock=WORLD,
    )


def acl_entry_gone(a: Account) -> None:
    a.ec2.delete_network_acl_entry(NetworkAclId=default_acl(a)["id"], RuleNumber=160, Egress=False)


def endpoints(a: Account) -> list[Any]:
    found = a.ec2.describe_vpc_endpoints(Filters=a.inside)["VpcEndpoints"]
    return [(one["ServiceName"], json.loads(one["PolicyDocument"]), one["RouteTableIds"], tags(one)) for one in found]


def change_endpoint(a: Account, **settings: Any) -> None:
    [endpoint] = a.ec2.describe_vpc_endpoints(Filters=a.inside)["VpcEndpoints"]
    a.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint["VpcEndpointId"], **settings)


def endpoint_unrouted(a: Account) -> None:
    change_endpoint(a, RemoveRouteTableIds=[a.table_of("private-c")["RouteTableId"]])


def flow_logs(a: Account) -> list[Any]:
    found = a.ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [a.vpc]}])["FlowLogs"]
    return [(one["LogGroupName"], one["TrafficType"], one["DeliverLogsPermissionArn"], tags(one)) for one in found]


def flow_log_gone(a: Account) -> None:
    found = a.ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [a.vpc]}])["FlowLogs"]
    a.ec2.delete_flow_logs(FlowLogIds=[one["FlowLogId"] for one in found])


def retention(a: Account, group: str) -> Any:
    [found] = a.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return found.get("retentionInDays")


def flow_log_policy(a: Account) -> Any:
    return a.client("iam").get_role_policy(RoleName=f"{SITE}-flow-logs", PolicyName="write")["PolicyDocument"]


def flow_log_role(a: Account) -> Any:
    return a.client("iam").list_attached_role_policies(RoleName=f"{SITE}-flow-logs")["AttachedPolicies"]


# ---- security groups


def rules(name: str) -> Any:
    """Return what reads a group's rules, in both directions, and its tags."""

    def read(a: Account) -> Any:
        group = a.group(name)
        return group["IpPermissions"], group["IpPermissionsEgress"], tags(group)

    return read


def admit(a: Account, name: str, port: int, block: str) -> None:
    admitted = [{"CidrIp": block, "Description": "just for now"}]
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": admitted}
    a.ec2.authorize_security_group_ingress(GroupId=a.group(name)["GroupId"], IpPermissions=[permission])


def no_packages(a: Account) -> None:
    group = a.group(f"{SITE}-web")
    gone = [one for one in group["IpPermissionsEgress"] if one.get("FromPort") == 80]
    a.ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=gone)


def described_otherwise(a: Account) -> None:
    group = a.group(f"{SITE}-load-balancer")
    [found] = [one for one in group["IpPermissions"] if one["FromPort"] == 80]
    ranges = [{"CidrIp": WORLD, "Description": "why ever"}]
    a.ec2.update_security_group_rule_descriptions_ingress(
        GroupId=group["GroupId"],
        IpPermissions=[{key: found[key] for key in ("IpProtocol", "FromPort", "ToPort")} | {"IpRanges": ranges}],
    )


S3 = "Reach S3 without a NAT gateway, and no other buckets"
DRIFTS = (
    Drift(
        "the VPC gives no host names",
        "Create the VPC",
        lambda a: a.ec2.modify_vpc_attribute(VpcId=a.vpc, EnableDnsHostnames={"Value": False}),
        host_names,
        # Nor a name of the share, by which the tunnel on a machine asks for it.
        follows=frozenset(
            {
                "Mount the share, now and at every boot",
                "Create the folder of the sessions",
                "Put the release of the bucket onto the share",
            }
        ),
    ),
    Drift(
        "a private subnet gives public addresses",
        "Create the subnets (private-a)",
        lambda a: a.ec2.modify_subnet_attribute(SubnetId=subnet(a)["SubnetId"], MapPublicIpOnLaunch={"Value": True}),
        subnet,
    ),
    Drift(
        "a private subnet goes out by the other zone's NAT gateway",
        "Route each private subnet to the NAT gateway of its zone (demo-private-a)",
        routed_elsewhere,
        tables,
    ),
    Drift(
        "a private subnet has the other one's route table",
        "Route each private subnet to the NAT gateway of its zone (demo-private-c)",
        other_table,
        tables,
    ),
    Drift(
        "the public subnets have one route more",
        "Route the public subnets to the internet gateway",
        route_added,
        tables,
    ),
    Drift(
        "the public route table has lost its site",
        "Route the public subnets to the internet gateway",
        table_untagged,
        tables,
    ),
    Drift(
        "a NAT gateway has lost its part",
        "Keep the tags of the NAT gateways that are there (ap-northeast-1a)",
        nat_gateway_untagged,
        nat_gateways,
    ),
    Drift(
        "a NAT gateway's address has lost its site",
        "Keep the tags of their addresses (ap-northeast-1c)",
        address_untagged,
        addresses,
    ),
    Drift(
        "the internet gateway has lost its name",
        "Create the internet gateway",
        internet_gateway_untagged,
        internet_gateways,
    ),
    Drift(
        "the network ACL admits everything",
        "Restrict the default network ACL to the ports in use",
        acl_opened,
        default_acl,
    ),
    Drift(
        "the network ACL has an entry less",
        "Restrict the default network ACL to the ports in use",
        acl_entry_gone,
        default_acl,
    ),
    Drift(
        "the default security group admits its members",
        "Empty the default security group",
        lambda a: admit(a, "default", 22, "10.0.0.0/16"),
        rules("default"),
    ),
    Drift(
        "the S3 endpoint lets everything through",
        S3,
        lambda a: change_endpoint(a, PolicyDocument=ANYTHING),
        endpoints,
    ),
    Drift("the S3 endpoint has lost a route table", S3, endpoint_unrouted, endpoints),
    Drift("the flow log is gone", "Create the flow log", flow_log_gone, flow_logs),
    Drift(
        "flow logs are kept for a day",
        "Set how long flow logs are kept",
        lambda a: a.client("logs").put_retention_policy(logGroupName=f"/{SITE}/flow-logs", retentionInDays=1),
        lambda a: retention(a, f"/{SITE}/flow-logs"),
    ),
    Drift(
        "the flow logs' role may do everything",
        "Restrict the flow logs' role to that log group",
        lambda a: a.client("iam").put_role_policy(
            RoleName=f"{SITE}-flow-logs",
            PolicyName="write",
            PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
            ),
        ),
        flow_log_policy,
    ),
    Drift(
        "the flow logs' role has a policy of AWS's more",
        "Create the role of the flow logs",
        lambda a: a.client("iam").attach_role_policy(
            RoleName=f"{SITE}-flow-logs", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
        ),
        flow_log_role,
    ),
    Drift(
        "the load balancer's group admits another port",
        "Create the groups and their rules (load_balancer)",
        lambda a: admit(a, f"{SITE}-load-balancer", 8443, WORLD),
        rules(f"{SITE}-load-balancer"),
    ),
    Drift(
        "a rule of the load balancer's group is described otherwise",
        "Create the groups and their rules (load_balancer)",
        described_otherwise,
        rules(f"{SITE}-load-balancer"),
    ),
    Drift(
        "the machines' group admits SSH from the world",
        "Create the groups and their rules (web)",
        lambda a: admit(a, f"{SITE}-web", 22, WORLD),
        rules(f"{SITE}-web"),
    ),
    Drift(
        "the machines' group lets no packages in",
        "Create the groups and their rules (web)",
        no_packages,
        rules(f"{SITE}-web"),
    ),
    Drift(
        "the share's group admits the whole network",
        "Create the groups and their rules (file_system)",
        lambda a: admit(a, f"{SITE}-file-system", 2049, "10.0.0.0/16"),
        rules(f"{SITE}-file-system"),
    ),
)
