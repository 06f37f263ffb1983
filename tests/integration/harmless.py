# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that owners of a site make, after which nothing is wrong: the doctor must not name them.

Each is a context manager: it makes the change, and takes it back.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from lab.faults import outside, steps
from lab.faults.journal import Journal
from lab.faults.site import GLOBAL_REGION, Site
from tests.integration.fault_effects import Look

Change = Callable[[Look, Site], contextlib.AbstractContextManager[None]]
CHANGES: dict[str, Change] = {}


def harmless(function: Callable[[Look, Site], Iterator[None]]) -> Change:
    """Add a change; its docstring says what the owner does."""
    change = contextlib.contextmanager(function)
    CHANGES[function.__name__.replace("_", "-")] = change
    return change


def site_of(look: Look) -> Site:
    """The site of a look, as `lab break` sees it; nothing is noted to be mended."""
    return Site(look.owner.place, Journal("harmless", "demo", None))


# ---- load balancer


@contextlib.contextmanager
def listener_rule(site: Site, priority: int, condition: dict[str, Any]) -> Iterator[None]:
    elbv2, listener = site.client("elbv2"), site.listener(443)["ListenerArn"]
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "ContentType": "text/plain"}}
    used = {rule["Priority"] for rule in elbv2.describe_rules(ListenerArn=listener)["Rules"]}
    free = next(number for number in range(priority, priority + 100) if str(number) not in used)
    made = elbv2.create_rule(ListenerArn=listener, Priority=free, Conditions=[condition], Actions=[answer])
    try:
        yield
    finally:
        elbv2.delete_rule(RuleArn=made["Rules"][0]["RuleArn"])


@harmless
def rule_for_another_host(_look: Look, site: Site) -> Iterator[None]:
    """Answer for another name by the same load balancer."""
    with listener_rule(site, 50, {"Field": "host-header", "HostHeaderConfig": {"Values": ["status.hasite.test"]}}):
        yield


@harmless
def rule_for_a_folder(_look: Look, site: Site) -> Iterator[None]:
    """Answer for one folder without the machines."""
    with listener_rule(site, 60, {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/ping"]}}):
        yield


@contextlib.contextmanager
def ingress(site: Site, part: str, port: int, block: str) -> Iterator[None]:
    described = [{"CidrIp": block, "Description": "the office"}]
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": described}
    which = {"GroupId": site.group(part)["GroupId"], "IpPermissions": [rule]}
    site.ec2.authorize_security_group_ingress(**which)
    try:
        yield
    finally:
        site.ec2.revoke_security_group_ingress(**which)


@harmless
def office_on_the_load_balancer(_look: Look, site: Site) -> Iterator[None]:
    """Admit an office to another port of the load balancer's group."""
    with ingress(site, "load_balancer", 8443, "192.0.2.0/24"):
        yield


@harmless
def monitor_on_the_machines(_look: Look, site: Site) -> Iterator[None]:
    """Admit a monitor in the VPC to its exporter on the machines."""
    with ingress(site, "web", 9100, "10.0.0.0/16"):
        yield


@harmless
def longer_deregistration(_look: Look, site: Site) -> Iterator[None]:
    """Give requests two minutes to end when a machine is taken out."""
    arn = site.target_group["TargetGroupArn"]
    yield from attributes(site, arn, "deregistration_delay.timeout_seconds", "120", "30")


@harmless
def sticky_sessions(_look: Look, site: Site) -> Iterator[None]:
    """Keep visitors at one machine."""
    yield from attributes(site, site.target_group["TargetGroupArn"], "stickiness.enabled", "true", "false")


def attributes(site: Site, arn: str, key: str, value: str, former: str) -> Iterator[None]:
    elbv2 = site.client("elbv2")
    elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[{"Key": key, "Value": value}])
    try:
        yield
    finally:
        elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[{"Key": key, "Value": former}])


@harmless
def someone_else_s_load_balancer(_look: Look, site: Site) -> Iterator[None]:
    """Have a load balancer of another project in the account, without targets."""
    elbv2 = site.client("elbv2")
    made = elbv2.create_target_group(Name="other", Protocol="HTTP", Port=8080, VpcId=site.vpc["VpcId"])
    try:
        yield
    finally:
        elbv2.delete_target_group(TargetGroupArn=made["TargetGroups"][0]["TargetGroupArn"])


# ---- names


@contextlib.contextmanager
def record(site: Site, wanted: dict[str, Any]) -> Iterator[None]:
    route53 = site.client("route53", GLOBAL_REGION)

    def change(action: str) -> None:
        changes = [{"Action": action, "ResourceRecordSet": wanted}]
        route53.change_resource_record_sets(HostedZoneId=site.zone["Id"], ChangeBatch={"Changes": changes})

    change("CREATE")
    try:
        yield
    finally:
        change("DELETE")


@harmless
def mail_records(_look: Look, site: Site) -> Iterator[None]:
    """Receive mail for the zone."""
    values = [{"Value": "10 mail.hasite.test."}]
    with record(site, {"Name": "hasite.test.", "Type": "MX", "TTL": 300, "ResourceRecords": values}):
        yield


@harmless
def text_at_the_site_s_name(_look: Look, site: Site) -> Iterator[None]:
    """Prove the site's name to somebody by a text record."""
    values = [{"Value": '"verification=1"'}]
    with record(site, {"Name": f"{site.domain}.", "Type": "TXT", "TTL": 300, "ResourceRecords": values}):
        yield


@harmless
def caa_with_amazon(_look: Look, site: Site) -> Iterator[None]:
    """Admit Amazon and another authority by CAA records."""
    values = [{"Value": '0 issue "amazon.com"'}, {"Value": '0 issue "letsencrypt.org"'}]
    with record(site, {"Name": "hasite.test.", "Type": "CAA", "TTL": 300, "ResourceRecords": values}):
        yield


@harmless
def second_zone_of_the_same_name(_look: Look, site: Site) -> Iterator[None]:
    """Have a second public zone of the same name, which the registrar does not name, with an old record."""
    route53 = site.client("route53", GLOBAL_REGION)
    name = site.domain
    # The person at the lab's registrar would enter the newest zone's name servers.
    servers = route53.get_hosted_zone(Id=site.zone["Id"])["DelegationSet"]["NameServers"]
    outside.registrar(site, "hasite.test", servers)
    made = route53.create_hosted_zone(Name="hasite.test.", CallerReference=uuid.uuid4().hex)["HostedZone"]["Id"]
    old = {"Name": f"{name}.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.9"}]}

    def change(action: str) -> None:
        changes = [{"Action": action, "ResourceRecordSet": old}]
        route53.change_resource_record_sets(HostedZoneId=made, ChangeBatch={"Changes": changes})

    try:
        change("CREATE")
        yield
    finally:
        change("DELETE")
        route53.delete_hosted_zone(Id=made)
        outside.registrar(site, "hasite.test", None)


@harmless
def health_check_of_something_else(_look: Look, site: Site) -> Iterator[None]:
    """Have a health check of another project, which fails."""
    route53 = site.client("route53", GLOBAL_REGION)
    config = {"Type": "HTTP", "FullyQualifiedDomainName": "other.example", "Port": 80, "RequestInterval": 30}
    made = route53.create_health_check(CallerReference=uuid.uuid4().hex, HealthCheckConfig=config)["HealthCheck"]["Id"]
    try:
        yield
    finally:
        route53.delete_health_check(HealthCheckId=made)


# ---- network and machines


@harmless
def network_of_another_project(_look: Look, site: Site) -> Iterator[None]:
    """Have another project's VPC in the account, with a private subnet without any route."""
    vpc = site.ec2.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    subnet = site.ec2.create_subnet(VpcId=vpc, CidrBlock="10.99.1.0/24")["Subnet"]["SubnetId"]
    try:
        yield
    finally:
        site.ec2.delete_subnet(SubnetId=subnet)
        site.ec2.delete_vpc(VpcId=vpc)


@harmless
def more_tags(_look: Look, site: Site) -> Iterator[None]:
    """Tag a machine and the VPC for the accountants."""
    which = {"Resources": [site.machine_ids[0], site.vpc["VpcId"]], "Tags": [{"Key": "cost-center", "Value": "42"}]}
    site.ec2.create_tags(**which)
    try:
        yield
    finally:
        site.ec2.delete_tags(**which)


@harmless
def second_group_on_a_machine(_look: Look, site: Site) -> Iterator[None]:
    """Give a machine one more security group, which opens nothing to the world."""
    vpc = site.vpc["VpcId"]
    made = site.ec2.create_security_group(GroupName="agents", Description="agents", VpcId=vpc)["GroupId"]
    former = [group["GroupId"] for group in site.machine["SecurityGroups"]]
    site.ec2.modify_instance_attribute(InstanceId=site.machine_id, Groups=[*former, made])
    try:
        yield
    finally:
        site.ec2.modify_instance_attribute(InstanceId=site.machine_id, Groups=former)
        site.ec2.delete_security_group(GroupId=made)


@harmless
def one_more_policy_of_the_role(_look: Look, site: Site) -> Iterator[None]:
    """Allow the machines to send mail."""
    iam, name = site.client("iam"), {"RoleName": f"{site.name}-web", "PolicyName": "mail"}
    allow = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
    iam.put_role_policy(**name, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    try:
        yield
    finally:
        iam.delete_role_policy(**name)


@harmless
def more_alarms(_look: Look, site: Site) -> Iterator[None]:
    """Watch something more by an alarm, which is in alarm."""
    alarm = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Statistic": "Average", "Period": 60}
    cloudwatch = site.client("cloudwatch")
    limits = {"EvaluationPeriods": 1, "Threshold": 0.1, "ComparisonOperator": "GreaterThanThreshold"}
    cloudwatch.put_metric_alarm(AlarmName="office-cpu", **alarm, **limits)
    try:
        yield
    finally:
        cloudwatch.delete_alarms(AlarmNames=["office-cpu"])


@harmless
def one_more_service_on_a_machine(_look: Look, site: Site) -> Iterator[None]:
    """Run one more service on a machine, with a configuration of its own in Apache's folder."""
    path = "/etc/apache2/conf-enabled/office.conf"
    steps.write(site, site.machine_id, path, "# nothing yet\n")
    site.run(site.machine_id, "systemd-run", "--unit=office", "sleep", "600")
    try:
        yield
    finally:
        site.run(site.machine_id, "systemctl", "stop", "office")
        site.run(site.machine_id, "rm", "-f", path)


@harmless
def lifecycle_of_another_folder(_look: Look, site: Site) -> Iterator[None]:
    """Let S3 delete old reports, which lie in a folder of their own in the content bucket."""
    s3, bucket = site.client("s3"), {"Bucket": site.bucket("content")}
    former = s3.get_bucket_lifecycle_configuration(**bucket)["Rules"]
    reports = {"ID": "reports", "Status": "Enabled", "Filter": {"Prefix": "reports/"}, "Expiration": {"Days": 30}}
    s3.put_bucket_lifecycle_configuration(**bucket, LifecycleConfiguration={"Rules": [*former, reports]})
    try:
        yield
    finally:
        s3.put_bucket_lifecycle_configuration(**bucket, LifecycleConfiguration={"Rules": former})


@harmless
def uploads_beside_the_releases(_look: Look, site: Site) -> Iterator[None]:
    """Keep something private on the share beside the releases, which the web server may not read."""
    site.run(site.machine_id, "sh", "-c", "mkdir -m 0700 /srv/site/office && touch /srv/site/office/list")
    try:
        yield
    finally:
        site.run(site.machine_id, "rm", "-rf", "/srv/site/office")


@harmless
def release_in_progress(_look: Look, site: Site) -> Iterator[None]:
    """Be in the middle of a release: the next one is half unpacked, under the name that it has until it is whole."""
    folder = "/srv/site/releases/.20991231T000000Z-000000000000.part"
    site.run(site.machine_id, "sh", "-c", f"mkdir -p {folder} && echo half > {folder}/index.php")
    try:
        yield
    finally:
        site.run(site.machine_id, "rm", "-rf", folder)
