# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS answers where moto answers otherwise: each a difference that the upstream collections' own tests met."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.unit.lab.served import REGION, Served, serve

ED25519 = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFfLLxB7bLoJWHhFPHOGzi1uwIWzBRzlV2DZd3kzfzt5 a@b"
ADDRESS = "10.0.0.20"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("patches")) as served:
        yield served


@pytest.fixture(autouse=True)
def empty(api: Served) -> None:
    api.forget()


@pytest.fixture
def ec2(api: Served) -> Any:
    return api.client("ec2")


@pytest.fixture
def vpc(ec2: Any) -> str:
    return str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def subnet(ec2: Any, vpc: str) -> str:
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"])


@pytest.fixture
def iam(api: Served) -> Any:
    return api.client("iam")


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**parameters)
    return str(error.value.response["Error"]["Code"])


def certificate(name: str = "shop.test") -> tuple[bytes, bytes]:
    """Return a certificate that signs itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    signed = made.serial_number(5).not_valid_before(now).not_valid_after(now + datetime.timedelta(9))
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return signed.sign(key, hashes.SHA256()).public_bytes(pem), secret


def bucket(api: Served, **more: Any) -> Any:
    client = api.client("s3")
    client.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": REGION}, **more)
    return client


@pytest.mark.parametrize(("value", "count"), [("2001:db8:1::/64", 1), ("2001:db8:2::/64", 0)])
def test_subnets_are_found_by_their_ipv6_block(ec2: Any, vpc: str, value: str, count: int) -> None:
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", Ipv6CidrBlock="2001:db8:1::/64")
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")
    wanted = [{"Name": "ipv6-cidr-block-association.ipv6-cidr-block", "Values": [value]}]
    assert len(ec2.describe_subnets(Filters=wanted)["Subnets"]) == count


def test_a_group_says_that_it_is_described_otherwise_and_deleted(ec2: Any, vpc: str) -> None:
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    http = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    for direction in ("ingress", "egress"):
        rule = [{**http, "IpRanges": [{"CidrIp": "10.0.0.0/16", "Description": "before"}]}]
        assert getattr(ec2, f"authorize_security_group_{direction}")(GroupId=group, IpPermissions=rule)["Return"]
        rule = [{**http, "IpRanges": [{"CidrIp": "10.0.0.0/16", "Description": "after"}]}]
        describe = getattr(ec2, f"update_security_group_rule_descriptions_{direction}")
        assert describe(GroupId=group, IpPermissions=rule)["Return"]
    [found] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    for rules in (found["IpPermissions"], found["IpPermissionsEgress"]):
        assert [one["IpRanges"][0].get("Description") for one in rules if one.get("FromPort") == 80] == ["after"]
    deleted = ec2.delete_security_group(GroupId=group)
    assert (deleted["Return"], deleted["GroupId"]) == (True, group)


def test_a_vpc_has_the_default_dhcp_options(ec2: Any, vpc: str) -> None:
    default = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"]
    (found,) = ec2.describe_dhcp_options(DhcpOptionsIds=[default])["DhcpOptions"]
    told = {
        configuration["Key"]: [value["Value"] for value in configuration["Values"]]
        for configuration in found["DhcpConfigurations"]
    }
    assert told == {"domain-name-servers": ["AmazonProvidedDNS"], "domain-name": [f"{REGION}.compute.internal"]}
    assert refused(ec2.delete_dhcp_options, DhcpOptionsId=default) == "DependencyViolation"
    filtered = ec2.describe_vpcs(Filters=[{"Name": "dhcp-options-id", "Values": [default]}])["Vpcs"]
    assert vpc in [each["VpcId"] for each in filtered]


def test_a_vpc_returns_to_the_default_dhcp_options(ec2: Any, vpc: str) -> None:
    default = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"]
    servers = {"Key": "domain-name-servers", "Values": ["192.0.2.53"]}
    own = ec2.create_dhcp_options(DhcpConfigurations=[servers])["DhcpOptions"]["DhcpOptionsId"]
    for options in (own, default):
        ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
        assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"] == options
    ec2.delete_dhcp_options(DhcpOptionsId=own)


def test_dhcp_options_outlive_their_vpc(ec2: Any, vpc: str) -> None:
    servers = {"Key": "domain-name-servers", "Values": ["192.0.2.53"]}
    own = ec2.create_dhcp_options(DhcpConfigurations=[servers])["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=own, VpcId=vpc)
    ec2.delete_vpc(VpcId=vpc)
    assert ec2.describe_dhcp_options(DhcpOptionsIds=[own])["DhcpOptions"]
    ec2.delete_dhcp_options(DhcpOptionsId=own)


def test_an_address_is_always_of_a_vpc(ec2: Any) -> None:
    made = ec2.allocate_address(Domain="standard")
    assert made["Domain"] == "vpc"
    assert made["AllocationId"].startswith("eipalloc-")


@pytest.mark.parametrize("protocol", ["50", "19"])
def test_a_protocol_without_ports_needs_none(ec2: Any, vpc: str, protocol: str) -> None:
    group = ec2.create_security_group(GroupName="office", Description="office", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": protocol, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    (kept,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert kept["IpProtocol"] == protocol
    assert not {"FromPort", "ToPort"} & kept.keys()


def test_an_endpoint_tells_that_no_service_made_it(ec2: Any, vpc: str) -> None:
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3")
    assert ec2.describe_vpc_endpoints()["VpcEndpoints"][0]["RequesterManaged"] is False


def test_a_launch_templates_own_tags_are_not_in_its_data(ec2: Any) -> None:
    of_template = {"ResourceType": "launch-template", "Tags": [{"Key": "team", "Value": "shop"}]}
    of_instance = {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "web"}]}
    for name, data in (("bare", {"InstanceType": "t3.micro"}), ("tagged", {"TagSpecifications": [of_instance]})):
        ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data, TagSpecifications=[of_template])
        (version,) = ec2.describe_launch_template_versions(LaunchTemplateName=name)["LaunchTemplateVersions"]
        assert version["LaunchTemplateData"] == data


def test_a_private_address_is_taken_from_another_interface_only_when_told(ec2: Any, subnet: str) -> None:
    first, second = (
        ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"] for _ in "12"
    )
    ec2.assign_private_ip_addresses(NetworkInterfaceId=first, PrivateIpAddresses=[ADDRESS])
    again = {"NetworkInterfaceId": second, "PrivateIpAddresses": [ADDRESS]}
    assert refused(ec2.assign_private_ip_addresses, **again) == "InvalidParameterValue"
    ec2.assign_private_ip_addresses(**again, AllowReassignment=True)
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=[first, second])["NetworkInterfaces"]
    holders = [
        each["NetworkInterfaceId"]
        for each in found
        if ADDRESS in [address["PrivateIpAddress"] for address in each["PrivateIpAddresses"]]
    ]
    assert holders == [second]


def test_secondary_addresses_are_the_subnets_free_ones(ec2: Any, subnet: str) -> None:
    made = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    ec2.assign_private_ip_addresses(NetworkInterfaceId=made, SecondaryPrivateIpAddressCount=2)
    (found,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[made])["NetworkInterfaces"]
    assert [address["PrivateIpAddress"] for address in found["PrivateIpAddresses"]] == [
        "10.0.0.4",
        "10.0.0.5",
        "10.0.0.6",
    ]


def test_an_elastic_address_moves_and_leaves_nothing_behind(ec2: Any, vpc: str, subnet: str) -> None:
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    first, second = (
        ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"] for _ in "12"
    )
    address = ec2.allocate_address()["AllocationId"]
    ec2.associate_address(AllocationId=address, NetworkInterfaceId=first)
    move = {"AllocationId": address, "NetworkInterfaceId": second}
    assert refused(ec2.associate_address, **move, AllowReassociation=False) == "Resource.AlreadyAssociated"
    ec2.associate_address(**move)
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=[first, second])["NetworkInterfaces"]
    assert [each["NetworkInterfaceId"] for each in found if each.get("Association")] == [second]


def test_a_volume_tells_its_snapshot_and_whether_it_dies_with_the_instance(ec2: Any, subnet: str) -> None:
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ephemeral = {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"}
    ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnet, InstanceType="t3.micro", BlockDeviceMappings=[ephemeral]
    )
    (volume,) = ec2.describe_volumes()["Volumes"]
    assert volume["SnapshotId"] == ""
    assert volume["Attachments"][0]["DeleteOnTermination"] is True


def test_a_virtual_name_that_is_none_is_refused(ec2: Any, subnet: str) -> None:
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    mapping = {"DeviceName": "/dev/sdb", "VirtualName": "floppy"}
    launch = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "SubnetId": subnet, "BlockDeviceMappings": [mapping]}
    assert refused(ec2.run_instances, **launch) == "InvalidBlockDeviceMapping"


def test_the_fingerprint_of_an_ed25519_key_is_opensshs(ec2: Any) -> None:
    made = ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=ED25519)
    assert made["KeyFingerprint"] == "5yTxTcCUATOARBBPKlgHZE/hAlJxrjj3KfzF0KebYq8="


def test_an_unknown_network_acl_is_named_as_one(ec2: Any) -> None:
    unknown = "acl-0123456789abcdef0"
    assert refused(ec2.describe_network_acls, NetworkAclIds=[unknown]) == "InvalidNetworkAclID.NotFound"


def test_a_pending_peering_shows_little_of_the_accepter(ec2: Any, vpc: str) -> None:
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
    assert made["AccepterVpcInfo"].keys() == {"OwnerId", "VpcId", "Region"}
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnectionId"])
    (accepted,) = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
    assert accepted["AccepterVpcInfo"]["CidrBlock"] == "10.1.0.0/16"


def test_hosted_zones_by_name_come_in_pages(api: Served) -> None:
    route53 = api.client("route53")
    for name in ("b.test", "a.test", "c.test"):
        route53.create_hosted_zone(Name=name, CallerReference=name)
    first = route53.list_hosted_zones_by_name(MaxItems="2")
    assert [zone["Name"] for zone in first["HostedZones"]] == ["a.test.", "b.test."]
    assert (first["IsTruncated"], first["NextDNSName"], first["MaxItems"]) == (True, "c.test.", "2")
    rest = route53.list_hosted_zones_by_name(DNSName=first["NextDNSName"], HostedZoneId=first["NextHostedZoneId"])
    assert [zone["Name"] for zone in rest["HostedZones"]] == ["c.test."]
    assert (rest["DNSName"], rest["IsTruncated"]) == ("c.test.", False)


def test_public_write_is_a_grant_of_its_own(api: Served) -> None:
    s3 = bucket(api, ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket="shop")
    s3.put_bucket_acl(Bucket="shop", ACL="public-read-write")
    grants = [(grant["Grantee"]["Type"], grant["Permission"]) for grant in s3.get_bucket_acl(Bucket="shop")["Grants"]]
    assert grants == [("CanonicalUser", "FULL_CONTROL"), ("Group", "READ"), ("Group", "WRITE")]


def test_a_bucket_gets_another_ownership(api: Served) -> None:
    s3 = bucket(api)
    for wanted in ("ObjectWriter", "BucketOwnerEnforced"):
        s3.put_bucket_ownership_controls(Bucket="shop", OwnershipControls={"Rules": [{"ObjectOwnership": wanted}]})
        found = s3.get_bucket_ownership_controls(Bucket="shop")["OwnershipControls"]["Rules"]
        assert found == [{"ObjectOwnership": wanted}]


def test_a_bucket_keeps_who_pays(api: Served) -> None:
    s3 = bucket(api)
    assert s3.get_bucket_request_payment(Bucket="shop")["Payer"] == "BucketOwner"
    s3.put_bucket_request_payment(Bucket="shop", RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket="shop")["Payer"] == "Requester"
    wrong = {"Bucket": "shop", "RequestPaymentConfiguration": {"Payer": "Nobody"}}
    assert refused(s3.put_bucket_request_payment, **wrong) == "MalformedXML"


@pytest.mark.parametrize("retention", [{"Days": 9}, {"Years": 2}])
def test_an_object_lock_tells_the_unit_that_was_set(api: Served, retention: dict[str, int]) -> None:
    s3 = bucket(api, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", **retention}}
    s3.put_object_lock_configuration(
        Bucket="shop", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    assert s3.get_object_lock_configuration(Bucket="shop")["ObjectLockConfiguration"]["Rule"] == rule


@pytest.mark.parametrize("fields", [["Size", "ETag"], ["Size"]])
def test_an_inventorys_fields_are_listed(api: Served, fields: list[str]) -> None:
    s3 = bucket(api)
    inventory = {
        "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::shop", "Format": "CSV"}},
        "IsEnabled": True,
        "Id": "weekly",
        "IncludedObjectVersions": "All",
        "OptionalFields": fields,
        "Schedule": {"Frequency": "Weekly"},
    }
    s3.put_bucket_inventory_configuration(Bucket="shop", Id="weekly", InventoryConfiguration=inventory)
    (listed,) = s3.list_bucket_inventory_configurations(Bucket="shop")["InventoryConfigurationList"]
    assert listed["OptionalFields"] == fields


def test_a_lifecycle_rule_gets_an_id(api: Served) -> None:
    s3 = bucket(api)
    rules = [{"Status": "Enabled", "Filter": {"Prefix": path}, "Expiration": {"Days": 3}} for path in ("a", "b")]
    s3.put_bucket_lifecycle_configuration(Bucket="shop", LifecycleConfiguration={"Rules": rules})
    ids = [rule["ID"] for rule in s3.get_bucket_lifecycle_configuration(Bucket="shop")["Rules"]]
    assert [len(id_) for id_ in ids] == [48, 48]
    assert len(set(ids)) == 2


def test_instance_profiles_are_listed_by_path(iam: Any) -> None:
    for name, path in (("web", "/shop/"), ("other", "/")):
        iam.create_instance_profile(InstanceProfileName=name, Path=path)
    listed = iam.list_instance_profiles(PathPrefix="/shop/")["InstanceProfiles"]
    assert [each["InstanceProfileName"] for each in listed] == ["web"]


def test_a_server_certificate_is_renamed(iam: Any) -> None:
    body, key = (each.decode() for each in certificate())
    for name in ("old", "other"):
        iam.upload_server_certificate(ServerCertificateName=name, CertificateBody=body, PrivateKey=key)
    again = {"ServerCertificateName": "old", "CertificateBody": body, "PrivateKey": key}
    assert refused(iam.upload_server_certificate, **again) == "EntityAlreadyExists"
    taken = {"ServerCertificateName": "old", "NewServerCertificateName": "other"}
    assert refused(iam.update_server_certificate, **taken) == "EntityAlreadyExists"
    iam.update_server_certificate(ServerCertificateName="old", NewServerCertificateName="new", NewPath="/shop/")
    found = iam.get_server_certificate(ServerCertificateName="new")["ServerCertificate"]["ServerCertificateMetadata"]
    assert found["Arn"].endswith(":server-certificate/shop/new")
    (listed,) = iam.list_server_certificates(PathPrefix="/shop/")["ServerCertificateMetadataList"]
    assert listed == found
    end = x509.load_pem_x509_certificate(body.encode()).not_valid_after_utc
    assert found["Expiration"] == end
    assert refused(iam.update_server_certificate, ServerCertificateName="old") == "NoSuchEntity"


def test_a_policy_counts_whose_boundary_it_is(iam: Any) -> None:
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    arn = iam.create_policy(PolicyName="bound", PolicyDocument=document)["Policy"]["Arn"]

    def count() -> int:
        return int(iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"])

    assert count() == 0
    iam.create_user(UserName="anna", PermissionsBoundary=arn)
    assert iam.get_user(UserName="anna")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="web",
        PermissionsBoundary=arn,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    assert count() == 2
    iam.delete_user_permissions_boundary(UserName="anna")
    assert count() == 1
    assert refused(iam.delete_user_permissions_boundary, UserName="anna") == "NoSuchEntity"


def test_an_imported_certificate_without_chain_is_its_own(api: Served) -> None:
    acm, (body, key) = api.client("acm"), certificate()
    arn = acm.import_certificate(Certificate=body, PrivateKey=key)["CertificateArn"]
    found = acm.get_certificate(CertificateArn=arn)
    assert found["CertificateChain"] == found["Certificate"]


def test_a_topic_without_a_delivery_policy_has_none(api: Served) -> None:
    sns = api.client("sns")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert "DeliveryPolicy" not in attributes
    assert attributes["EffectiveDeliveryPolicy"]


def test_a_queues_statements_are_a_list(api: Served) -> None:
    sqs = api.client("sqs")
    queue, statement = sqs.create_queue(QueueName="jobs")["QueueUrl"], {"Effect": "Allow", "Principal": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": {**statement, "Action": "sqs:*", "Resource": "*"}})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    kept = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]["Policy"]
    assert isinstance(json.loads(kept)["Statement"], list)


def test_a_parameter_without_policies_tells_so(api: Served) -> None:
    ssm = api.client("ssm")
    ssm.put_parameter(Name="/shop/name", Value="shop", Type="String")
    assert ssm.describe_parameters()["Parameters"][0]["Policies"] == []


def test_a_classic_load_balancer_that_is_not_there_is_named(api: Served) -> None:
    elb = api.client("elb")
    for call in (elb.describe_load_balancer_attributes, elb.describe_instance_health):
        assert refused(call, LoadBalancerName="none") == "LoadBalancerNotFound"


def test_group_metrics_are_switched_on_and_off(api: Served, ec2: Any, subnet: str) -> None:
    ec2.create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-12345678", "InstanceType": "t3.micro"}
    )
    groups = api.client("autoscaling")
    groups.create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=0,
        MaxSize=0,
        VPCZoneIdentifier=subnet,
        LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"},
    )

    def enabled() -> list[str]:
        (group,) = groups.describe_auto_scaling_groups()["AutoScalingGroups"]
        return [metric["Metric"] for metric in group["EnabledMetrics"]]

    named = {"AutoScalingGroupName": "web", "Granularity": "1Minute"}
    groups.enable_metrics_collection(**named, Metrics=["GroupMaxSize", "GroupMinSize"])
    assert enabled() == ["GroupMinSize", "GroupMaxSize"]
    groups.disable_metrics_collection(AutoScalingGroupName="web", Metrics=["GroupMinSize"])
    assert enabled() == ["GroupMaxSize"]
    groups.enable_metrics_collection(**named)
    assert len(enabled()) == 20
    groups.disable_metrics_collection(AutoScalingGroupName="web")
    assert enabled() == []
    assert refused(groups.enable_metrics_collection, **named, Metrics=["Moon"]) == "ValidationError"
    assert refused(groups.disable_metrics_collection, AutoScalingGroupName="none") == "ValidationError"


def test_an_unknown_backup_vault_may_not_be_seen(api: Served) -> None:
    backup = api.client("backup")
    assert refused(backup.describe_backup_vault, BackupVaultName="none") == "AccessDeniedException"


def test_all_conformance_packs_are_none(api: Served) -> None:
    assert api.client("config").describe_organization_conformance_packs()["OrganizationConformancePacks"] == []


def test_insight_selectors_are_of_something(api: Served) -> None:
    cloudtrail = api.client("cloudtrail")
    assert refused(cloudtrail.get_insight_selectors) == "InvalidParameterCombinationException"


def test_what_a_keys_policy_denies_nobody_may(api: Served) -> None:
    kms = api.client("kms")
    everything = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*"}
    denied = {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    policy: dict[str, Any] = {"Version": "2012-10-17", "Statement": [{**everything, "Resource": "*"}, denied]}
    key = kms.create_key(Policy=json.dumps(policy))["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    assert refused(kms.decrypt, CiphertextBlob=sealed) == "AccessDeniedException"
    assert refused(kms.decrypt, CiphertextBlob=sealed, KeyId=key) == "AccessDeniedException"
    policy["Statement"] = [{**everything, "Resource": "*"}]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"


def test_private_objects_are_put_where_acls_are_off(api: Served) -> None:
    s3 = bucket(api)
    s3.put_object(Bucket="shop", Key="page", Body=b"", ACL="private")
    public = {"Bucket": "shop", "Key": "page", "Body": b"", "ACL": "public-read"}
    assert refused(s3.put_object, **public) == "AccessControlListNotSupported"
    for acl in ("private", "public-read"):
        assert refused(s3.put_bucket_acl, Bucket="shop", ACL=acl) == "AccessControlListNotSupported"
        assert refused(s3.put_object_acl, Bucket="shop", Key="page", ACL=acl) == "AccessControlListNotSupported"
    assert refused(s3.put_object_acl, Bucket="shop", Key="page", ACL="moon") == "InvalidArgument"
