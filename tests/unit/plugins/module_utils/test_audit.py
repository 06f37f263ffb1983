# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit: what each control says of a site that meets it, and of one that does not."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hasite.aws.plugins.module_utils._audit.facts import Facts
from ansible_collections.hasite.aws.plugins.module_utils._audit.judging import (
    ABSENT,
    ACCOUNT,
    EXCEPTION,
    FAIL,
    MET,
    UNREAD,
    Row,
    all_rules,
    judge,
)
from ansible_collections.hasite.aws.plugins.module_utils._audit.reading import READERS, read
from ansible_collections.hasite.aws.plugins.module_utils._audit.report import counted, render
from ansible_collections.hasite.aws.plugins.module_utils._site.details import READERS as DETAILS
from ansible_collections.hasite.aws.plugins.module_utils._site.reading import READERS as SITE
from ansible_collections.hasite.aws.plugins.module_utils._site.scope import ReadScope

from tests.unit.plugins.modules.route53_account import Account, open_account

Tree = dict[str, Any]
FILE = Path(__file__).parents[4] / "playbooks" / "files" / "security_controls.yml"
CONTROLS: list[Tree] = yaml.load(FILE.read_text(), yaml.CSafeLoader)["controls"]
BY_ID = {one["id"]: one for one in CONTROLS}
REGION = "ap-northeast-1"
NOW = datetime(2026, 11, 28, tzinfo=UTC)
WORLD: Tree = {"ip_ranges": [{"cidr_ip": "0.0.0.0/0"}]}


def entry(number: int, action: str, protocol: str, low: int = 0, high: int = 0) -> Tree:
    ports = {"PortRange": {"From": low, "To": high}} if protocol != "-1" else {}
    return {"RuleNumber": number, "RuleAction": action, "Protocol": protocol, "CidrBlock": "0.0.0.0/0", **ports}


def listener(port: int, **more: Any) -> Tree:
    return {"port": port, "protocol": "HTTPS" if port == 443 else "HTTP", **more}


def meeting_all() -> Facts:
    """Facts that meet every control that has a check."""
    attributes = {
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "routing.http.desync_mitigation_mode": "defensive",
        "deletion_protection.enabled": "true",
        "access_logs.s3.enabled": "true",
    }
    bucket = {
        "public_access_block": {"block_public_acls": True},
        "object_ownership": "BucketOwnerEnforced",
        "encryption": {"algorithm": "aws:kms", "kms_key_id": "k"},
        "versioning": True,
        "lifecycle_rules": [
            {"Status": "Enabled", "NoncurrentVersionExpiration": {}, "AbortIncompleteMultipartUpload": {}}
        ],
        "logging": {"target_bucket": "demo-logs"},
        "policy": {"Statement": [{"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]},
    }
    subnets = [
        {"subnet_id": f"{kind}-{zone}", "kind": kind, "availability_zone": zone, "map_public_ip_on_launch": False}
        for kind in ("public", "private")
        for zone in "ac"
    ]
    services = ("ec2", "ssm", "ssmmessages")
    site: Tree = {
        "name": "demo",
        "region": REGION,
        "account_id": "123456789012",
        "network": {
            "vpc": {"vpc_id": "vpc-1"},
            "flow_logs": [{"flow_log_status": "ACTIVE"}],
            "subnets": subnets,
            "endpoints": [{"service_name": f"com.amazonaws.{REGION}.{service}"} for service in services],
        },
        "security_groups": [
            {
                "group_name": f"demo-{part}",
                "part": part,
                "ip_permissions": [{"ip_protocol": "tcp", "from_port": 443, "to_port": 443, **WORLD}] * door,
                "ip_permissions_egress": [{"ip_protocol": "tcp", "from_port": 443, "to_port": 443, **WORLD}],
            }
            for part, door in (("load_balancer", 1), ("web", 0))
        ],
        "instances": [{"instance_id": "i-1", "name": "demo-web-a", "state": "running", "ssm_ping_status": "Online"}],
        "buckets": [{"name": "demo-content", "part": "content"}, {"name": "demo-logs", "part": "logs"}],
        "load_balancer": {
            "load_balancer_name": "demo",
            "availability_zones": [{"zone_name": "a"}, {"zone_name": "c"}],
            "listeners": [
                listener(80, default_actions=[{"redirect_config": {"protocol": "HTTPS"}}]),
                listener(443, ssl_policy="ELBSecurityPolicy-TLS13-1-2-FIPS-PQ-2025-09"),
            ],
        },
        "target_groups": [{"target_group_name": "demo", "protocol": "HTTPS"}],
        "names": [{"name": "www.hasite.test", "kind": "domain"}],
        "hosted_zone": {"name": "hasite.test", "id": "Z1", "records": [{"name": "hasite.test.", "type": "CAA"}]},
        "alarms": [{}],
        "topics": [{}],
        "details": {
            "load_balancer_attributes": attributes,
            "role_policies": {"demo-web": {"attached": [], "own": {"content": {"Statement": []}}}},
        },
    }
    trust = {"Statement": [{"Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}]}
    role = {"AssumeRolePolicyDocument": trust, "PermissionsBoundary": {"PermissionsBoundaryArn": "b"}}
    behavior = {"ViewerProtocolPolicy": "redirect-to-https", "FieldLevelEncryptionId": "f"}
    distribution = {
        "DefaultCacheBehavior": behavior,
        "ViewerCertificate": {
            "ACMCertificateArn": "c",
            "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.3_2025",
        },
        "Origins": {"Items": [{"DomainName": "b", "S3OriginConfig": {}, "OriginAccessControlId": "o"}]},
        "DefaultRootObject": "index.html",
        "Logging": {"Enabled": True},
        "WebACLId": "w",
        "OriginGroups": {"Quantity": 1},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "whitelist"}},
    }
    share = {
        "encrypted": True,
        "backup": True,
        "mount_targets": [{"availability_zone_name": "a"}, {"availability_zone_name": "c"}],
        "policy": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:role/demo-web"}}]},
        "transition_to_ia": "AFTER_30_DAYS",
    }
    return Facts(
        site,
        {
            "now": NOW,
            "network_acls": {"acl-1": [entry(110, "deny", "6", 3389, 3389), entry(120, "allow", "6", 1024, 65535)]},
            "default_groups": {"sg-0": {"IpPermissions": [], "IpPermissionsEgress": []}},
            "endpoint_policies": {"vpce-1": {"Statement": {"Effect": "Allow", "Principal": "*", "Resource": "b"}}},
            "machines": {
                "demo-web-a": {
                    "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
                    "Monitoring": {"State": "enabled"},
                    "InstanceType": "t3.small",
                    "State": {"Name": "running"},
                }
            },
            "types": {"t3.small": "default"},
            "roles": {"demo-web": role, "demo-flow-logs": role},
            "volumes": {"vol-1": {"Encrypted": True}},
            "balancer_acl": {"demo": "acl"},
            "distributions": {"E1": distribution},
            "headers": {"demo-error-page": {"StrictTransportSecurity": {"AccessControlMaxAgeSec": 1}}},
            "buckets": {"demo-content": bucket, "demo-logs": bucket},
            "shares": {"fs-1": share},
            "share_keys": {"fs-1": "CUSTOMER"},
            "access_points": {"ap-1": {"RootDirectory": {"Path": "/a"}, "PosixUser": {"Uid": 1}}},
            "query_logging": {"hasite.test": "arn"},
            "signing": {"hasite.test": "SIGNING"},
            "log_groups": {"/demo/sessions": {"retentionInDays": 365, "kmsKeyId": "k"}},
            "documents": {"demo-session": []},
            "certificates": {"c/1": {"NotAfter": NOW + timedelta(days=90), "KeyAlgorithm": "RSA-2048"}},
            "public_access": {"BlockPublicAcls": True},
            "volume_default": True,
            "metadata_default": "required",
            "sharing": {"snapshots": "block-all-sharing", "images": "block-new-sharing"},
            "trails": [{"Name": "all", "IsMultiRegionTrail": True}],
            "recorders": [{"name": "default", "recording": True}],
            "detectors": ["d"],
            "analyzers": [{"name": "a", "status": "ACTIVE"}],
            "password_policy": {
                "MinimumPasswordLength": 14,
                **dict.fromkeys(
                    ("RequireUppercaseCharacters", "RequireLowercaseCharacters", "RequireNumbers", "RequireSymbols"),
                    True,
                ),
            },
            "root": {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0},
            "document_settings": {
                "/ssm/documents/console/public-sharing-permission": "Disable",
                "/ssm/automation/customer-script-log-destination": "CloudWatch",
            },
        },
    )


def states(facts: Facts) -> dict[str, str]:
    return {row.control["id"]: row.state for row in judge(facts, CONTROLS)}


# ---- the data


def test_controls_are_told_apart() -> None:
    assert not [one for one, count in Counter(each["id"] for each in CONTROLS).items() if count > 1]


def test_every_check_has_a_control() -> None:
    assert not set(all_rules()) - set(BY_ID)


def test_every_control_that_is_demanded_has_a_check() -> None:
    assert not [one["id"] for one in CONTROLS if "exception" not in one and one["id"] not in all_rules()]


@pytest.mark.parametrize("control", CONTROLS, ids=lambda one: one["id"])
def test_control_says_what_to_do_and_why_not(control: Tree) -> None:
    known = {"id", "title", "scope", "ids", "remedy", "exception"}
    assert set(control) <= known
    assert control["title"].endswith(".")
    assert control["remedy"].endswith(".")
    assert set(control["ids"]) <= {"fsbp", "cis", "cis_three_tier", "prowler", "checkov", "custodian", "scoutsuite"}
    for found in control["ids"].values():
        assert all(isinstance(one, str) for one in found), "an ID that YAML takes for a number"
    if "exception" in control:
        assert {"reason", "cost"} <= set(control["exception"]) <= {"reason", "cost", "switch"}
        assert control["exception"]["reason"].endswith(".")
        assert control["exception"]["cost"].endswith(".")


def test_a_scanner_s_finding_of_the_site_has_one_control_only() -> None:
    said = Counter(
        one
        for control in CONTROLS
        if control.get("scope") != "account"
        for one in control["ids"].get("prowler", [])
        if "@" not in one
    )
    assert not [one for one, count in said.items() if count > 1]


def test_checks_need_what_somebody_reads() -> None:
    labels = {label for readers in (SITE, DETAILS, READERS) for label, _ in readers.values()}
    needed = {label for rule in all_rules().values() for label in rule.needs}
    assert not needed - labels


# ---- judging


def test_a_site_that_meets_everything_meets_every_check() -> None:
    found = states(meeting_all())
    assert {one: state for one, state in found.items() if one in all_rules() and state != MET} == {}


def test_nothing_is_concluded_from_an_empty_account() -> None:
    assert FAIL not in states(Facts({"name": "demo", "region": REGION})).values()


Breaking = Callable[[Tree, Tree], object]


def setting(place: Callable[[Tree, Tree], Any], key: Any, value: Any) -> Breaking:
    def put(site: Tree, read: Tree) -> None:
        place(site, read)[key] = value

    return put


def attribute(key: str, value: str) -> Breaking:
    return setting(lambda site, _: site["details"]["load_balancer_attributes"], key, value)


def of_machine(key: str, value: Any) -> Breaking:
    return setting(lambda _, read: read["machines"]["demo-web-a"], key, value)


def of_bucket(key: str, value: Any, name: str = "demo-content") -> Breaking:
    def put(_: Tree, read: Tree) -> None:
        read["buckets"][name] = {**read["buckets"][name], key: value}

    return put


def of_distribution(key: str, value: Any) -> Breaking:
    return setting(lambda _, read: read["distributions"]["E1"], key, value)


def of_share(key: str, value: Any) -> Breaking:
    return setting(lambda _, read: read["shares"]["fs-1"], key, value)


def read_as(key: str, value: Any) -> Breaking:
    return setting(lambda _, read: read, key, value)


def of_listener(port: int, key: str, value: Any) -> Breaking:
    return setting(
        lambda site, _: next(one for one in site["load_balancer"]["listeners"] if one["port"] == port), key, value
    )


def of_group(part: str, key: str, rules: list[Tree]) -> Breaking:
    return setting(
        lambda site, _: next(group for group in site["security_groups"] if group["part"] == part), key, rules
    )


OPEN_TRUST = {"AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow"}]}}
EVERYBODY = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Resource": "*"}]}
PORT_22 = {"ip_protocol": "tcp", "from_port": 22, "to_port": 22, **WORLD}
PORT_80 = {"ip_protocol": "tcp", "from_port": 80, "to_port": 80, **WORLD}
BROKEN: list[tuple[str, Breaking]] = [
    ("flow-logs", setting(lambda site, _: site["network"], "flow_logs", [])),
    ("default-group-empty", read_as("default_groups", {"sg-0": {"IpPermissionsEgress": [{}]}})),
    (
        "subnets-without-public-addresses",
        setting(lambda site, _: site["network"]["subnets"][0], "map_public_ip_on_launch", True),
    ),
    ("two-zones", setting(lambda site, _: site["network"], "subnets", [{"kind": "public", "subnet_id": "s"}])),
    ("network-acl-administration", read_as("network_acls", {"a": [entry(100, "allow", "-1")]})),
    ("network-acl-answers", read_as("network_acls", {"a": [entry(100, "allow", "6", 1024, 65535)]})),
    ("network-acl-administration", read_as("network_acls", {"a": [entry(9, "allow", "6", 22, 22)]})),
    ("groups-closed", of_group("load_balancer", "ip_permissions", [PORT_22])),
    ("groups-closed", of_group("web", "ip_permissions", [PORT_80])),
    ("group-port-80", of_group("load_balancer", "ip_permissions", [PORT_80])),
    ("web-egress", of_group("web", "ip_permissions_egress", [PORT_80])),
    ("interface-endpoints", setting(lambda site, _: site["network"], "endpoints", [])),
    ("endpoint-trust-boundaries", read_as("endpoint_policies", {"vpce-1": EVERYBODY})),
    ("metadata-v2", of_machine("MetadataOptions", {"HttpTokens": "optional", "HttpPutResponseHopLimit": 1})),
    ("metadata-v2", of_machine("MetadataOptions", {"HttpTokens": "required", "HttpPutResponseHopLimit": 2})),
    ("no-public-address", of_machine("PublicIpAddress", "203.0.113.1")),
    ("managed-machines", setting(lambda site, _: site["instances"][0], "ssm_ping_status", "ConnectionLost")),
    ("volumes-encrypted", read_as("volumes", {"vol-1": {"Encrypted": False}})),
    ("detailed-monitoring", of_machine("Monitoring", {"State": "disabled"})),
    ("ebs-optimized", read_as("types", {"t3.small": "unsupported"})),
    (
        "stopped-machines",
        lambda _, read: read["machines"]["demo-web-a"].update(
            State={"Name": "stopped"}, StateTransitionReason="User initiated (2026-10-01 10:00:00 GMT)"
        ),
    ),
    (
        "role-no-administration",
        setting(
            lambda site, _: site["details"]["role_policies"]["demo-web"],
            "own",
            {"all": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}},
        ),
    ),
    (
        "role-no-administration",
        setting(
            lambda site, _: site["details"]["role_policies"]["demo-web"],
            "attached",
            ["arn:aws:iam::aws:policy/AdministratorAccess"],
        ),
    ),
    ("trust-flow-logs", read_as("roles", {"demo-flow-logs": OPEN_TRUST})),
    ("trust-machines", read_as("roles", {"demo-web": OPEN_TRUST})),
    ("permissions-boundary", read_as("roles", {"demo-web": OPEN_TRUST})),
    ("documents-private", read_as("documents", {"demo-session": ["all"]})),
    ("https-redirect", of_listener(80, "default_actions", [{"type": "forward"}])),
    ("tls-version", of_listener(443, "ssl_policy", "ELBSecurityPolicy-2016-08")),
    ("tls-post-quantum", of_listener(443, "ssl_policy", "ELBSecurityPolicy-TLS13-1-2-2021-06")),
    ("tls-fips", of_listener(443, "ssl_policy", "ELBSecurityPolicy-TLS13-1-2-2021-06")),
    ("invalid-headers-dropped", attribute("routing.http.drop_invalid_header_fields.enabled", "false")),
    ("invalid-headers-dropped", attribute("routing.http.desync_mitigation_mode", "monitor")),
    ("load-balancer-zones", setting(lambda site, _: site["load_balancer"], "availability_zones", [{"zone_name": "a"}])),
    ("deletion-protection", attribute("deletion_protection.enabled", "false")),
    ("load-balancer-logs", attribute("access_logs.s3.enabled", "false")),
    ("load-balancer-waf", read_as("balancer_acl", {"demo": None})),
    ("target-https", setting(lambda site, _: site["target_groups"][0], "protocol", "HTTP")),
    ("edge-https", of_distribution("ViewerCertificate", {"CloudFrontDefaultCertificate": True})),
    ("edge-origin-access", of_distribution("Origins", {"Items": [{"DomainName": "b", "S3OriginConfig": {}}]})),
    ("edge-tls-1-3", of_distribution("ViewerCertificate", {"MinimumProtocolVersion": "TLSv1.2_2021"})),
    ("edge-default-object", of_distribution("DefaultRootObject", "")),
    ("edge-logs", of_distribution("Logging", {"Enabled": False})),
    ("edge-waf", of_distribution("WebACLId", "")),
    ("edge-origin-failover", of_distribution("OriginGroups", {"Quantity": 0})),
    ("edge-geography", of_distribution("Restrictions", {"GeoRestriction": {"RestrictionType": "none"}})),
    ("edge-field-encryption", of_distribution("DefaultCacheBehavior", {})),
    ("edge-headers", read_as("headers", {"demo-error-page": {}})),
    ("buckets-closed", of_bucket("public_access_block", {"block_public_acls": False})),
    ("buckets-closed", of_bucket("object_ownership", "ObjectWriter")),
    ("buckets-closed", of_bucket("policy", {})),
    ("buckets-kept", of_bucket("versioning", False)),
    ("buckets-kept", of_bucket("lifecycle_rules", [])),
    ("bucket-logs", of_bucket("logging", {})),
    ("log-bucket-logs", of_bucket("logging", {}, "demo-logs")),
    ("bucket-extras", of_bucket("encryption", {"algorithm": "AES256", "kms_key_id": None})),
    ("share-encrypted", of_share("encrypted", False)),
    ("share-encrypted", of_share("backup", False)),
    ("share-encrypted", of_share("mount_targets", [{"availability_zone_name": "a"}])),
    ("share-policy", of_share("policy", EVERYBODY)),
    ("share-policy", of_share("policy", {})),
    ("share-access-points", read_as("access_points", {"ap-1": {"RootDirectory": {"Path": "/"}}})),
    ("share-key", read_as("share_keys", {"fs-1": "AWS"})),
    ("share-lifecycle", of_share("transition_to_ia", "none")),
    (
        "certificate-valid",
        read_as("certificates", {"c": {"NotAfter": NOW + timedelta(days=3), "KeyAlgorithm": "RSA-2048"}}),
    ),
    ("certificate-valid", read_as("certificates", {"c": {"KeyAlgorithm": "RSA-1024"}})),
    ("query-logging", read_as("query_logging", {"hasite.test": None})),
    ("dnssec", read_as("signing", {"hasite.test": "NOT_SIGNING"})),
    ("caa", setting(lambda site, _: site["hosted_zone"], "records", [{"name": "other.test.", "type": "CAA"}])),
    ("log-retention", read_as("log_groups", {"/demo/sessions": {"retentionInDays": 90}})),
    ("log-keys", read_as("log_groups", {"/demo/sessions": {}})),
    ("alarms", setting(lambda site, _: site, "alarms", [])),
    ("account-s3-public-access", read_as("public_access", {})),
    ("account-ebs-encryption", read_as("volume_default", False)),
    ("account-metadata-v2", read_as("metadata_default", "no-preference")),
    ("account-snapshots-and-images", read_as("sharing", {"snapshots": "unblocked", "images": "unblocked"})),
    ("account-trail", read_as("trails", [{"Name": "one", "IsMultiRegionTrail": False}])),
    ("account-config", read_as("recorders", [])),
    ("account-guardduty", read_as("detectors", [])),
    ("account-access-analyzer", read_as("analyzers", [])),
    ("account-passwords", read_as("password_policy", {})),
    ("account-root", read_as("root", {"AccountMFAEnabled": 0})),
    ("account-ssm-sharing", read_as("document_settings", {})),
]


@pytest.mark.parametrize(("control", "breaking"), BROKEN, ids=[one for one, _ in BROKEN])
def test_an_unmet_control_is_told(control: str, breaking: Breaking) -> None:
    whole = meeting_all()
    site, found = copy.deepcopy(whole.site), copy.deepcopy(dict(whole.read))
    breaking(site, found)
    expected = ACCOUNT if BY_ID[control].get("scope") else EXCEPTION if "exception" in BY_ID[control] else FAIL
    assert states(Facts(site, found))[control] == expected


def test_every_check_is_seen_to_find_something() -> None:
    assert not set(all_rules()) - {control for control, _ in BROKEN}


def test_the_first_rule_that_matches_decides() -> None:
    allowed_first = {"a": [entry(1, "allow", "6", 22, 22), entry(2, "deny", "6", 22, 22)]}
    site = {"name": "demo", "region": REGION}
    assert states(Facts(site, {"network_acls": allowed_first}))["network-acl-administration"] == FAIL


def test_what_could_not_be_read_is_neither_met_nor_unmet() -> None:
    facts = meeting_all()
    errors = {"s3: settings of buckets": "AccessDenied: no"}
    rows = {row.control["id"]: row for row in judge(Facts(facts.site, facts.read, errors), CONTROLS)}
    assert rows["buckets-closed"].state == UNREAD
    assert "AccessDenied" in rows["buckets-closed"].error
    assert rows["volumes-encrypted"].state == MET


# ---- the report


def test_report_shows_failures_first_with_their_cure() -> None:
    facts = meeting_all()
    facts.site["details"]["load_balancer_attributes"]["deletion_protection.enabled"] = "false"
    text = render(judge(facts, CONTROLS))
    first, _, rest = text.partition("\n\n")
    assert first.startswith("FAIL")
    assert "ELB.6" in first
    assert "load balancer demo: deletion_protection.enabled=false" in first
    assert BY_ID["deletion-protection"]["remedy"] in first
    assert "deletion-protection" not in rest


def test_counts_are_told_for_every_state() -> None:
    rows = [Row(CONTROLS[0], state) for state in (MET, MET, ABSENT)]
    assert counted(rows) == "0 fail, 0 unread, 0 account, 0 exception, 2 met, 1 absent"


# ---- reading, against the lab's API


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        yield made


def test_settings_are_read_of_the_site_s_resources_alone(account: Account) -> None:
    scope = ReadScope("demo", [], REGION, account.client)
    s3, ec2 = scope.here("s3"), scope.here("ec2")
    for name in ("demo-content", "other"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    site = {
        "name": "demo",
        "region": REGION,
        "account_id": "123456789012",
        "network": {"vpc": {"vpc_id": vpc}},
        "buckets": [{"name": "demo-content"}],
    }
    answers, errors = read(scope, site)
    assert list(answers["buckets"]) == ["demo-content"]
    assert len(answers["network_acls"]) == 1
    assert len(answers["default_groups"]) == 1
    assert answers["volume_default"] is False
    assert answers["password_policy"] == {}
    assert not [label for label in errors if label.startswith(("s3", "iam", "cloudtrail"))]
    found = {row.control["id"]: row.state for row in judge(Facts(site, answers, errors), CONTROLS)}
    assert found["network-acl-administration"] == FAIL  # AWS's own default admits the world
    assert found["default-group-empty"] == FAIL
