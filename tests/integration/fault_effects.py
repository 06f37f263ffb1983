# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen of each fault: by packets where it has any effect on them now, else by what the API or a file says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from functools import cached_property
from typing import Any

from lab.base import addresses
from lab.commands.shell import visitor
from lab.plane.machines.container import Container
from tests.integration.owner import URL, Owner, visit

DOMAIN = "www.hasite.test"
_ENDPOINT = "https://ssm.ap-northeast-1.amazonaws.com/"
_MINIMUM = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage"
_READ_CONTENT = """
import boto3
boto3.client("s3", region_name="ap-northeast-1").get_object(Bucket="demo-content-123456789012", Key="site/current.json")
"""
_ASK_FOR_ROLE = """
latest=http://169.254.169.254/latest
token=$(curl -sSf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $latest/api/token)
curl -sSf -o /dev/null -H "X-aws-ec2-metadata-token: $token" $latest/meta-data/iam/info
"""
_MOUNT_ELSEWHERE = 'set -- $(grep /srv/site /etc/fstab) && mount -t "$3" -o "$4" "$1" /mnt && umount /mnt'
_TUNNEL = "systemctl is-active $(grep -o 'shared-files-tunnel@[^, ]*' /etc/fstab)"
_SHARE = "$(grep -o 'fs-[0-9a-f]*' /etc/fstab | head -1).efs.ap-northeast-1.amazonaws.com"
_ASK_SHARE = f"timeout 3 bash -c '</dev/tcp/'{_SHARE}'/2049'"
_HELD_FOR = """
import socket, time
peer = socket.create_connection(("127.0.0.1", 80))
peer.sendall(b"GET /health HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
peer.settimeout(9)
began = time.monotonic()
try:
    while peer.recv(4096):
        pass
except TimeoutError:
    pass
print(time.monotonic() - began)
"""


class Look:
    """The site as it is now."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner

    @cached_property
    def ids(self) -> list[str]:
        """The machines by name: the faults are made on the first."""
        return sorted(self.owner.ids(), key=lambda one: self.names[one])

    @cached_property
    def names(self) -> dict[str, str]:
        machines = self.owner.machines()
        return {
            machine["InstanceId"]: {tag["Key"]: tag["Value"] for tag in machine["Tags"]}["Name"] for machine in machines
        }

    def on(self, number: int, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the first machine (0) or the second (1)."""
        command = [*Container(self.owner.place, self.ids[number]).enter(), "timeout", "20", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def says(self, number: int, *words: str) -> bool:
        return self.on(number, *words).returncode == 0

    # ---- machines and their way out

    def online(self) -> list[bool]:
        """Whether Systems Manager hears the machines' heartbeats."""
        told = self.owner.client("ssm").describe_instance_information()["InstanceInformationList"]
        heard = {one["InstanceId"] for one in told if one["PingStatus"] == "Online"}
        return [machine in heard for machine in self.ids]

    def connected(self) -> list[bool]:
        """Whether sessions can be opened."""
        ssm = self.owner.client("ssm")
        return [ssm.get_connection_status(Target=machine)["Status"] == "connected" for machine in self.ids]

    def has_role(self) -> list[bool]:
        """Whether the machines are given credentials."""
        return [self.says(number, "sh", "-c", _ASK_FOR_ROLE) for number in (0, 1)]

    def way_out(self) -> list[bool]:
        return [self.says(number, "curl", "-sS", "-m", "2", "-o", "/dev/null", _ENDPOINT) for number in (0, 1)]

    def mounted(self) -> list[bool]:
        return [self.says(number, "mountpoint", "-q", "/srv/site") for number in (0, 1)]

    def pages(self) -> list[str]:
        return [self.on(number, "curl", "-sS", "-m", "5", "http://localhost/").stdout for number in (0, 1)]

    # ---- balancer

    def targets(self) -> list[str]:
        """What the balancer says of each machine: its state, or why it is not healthy."""
        elbv2 = self.owner.client("elbv2")
        [group] = elbv2.describe_target_groups()["TargetGroups"]
        found = elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        told = {one["Target"]["Id"]: one["TargetHealth"] for one in found}
        return [_verdict(told.get(machine, {"State": "none"})) for machine in self.ids]

    def target_group(self) -> dict[str, Any]:
        [group] = self.owner.client("elbv2").describe_target_groups()["TargetGroups"]
        return dict(group)

    # ---- names and the edge

    def s3_tables(self) -> list[str]:
        found = self.owner.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
        return [table for one in found if one["ServiceName"].endswith(".s3") for table in one["RouteTableIds"]]

    def own_documents(self) -> list[Any]:
        own = [{"Key": "Owner", "Values": ["Self"]}]
        return list(self.owner.client("ssm").list_documents(Filters=own)["DocumentIdentifiers"])

    def log_groups(self) -> list[str]:
        return [one["logGroupName"] for one in self.owner.client("logs").describe_log_groups()["logGroups"]]

    def group_attributes(self) -> dict[str, str]:
        found = self.owner.client("elbv2").describe_target_group_attributes(
            TargetGroupArn=self.target_group()["TargetGroupArn"]
        )
        return {one["Key"]: one["Value"] for one in found["Attributes"]}

    def tls_policy(self) -> str:
        elbv2 = self.owner.client("elbv2")
        [balancer] = elbv2.describe_load_balancers(Names=["demo"])["LoadBalancers"]
        listeners = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        return str(next(one["SslPolicy"] for one in listeners if one["Port"] == 443))

    def idle_timeout(self) -> str:
        elbv2 = self.owner.client("elbv2")
        [balancer] = elbv2.describe_load_balancers(Names=["demo"])["LoadBalancers"]
        told = elbv2.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
        return str(next(one["Value"] for one in told if one["Key"] == "idle_timeout.timeout_seconds"))

    def records(self) -> list[dict[str, Any]]:
        route53 = self.owner.client("route53", "us-east-1")
        [zone] = route53.list_hosted_zones()["HostedZones"]
        return list(route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"])

    def record(self, name: str, kind: str) -> list[str]:
        """The values of a plain record."""
        found = next((one for one in self.records() if (one["Name"], one["Type"]) == (name, kind)), {})
        return sorted(one["Value"] for one in found.get("ResourceRecords", []))

    def failover(self, kind: str) -> dict[str, Any]:
        return next((record for record in self.records() if record.get("Failover") == kind), {})

    def check(self) -> dict[str, Any]:
        [check] = self.owner.client("route53", "us-east-1").list_health_checks()["HealthChecks"]
        return dict(check["HealthCheckConfig"])

    def served(self) -> bool:
        """Whether a visitor gets the site, rather than the error page or nothing."""
        return "hostname is" in visit(self.owner, "-m", "3", URL).stdout

    def profile(self, name: str) -> Any:
        """An instance profile."""
        return self.owner.client("iam").get_instance_profile(InstanceProfileName=name)["InstanceProfile"]

    def profiles(self) -> list[str]:
        """The names of the machines' instance profiles."""
        found = {machine["InstanceId"]: machine["IamInstanceProfile"]["Arn"] for machine in self.owner.machines()}
        return [found[id_].rpartition("/")[2] for id_ in self.ids]

    def unit_state(self, unit: str) -> str:
        """Whether a unit of the first machine is enabled, disabled or masked."""
        return self.on(0, "systemctl", "is-enabled", unit).stdout.strip()

    def bucket(self, part: str) -> str:
        names = [bucket["Name"] for bucket in self.owner.client("s3").list_buckets()["Buckets"]]
        return next(str(name) for name in names if name.startswith(f"demo-{part}-"))

    def versioning(self, part: str) -> Any:
        return self.owner.client("s3").get_bucket_versioning(Bucket=self.bucket(part)).get("Status")

    def all_answer(self) -> bool:
        """Whether every node answers, of those that visitors still know: names are kept for a minute."""
        plain = URL.replace("https:", "http:")
        return all(visit(self.owner, "-o", "/dev/null", plain).returncode == 0 for _ in range(6))

    def lifecycle_rules(self, part: str) -> list[str]:
        """The IDs of the rules that are in force."""
        found = self.owner.client("s3").get_bucket_lifecycle_configuration(Bucket=self.bucket(part))["Rules"]
        return [one["ID"] for one in found if one["Status"] == "Enabled"]

    def backed_up(self) -> bool:
        efs = self.owner.client("efs")
        [share] = efs.describe_file_systems()["FileSystems"]
        policy = efs.describe_backup_policy(FileSystemId=share["FileSystemId"])["BackupPolicy"]
        return bool(policy["Status"] == "ENABLED")

    def public_access_blocked(self, part: str) -> bool:
        s3 = self.owner.client("s3")
        try:
            found = s3.get_public_access_block(Bucket=self.bucket(part))["PublicAccessBlockConfiguration"]
        except s3.exceptions.ClientError:
            return False
        return all(found.values())

    def trust(self) -> Any:
        """The trust policy of the machines' role."""
        return self.owner.client("iam").get_role(RoleName="demo-web")["Role"]["AssumeRolePolicyDocument"]

    def own_servers(self) -> set[str]:
        """The zone's name servers."""
        records = [record for record in self.records() if record["Type"] == "NS"]
        return {value["Value"] for record in records for value in record["ResourceRecords"]}

    def delegated(self) -> set[str]:
        """The name servers that the zone above names to a visitor."""
        asked = ["dig", "+norecurse", "+noall", "+authority", f"@{addresses.REGISTRAR_SERVER}", "hasite.test", "NS"]
        command = [*visitor(self.owner.place), *asked]
        told = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout
        return {line.split()[-1] for line in told.splitlines() if "\tNS\t" in line}

    def signing(self) -> str:
        """What Route 53 says of the zone's signing."""
        route53 = self.owner.client("route53", "us-east-1")
        [zone] = route53.list_hosted_zones()["HostedZones"]
        return str(route53.get_dnssec(HostedZoneId=zone["Id"].rpartition("/")[2])["Status"]["ServeSignature"])

    def signed_answer(self) -> bool:
        """Whether a visitor who asks for signatures gets some."""
        asked = [*visitor(self.owner.place), "dig", "+dnssec", "+noall", "+answer", DOMAIN]
        return "\tRRSIG\t" in subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False).stdout

    def certificates(self, status: str, **wanted: str) -> bool:
        acm = self.owner.client("acm")
        arns = [one["CertificateArn"] for one in acm.list_certificates()["CertificateSummaryList"]]
        found = [acm.describe_certificate(CertificateArn=arn)["Certificate"] for arn in arns]
        return any(one["Status"] == status and wanted.items() <= one.items() for one in found)

    def distribution(self) -> dict[str, Any]:
        [found] = self.owner.client("cloudfront", "us-east-1").list_distributions()["DistributionList"]["Items"]
        return dict(found)

    def edge(self) -> str:
        """What the edge answers for the site's name, as it would after a failover."""
        to = f"{DOMAIN}:443:{self.distribution()['DomainName']}:443"
        answer = visit(self.owner, "-i", "--connect-to", to, URL)
        return answer.stdout if answer.returncode == 0 else f"curl: {answer.returncode}"

    def group(self, part: str) -> dict[str, Any]:
        wanted = [{"Name": "tag:hasite:part", "Values": [part]}]
        [found] = self.owner.client("ec2").describe_security_groups(Filters=wanted)["SecurityGroups"]
        return dict(found)

    def open_to_world(self, port: int) -> bool:
        rules = self.group("web")["IpPermissions"]
        return any(rule["FromPort"] == port and rule["IpRanges"] for rule in rules)

    def well(self) -> bool:
        """Tell whether all of the site works."""
        return (
            all(self.online())
            and all(self.connected())
            and self.targets() == ["healthy", "healthy"]
            and self.mounted() == [True, True]
            and self.checkers() > 0.5
            and visit(self.owner, "-o", "/dev/null", "-w", "%{http_code}", URL).stdout == "200"
        )

    def checkers(self) -> float:
        """The share of the health checkers that find the site well."""
        route53 = self.owner.client("route53", "us-east-1")
        checks = route53.list_health_checks()["HealthChecks"]
        if not checks:
            return 0
        [check] = checks
        found = route53.get_health_check_status(HealthCheckId=check["Id"])["HealthCheckObservations"]
        good = [one for one in found if one["StatusReport"]["Status"].startswith("Success")]
        return len(good) / max(1, len(found))


def _verdict(health: dict[str, Any]) -> str:
    code = re.search(r"\[\d+\]", health.get("Description", ""))
    return " ".join(filter(None, (health.get("Reason", health["State"]), code[0] if code else "")))


def _first_only(found: list[bool]) -> bool:
    """Tell whether the first machine is hit, and the second is not."""
    return found == [False, True]


def _mismatch(code: int) -> str:
    return f"Target.ResponseCodeMismatch [{code}]"


EFFECTS: dict[str, Callable[[Look], bool]] = {
    # Nothing else happens before the credentials that the agent has are over.
    "profile-detached": lambda look: _first_only(look.has_role()),
    "agent-stopped": lambda look: _first_only(look.online()),
    "endpoints-unreachable": lambda look: _first_only(look.way_out()) and _first_only(look.online()),
    "egress-443-closed": lambda look: not any(look.way_out()) and not any(look.online()),
    "nat-missing": lambda look: _first_only(look.way_out()),
    "default-route-missing": lambda look: _first_only(look.way_out()),
    "private-route-to-internet-gateway": lambda look: _first_only(look.way_out()),
    "nat-in-private-subnet": lambda look: _first_only(look.way_out()),
    "balancer-not-admitted": lambda look: look.targets() == ["Target.Timeout"] * 2,
    "httpd-down": lambda look: look.targets() == ["Target.FailedHealthChecks", "healthy"],
    "health-path-404": lambda look: look.targets() == [_mismatch(404)] * 2,
    "health-page-500": lambda look: look.targets() == [_mismatch(500)] * 2,
    "registrar-old-nameservers": lambda look: look.delegated() != look.own_servers(),
    "ds-of-no-key": lambda look: visit(look.owner, "-m", "5", URL).returncode == 6,
    "signed-without-ds": lambda look: look.signing() == "SIGNING" and look.signed_answer(),
    "signing-key-unusable": lambda look: look.signing() == "ACTION_NEEDED",
    "validation-record-missing": lambda look: (
        look.certificates("PENDING_VALIDATION", DomainName=DOMAIN)
        and not [record for record in look.records() if record["Type"] == "CNAME"]
    ),
    "caa-forbids-amazon": lambda look: look.certificates("FAILED", FailureReason="CAA_ERROR"),
    "certificate-missing-in-us-east-1": lambda look: look.edge() == "curl: 60",
    "dns-egress-closed": lambda look: not any(look.says(number, "getent", "hosts", DOMAIN) for number in (0, 1)),
    "secondary-missing": lambda look: not look.failover("SECONDARY"),
    "health-check-on-failover-name": lambda look: look.check()["FullyQualifiedDomainName"] == DOMAIN,
    "nothing-evaluated": lambda look: "HealthCheckId" not in look.failover("PRIMARY"),
    "local-files-served": lambda look: ["corrected" in page for page in look.pages()] == [True, False],
    "releases-differ": lambda look: ["corrected" in page for page in look.pages()] == [True, False],
    "nfs-ingress-closed": lambda look: not any(look.mounted()) and look.targets() == [_mismatch(503)] * 2,
    "nfs-egress-closed": lambda look: not any(look.mounted()) and look.targets() == [_mismatch(503)] * 2,
    "mount-target-missing": lambda look: _first_only(look.mounted()) and look.targets()[0] == _mismatch(503),
    "share-name-unresolved": lambda look: not look.says(0, "sh", "-c", f"getent hosts {_SHARE}"),
    "mounted-by-hand": lambda look: all(look.mounted()) and not look.says(0, "findmnt", "--fstab", "/srv/site"),
    "fstab-without-netdev": lambda look: "_netdev" not in look.on(0, "findmnt", "-no", "OPTIONS", "--fstab").stdout,
    "slow-health-check": lambda look: look.check()["RequestInterval"] == 30,
    "error-page-cacheable": lambda look: bool(re.search(r"^HTTP\S+ 200[^$]*max-age=3600", look.edge())),
    "long-error-ttl": lambda look: bool(re.search(r"^age: [1-9]", look.edge(), re.MULTILINE | re.IGNORECASE)),
    "slow-target-checks": lambda look: look.target_group()["HealthCheckIntervalSeconds"] == 30,
    "target-deregistered": lambda look: look.targets() == ["none", "healthy"],
    "http-not-redirected": lambda look: "hostname is" in visit(look.owner, f"http://{DOMAIN}/").stdout,
    "stale-certificate": lambda look: visit(look.owner, URL).returncode == 60,
    "error-page-denied": lambda look: bool(re.match(r"HTTP/\S+ 403", look.edge())),
    "edge-alias-missing": lambda look: look.edge() == "curl: 60",
    "distribution-disabled": lambda look: "back soon" not in look.edge(),
    "machine-stopped": lambda look: look.targets() == ["Target.InvalidState", "healthy"],
    "metadata-v1-allowed": lambda look: look.says(0, "curl", "-sSf", "-m", "2", "http://169.254.169.254/latest/"),
    "public-address-on-launch": lambda look: any(
        subnet["MapPublicIpOnLaunch"]
        for subnet in look.owner.client("ec2").describe_subnets(
            Filters=[{"Name": "tag:Name", "Values": ["demo-private-a"]}]
        )["Subnets"]
    ),
    "port-22-open": lambda look: look.open_to_world(22),
    "web-group-open-to-world": lambda look: look.open_to_world(80),
    "content-unreadable": lambda look: "AccessDenied" in look.on(0, "python3", "-c", _READ_CONTENT).stderr,
    "health-check-disabled": lambda look: bool(look.check()["Disabled"]),
    "health-check-inverted": lambda look: "back soon" in visit(look.owner, URL).stdout,
    "secondary-elsewhere": lambda look: "elb.amazonaws.com" in look.failover("SECONDARY")["AliasTarget"]["DNSName"],
    "aaaa-without-pair": lambda look: any(record["Type"] == "AAAA" for record in look.records()),
    "php-fpm-down": lambda look: look.targets() == [_mismatch(503), "healthy"],
    "health-behind-redirect": lambda look: look.targets() == [_mismatch(301)] * 2,
    "keep-alive-too-short": lambda look: 4 < float(look.on(0, "python3", "-c", _HELD_FOR).stdout) < 8,
    "opcache-stale": lambda look: look.says(0, "grep", "-rq", "validate_timestamps = 0", "/etc/php/8.2/fpm/conf.d"),
    "file-system-locked": lambda look: "access denied" in look.on(0, "sh", "-c", _MOUNT_ELSEWHERE).stderr,
    "target-on-other-port": lambda look: set(look.targets()) <= {"Target.Timeout", "Target.FailedHealthChecks"},
    "listener-answers-elsewhere": lambda look: "We are working at it." in visit(look.owner, URL).stdout,
    "listener-rule-above": lambda look: "The old pages are gone." in visit(look.owner, f"{URL}old/").stdout,
    "public-route-missing": lambda look: not any(look.way_out()) and not look.served(),
    "balancer-in-private-subnets": lambda look: not look.served(),
    "failover-pair-replaced": lambda look: not look.failover("PRIMARY") and not look.failover("SECONDARY"),
    "web-server-settings-broken": lambda look: (
        not look.says(0, "apache2ctl", "-t") and look.targets() == ["healthy", "healthy"]
    ),
    "php-settings-broken": lambda look: (
        not look.says(0, "php-fpm8.2", "-t") and look.targets() == ["healthy", "healthy"]
    ),
    "unit-masked": lambda look: look.on(0, "systemctl", "is-enabled", "apache2").stdout.strip() == "masked",
    "fstab-elsewhere": lambda look: all(look.mounted()) and not look.says(0, "sh", "-c", _TUNNEL),
    "release-unreadable": lambda look: (
        not look.says(0, "runuser", "-u", "www-data", "--", "cat", "/srv/site/current/index.php")
    ),
    "release-damaged": lambda look: not look.says(0, "test", "-e", "/srv/site/current/index.php"),
    "release-missing": lambda look: not look.says(0, "test", "-e", "/srv/site/current"),
    "content-missing": lambda look: (
        "NoSuchKey" in look.on(0, "python3", "-c", _READ_CONTENT).stderr
        or "AccessDenied" in look.on(0, "python3", "-c", _READ_CONTENT).stderr
    ),
    "content-bucket-closed": lambda look: "AccessDenied" in look.on(0, "python3", "-c", _READ_CONTENT).stderr,
    "endpoint-policy-closed": lambda look: "AccessDenied" in look.on(0, "python3", "-c", _READ_CONTENT).stderr,
    "role-not-assumable": lambda look: "ec2.amazonaws.com" not in str(look.trust()),
    "health-check-missing": lambda look: (
        not look.owner.client("route53", "us-east-1").list_health_checks()["HealthChecks"]
    ),
    "edge-function-missing": lambda look: (
        not look.distribution()["DefaultCacheBehavior"]["FunctionAssociations"]["Quantity"]
    ),
    "error-page-missing": lambda look: "back soon" not in look.edge(),
    "session-manager-denied": lambda look: (
        "agent" not in look.owner.client("iam").list_role_policies(RoleName="demo-web")["PolicyNames"]
    ),
    "secondary-checked-too": lambda look: "HealthCheckId" in look.failover("SECONDARY"),
    "current-not-a-link": lambda look: not look.says(0, "test", "-L", "/srv/site/current"),
    "updates-held-up": lambda look: look.says(0, "test", "-e", "/srv/site/.turns/update"),
    "share-read-only": lambda look: not look.says(0, "touch", "/srv/site"),
    "web-acl-blocks": lambda look: visit(look.owner, "-o", "/dev/null", "-w", "%{http_code}", URL).stdout == "403",
    "s3-endpoint-missing": lambda look: len(look.s3_tables()) == 1,
    "role-bounded": lambda look: "AccessDenied" in look.on(0, "python3", "-c", _READ_CONTENT).stderr,
    "role-denied": lambda look: "AccessDenied" in look.on(0, "python3", "-c", _READ_CONTENT).stderr,
    "zone-name-servers-changed": lambda look: (
        look.record("hasite.test.", "NS") == ["ns1.former.test.", "ns2.former.test."]
    ),
    "name-delegated-away": lambda look: not look.served(),
    "session-document-missing": lambda look: not look.own_documents(),
    "session-log-missing": lambda look: "/demo/sessions" not in look.log_groups(),
    "spare-machine-unused": lambda look: look.group_attributes()[_MINIMUM] == "100",
    "old-tls-allowed": lambda look: "2016-08" in look.tls_policy(),
    "error-page-unshown": lambda look: "octet-stream" in look.edge(),
    "edge-countries-refused": lambda look: "from your country" in look.edge(),
    "slow-pages-cut": lambda look: look.idle_timeout() == "1",
    "edge-http-refused": lambda look: (
        look.distribution()["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "https-only"
    ),
    "role-not-in-profile": lambda look: not look.profile("demo-web")["Roles"],
    "profile-replaced": lambda look: look.profiles() == ["jumphost", "demo-web"],
    "metadata-off": lambda look: look.has_role() == [False, True],
    "web-group-detached": lambda look: look.targets() == ["Target.Timeout", "healthy"],
    "balancer-ingress-closed": lambda look: not look.served(),
    "balancer-egress-closed": lambda look: look.targets() == ["Target.Timeout"] * 2,
    "answers-denied": lambda look: look.way_out() == [False, False],
    "mount-target-in-other-group": lambda look: not look.says(0, "sh", "-c", _ASK_SHARE),
    "target-check-elsewhere": lambda look: "healthy" not in look.targets(),
    "matcher-refuses-page": lambda look: look.targets() == [_mismatch(200)] * 2,
    "https-listener-missing": lambda look: not look.served(),
    "listener-rule-for-other-host": lambda look: not look.served(),
    "primary-missing": lambda look: not look.failover("PRIMARY"),
    "primary-elsewhere": lambda look: "cloudfront" in look.failover("PRIMARY")["AliasTarget"]["DNSName"],
    "health-check-elsewhere": lambda look: look.checkers() < 0.5,
    "edge-access-control-missing": lambda look: "back soon" not in look.edge(),
    "error-responses-missing": lambda look: not look.distribution()["CustomErrorResponses"]["Quantity"],
    "headers-policy-missing": lambda look: "retry-after" not in look.edge().lower(),
    "versions-suspended": lambda look: look.versioning("content") != "Enabled",
    "bucket-unblocked": lambda look: not look.public_access_blocked("error-page"),
    "lifecycle-deletes": lambda look: "tidy" in look.lifecycle_rules("content"),
    "backups-off": lambda look: not look.backed_up(),
    "balancer-zone-missing": lambda look: look.targets()[0] == "Target.NotInUse" and look.all_answer(),
    "php-masked": lambda look: look.unit_state("php8.2-fpm") == "masked",
    "mount-masked": lambda look: look.unit_state("srv-site.mount") == "masked",
    "agent-not-enabled": lambda look: look.unit_state("amazon-ssm-agent") == "disabled",
    "httpd-not-enabled": lambda look: look.unit_state("apache2") == "disabled",
    "share-tunnel-stopped": lambda look: look.targets()[0] != "healthy",
    "mount-timer-stopped": lambda look: look.unit_state("shared-files.timer") == "disabled",
    "disk-full": lambda look: not look.says(0, "sh", "-c", "head -c 1M /dev/zero > /var/log/more && rm /var/log/more"),
    "web-server-listens-elsewhere": lambda look: look.targets()[0] != "healthy",
    "machine-firewall": lambda look: look.targets() == ["Target.Timeout", "healthy"],
    "php-hangs": lambda look: look.targets()[0] != "healthy",
    "release-link-loops": lambda look: not look.says(0, "test", "-e", "/srv/site/current"),
    "release-fails": lambda look: visit(look.owner, "-o", "/dev/null", "-w", "%{http_code}", URL).stdout == "500",
}
