# SPDX-License-Identifier: GPL-3.0-or-later
"""An account with every kind of resource of a built site, made through the API alone, and what it tells of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from lab.api.services.ec2 import instances
from tests.unit.lab.served import REGION, Served

SERVICES = (
    *("acm", "arc-zonal-shift", "autoscaling", "backup", "cloudfront", "cloudtrail", "cloudwatch", "config", "ec2"),
    *("efs", "elbv2", "iam", "kms", "logs", "route53", "s3", "secretsmanager", "service-quotas", "sns", "sqs", "ssm"),
    "wafv2",
)
_READS = ("Describe", "Get", "List")
_NEVER_THE_SAME = {
    *("GetComplianceSummaryByConfigRule", "GetCredentialReport", "GetFederationToken", "GetRandomPassword"),
    *("GetSessionToken", "GetUser", "ListAccessKeys"),
}
"""What tells the time, draws something, or tells about the caller, whose key is another one in each lab."""
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_SIGNS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"},
                  {"Effect": "Allow", "Principal": {"Service": "dnssec-route53.amazonaws.com"},
                   "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:CreateGrant"],
                   "Resource": "*"}],
}  # fmt: skip


class SiteAccount:
    """The account, and how it is asked."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._clients: dict[tuple[str, str, str], Any] = {}
        self.asked: dict[str, tuple[str, str, str, dict[str, Any]]] = {}
        """What is asked beside what needs no parameters: name to service, region, operation and parameters."""

    def client(self, service: str, region: str = REGION) -> Any:
        key = (self.served.url, service, region)
        if key not in self._clients:
            self._clients[key] = self.served.client(service, region)
        return self._clients[key]

    def ask(self, service: str, operation: str, region: str = REGION, **parameters: Any) -> None:
        self.asked[f"{service} {region} {operation} {sorted(parameters)} {len(self.asked)}"] = (
            service, region, operation, parameters,
        )  # fmt: skip

    # ---- building

    def build(self) -> None:
        self._network()
        self._keys()
        self._machines()
        self._stores()
        self._balancer()
        self._names()
        self._edge()
        self._watching()

    def _network(self) -> None:
        ec2 = self.client("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
            ec2.modify_vpc_attribute(VpcId=self.vpc, **{attribute: {"Value": True}})
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        self.subnets = [
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")
            ["Subnet"]["SubnetId"] for n, zone in enumerate("acac")
        ]  # fmt: skip
        table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        ec2.associate_route_table(RouteTableId=table, SubnetId=self.subnets[0])
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        ec2.create_nat_gateway(SubnetId=self.subnets[0], AllocationId=address)
        self.group = ec2.create_security_group(GroupName="web", Description="web", VpcId=self.vpc)["GroupId"]
        rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=[rule])
        ec2.create_tags(Resources=[self.vpc, self.group], Tags=[{"Key": "Name", "Value": "demo"}])
        ec2.create_vpc_endpoint(VpcId=self.vpc, ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[table])
        ec2.create_vpc_endpoint(
            VpcId=self.vpc, ServiceName=f"com.amazonaws.{REGION}.ssm", VpcEndpointType="Interface",
            SubnetIds=self.subnets[2:], SecurityGroupIds=[self.group],
        )  # fmt: skip

    def _keys(self) -> None:
        kms = self.client("kms")
        self.key = kms.create_key(Description="data")["KeyMetadata"]["KeyId"]
        secret = kms.encrypt(KeyId=self.key, Plaintext=b"quiet")["CiphertextBlob"]
        self.ask("kms", "decrypt", CiphertextBlob=secret)
        kms.create_alias(AliasName="alias/demo", TargetKeyId=self.key)
        signer = self.client("kms", "us-east-1").create_key(
            KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=json.dumps(_SIGNS)
        )
        self.signer = signer["KeyMetadata"]["Arn"]
        self.ask("kms", "get_public_key", "us-east-1", KeyId=self.signer)
        rsa = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        self.ask("kms", "get_public_key", KeyId=rsa)
        self.ask("kms", "get_key_policy", KeyId=self.key, PolicyName="default")

    def _machines(self) -> None:
        iam, ec2, ssm = self.client("iam"), self.client("ec2"), self.client("ssm")
        iam.create_role(RoleName="demo", AssumeRolePolicyDocument=json.dumps(_TRUST))
        allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.put_role_policy(RoleName="demo", PolicyName="content", PolicyDocument=json.dumps(allowed))
        iam.create_instance_profile(InstanceProfileName="demo")
        iam.add_role_to_instance_profile(InstanceProfileName="demo", RoleName="demo")
        iam.create_user(UserName="operator")
        iam.create_access_key(UserName="operator")
        self.ask("iam", "get_role_policy", RoleName="demo", PolicyName="content")
        self.ask("iam", "list_access_keys", UserName="operator")
        image = ec2.describe_images()["Images"][0]["ImageId"]
        self.instances = [
            ec2.run_instances(
                ImageId=image, InstanceType="t3.small", MinCount=1, MaxCount=1, SubnetId=subnet,
                SecurityGroupIds=[self.group], IamInstanceProfile={"Name": "demo"},
            )["Instances"][0]["InstanceId"] for subnet in self.subnets[2:]
        ]  # fmt: skip
        for each in self.instances:
            instances.settle(self.served.context.backends, each, "running")
        ssm.put_parameter(Name="/demo/word", Type="SecureString", Value="quiet")
        self.ask("ssm", "get_parameter", Name="/demo/word", WithDecryption=True)
        content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "description": "d", "inputs": {}}
        ssm.create_document(Name="demo-session", DocumentType="Session", Content=json.dumps(content))
        self.ask("ssm", "get_document", Name="demo-session")
        self.client("secretsmanager").create_secret(Name="demo", SecretString="quiet")
        self.ask("secretsmanager", "get_secret_value", SecretId="demo")

    def _stores(self) -> None:
        s3, efs = self.client("s3"), self.client("efs")
        s3.create_bucket(Bucket="demo-content", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket="demo-content", VersioningConfiguration={"Status": "Enabled"})
        for body in (b"first", b"second" * 100_000):
            s3.put_object(Bucket="demo-content", Key="index.php", Body=body)
        self.ask("s3", "list_object_versions", Bucket="demo-content")
        self.ask("s3", "get_object", Bucket="demo-content", Key="index.php")
        system = efs.create_file_system(CreationToken="demo", Encrypted=True)["FileSystemId"]
        for subnet in self.subnets[2:]:
            efs.create_mount_target(FileSystemId=system, SubnetId=subnet, SecurityGroups=[self.group])
        efs.put_file_system_policy(
            FileSystemId=system,
            Policy=json.dumps({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}]}),
        )  # fmt: skip
        efs.put_backup_policy(FileSystemId=system, BackupPolicy={"Status": "ENABLED"})
        self.ask("efs", "describe_file_system_policy", FileSystemId=system)
        self.ask("efs", "describe_mount_targets", FileSystemId=system)

    def _balancer(self) -> None:
        elb, acm, waf = self.client("elbv2"), self.client("acm"), self.client("wafv2")
        pair = self.served.context.authority.issue(["www.hasite.test"], "EC_prime256v1")
        parts = {"Certificate": pair.certificate, "PrivateKey": pair.key, "CertificateChain": pair.chain}
        certificate = acm.import_certificate(**parts)["CertificateArn"]
        self.edge_certificate = self.client("acm", "us-east-1").import_certificate(**parts)["CertificateArn"]
        pending = acm.request_certificate(DomainName="late.hasite.test", ValidationMethod="DNS")["CertificateArn"]
        self.ask("acm", "describe_certificate", CertificateArn=pending)
        self.ask("acm", "get_certificate", CertificateArn=certificate)
        made = elb.create_load_balancer(Name="demo", Subnets=self.subnets[:2], SecurityGroups=[self.group])
        self.balancer = made["LoadBalancers"][0]
        arn = self.balancer["LoadBalancerArn"]
        group = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=self.vpc)
        group_arn = group["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=group_arn, Targets=[{"Id": each} for each in self.instances])
        forward = [{"Type": "forward", "TargetGroupArn": group_arn}]
        elb.create_listener(
            LoadBalancerArn=arn, Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": certificate}],
            SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06", DefaultActions=forward,
        )  # fmt: skip
        for operation in ("describe_listeners", "describe_load_balancer_attributes"):
            self.ask("elbv2", operation, LoadBalancerArn=arn)
        self.ask("elbv2", "describe_target_health", TargetGroupArn=group_arn)
        visible = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "demo"}
        acl = waf.create_web_acl(
            Name="demo", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visible, Rules=[]
        )["Summary"]
        waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=arn)
        self.ask("wafv2", "get_web_acl", Name="demo", Scope="REGIONAL", Id=acl["Id"])
        self.ask("wafv2", "get_web_acl_for_resource", ResourceArn=arn)

    def _names(self) -> None:
        route53 = self.client("route53")
        made = route53.create_hosted_zone(Name="hasite.test", CallerReference="1")
        zone = made["HostedZone"]["Id"].rpartition("/")[2]
        check = route53.create_health_check(
            CallerReference="1",
            HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": "www.hasite.test", "Port": 443,
                               "ResourcePath": "/health", "RequestInterval": 10, "FailureThreshold": 3},
        )["HealthCheck"]["Id"]  # fmt: skip
        target = {"HostedZoneId": self.balancer["CanonicalHostedZoneId"], "DNSName": self.balancer["DNSName"]}
        record = {"Name": "www.hasite.test", "Type": "A", "SetIdentifier": "primary", "Failover": "PRIMARY",
                  "HealthCheckId": check, "AliasTarget": {**target, "EvaluateTargetHealth": True}}  # fmt: skip
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        change = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]["Id"]
        route53.create_key_signing_key(
            CallerReference="1", HostedZoneId=zone, KeyManagementServiceArn=self.signer, Name="demo", Status="ACTIVE"
        )
        route53.enable_hosted_zone_dnssec(HostedZoneId=zone)
        for operation in ("get_hosted_zone", "get_dnssec"):
            self.ask("route53", operation, **{"Id" if operation == "get_hosted_zone" else "HostedZoneId": zone})
        self.ask("route53", "list_resource_record_sets", HostedZoneId=zone)
        self.ask("route53", "get_health_check_status", HealthCheckId=check)
        self.ask("route53", "get_change", Id=change)

    def _edge(self) -> None:
        cloudfront = self.client("cloudfront")
        control = cloudfront.create_origin_access_control(
            OriginAccessControlConfig={"Name": "demo", "SigningProtocol": "sigv4", "SigningBehavior": "always",
                                       "OriginAccessControlOriginType": "s3"},
        )["OriginAccessControl"]["Id"]  # fmt: skip
        cloudfront.create_function(
            Name="demo", FunctionConfig={"Comment": "c", "Runtime": "cloudfront-js-2.0"},
            FunctionCode=b"function handler(event) { return event.request; }",
        )  # fmt: skip
        origin = {"Id": "s3", "DomainName": f"demo-content.s3.{REGION}.amazonaws.com", "OriginAccessControlId": control,
                  "S3OriginConfig": {"OriginAccessIdentity": ""}}  # fmt: skip
        made = cloudfront.create_distribution(
            DistributionConfig={
                "CallerReference": "1", "Comment": "", "Enabled": True,
                "Origins": {"Quantity": 1, "Items": [origin]},
                "DefaultCacheBehavior": {"TargetOriginId": "s3", "ViewerProtocolPolicy": "redirect-to-https",
                                         "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6"},
            },
        )["Distribution"]["Id"]  # fmt: skip
        self.ask("cloudfront", "get_distribution", Id=made)
        self.ask("cloudfront", "get_distribution_config", Id=made)
        self.ask("cloudfront", "get_function", Name="demo")
        self.ask("cloudfront", "get_origin_access_control", Id=control)

    def _watching(self) -> None:
        topic = self.client("sns").create_topic(Name="demo")["TopicArn"]
        self.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
        self.client("cloudwatch").put_metric_alarm(
            AlarmName="demo", MetricName="HealthyHostCount", Namespace="AWS/ApplicationELB", EvaluationPeriods=1,
            ComparisonOperator="LessThanThreshold", Threshold=1, Period=60, Statistic="Minimum", AlarmActions=[topic],
        )  # fmt: skip
        self.client("cloudwatch").put_dashboard(DashboardName="demo", DashboardBody=json.dumps({"widgets": []}))
        logs = self.client("logs")
        logs.create_log_group(logGroupName="/demo/flow")
        logs.create_log_stream(logGroupName="/demo/flow", logStreamName="s")
        logs.put_log_events(
            logGroupName="/demo/flow", logStreamName="s", logEvents=[{"timestamp": 1_800_000_000_000, "message": "m"}]
        )
        self.ask("logs", "get_log_events", logGroupName="/demo/flow", logStreamName="s")
        self.ask("sns", "get_topic_attributes", TopicArn=topic)
        quotas = self.client("service-quotas")
        quotas.request_service_quota_increase(ServiceCode="vpc", QuotaCode="L-F678F1CE", DesiredValue=50)
        self.ask("service-quotas", "get_service_quota", ServiceCode="vpc", QuotaCode="L-F678F1CE")

    # ---- asking

    def answers(self) -> dict[str, Any]:
        """Return what the account answers to all that needs no parameters, and to what was asked for beside it."""
        found = {key: self._answer(*question) for key, question in self.asked.items()}
        for service in SERVICES:
            for operation in self._open(service):
                found[f"{service} {operation}"] = self._answer(service, REGION, operation, {})
        return found

    def _open(self, service: str) -> Iterator[str]:
        client = self.client(service)
        for method, operation in client.meta.method_to_api_mapping.items():
            shape = client.meta.service_model.operation_model(operation).input_shape
            reads = operation.startswith(_READS) and operation not in _NEVER_THE_SAME
            if reads and not (shape and shape.required_members):
                yield method

    def _answer(self, service: str, region: str, operation: str, parameters: dict[str, Any]) -> Any:
        try:
            told = getattr(self.client(service, region), operation)(**parameters)
        except ClientError as error:
            return error.response["Error"]
        told.pop("ResponseMetadata")
        for system in told.get("FileSystems", ()) if operation == "describe_file_systems" else ():
            system["SizeInBytes"].pop("Timestamp")
        return {key: value.read() if hasattr(value, "read") else value for key, value in told.items()}
