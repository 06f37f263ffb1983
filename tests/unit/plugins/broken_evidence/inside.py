# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in the network and on the machines."""

from __future__ import annotations

from tests.unit.plugins.broken_evidence.table import (
    BREAKS,
    blocked,
    breaks,
    mistake,
    offline,
    put,
    silent_way,
    unhealthy,
)
from tests.unit.plugins.healthy_site import NOW, Tree, lifecycle_rule

# ---- access and network


@breaks("machine-stopped")
def _(tree: Tree) -> None:
    offline(tree)
    put(tree, "site/instances/0/state", "stopped")
    put(tree, "site/target_groups/0/targets/0/state", "unused")


@breaks("profile-detached")
def _(tree: Tree) -> None:
    offline(tree)
    put(tree, "site/instances/0/iam_instance_profile_arn", None)


@breaks("session-manager-denied")
def _(tree: Tree) -> None:
    put(tree, "site/details/role_policies/demo-web/own/agent", {"Statement": []})
    offline(tree)


silent_way("egress-443-closed", "security_group", "egress")
silent_way("endpoints-unreachable", "network_acl", "ingress")


@breaks("agent-stopped")
def _(tree: Tree) -> None:
    offline(tree)


@breaks("registered-late")
def _(tree: Tree) -> None:
    offline(tree)
    put(tree, "site/instances/0/launch_time", "2026-11-25T14:00:00+00:00")


mistake("agent-not-enabled", "machines/i-a/units/agent/enabled", False)


def cut_off(tree: Tree, route: Tree | None) -> None:
    """Replace a private subnet's default route with this one."""
    put(tree, "site/network/route_tables/0/routes", [route] if route else [])
    blocked(tree, "session_manager", "route", machines="a")
    offline(tree)


def default(target: str, state: str = "active") -> Tree:
    key = "gateway_id" if target.startswith("igw") else "nat_gateway_id"
    return {"destination_cidr_block": "0.0.0.0/0", key: target, "state": state}


@breaks("private-route-to-internet-gateway")
def _(tree: Tree) -> None:
    cut_off(tree, default("igw-1"))


@breaks("nat-in-private-subnet")
def _(tree: Tree) -> None:
    gateway = {"nat_gateway_id": "nat-x", "state": "available", "subnet_id": "subnet-private-a"}
    put(tree, "site/details/nat_gateways", [gateway])
    cut_off(tree, default("nat-x"))


@breaks("nat-missing")
def _(tree: Tree) -> None:
    cut_off(tree, default("nat-a", "blackhole"))


@breaks("default-route-missing")
def _(tree: Tree) -> None:
    cut_off(tree, None)


@breaks("public-route-missing")
def _(tree: Tree) -> None:
    put(tree, "site/network/route_tables/2/routes", [])
    blocked(tree, "session_manager", "route")
    blocked(tree, "visitors", "route")
    for number in (0, 1):
        offline(tree, number)
    put(tree, "visit/page/status", 503)


@breaks("balancer-in-private-subnets")
def _(tree: Tree) -> None:
    put(tree, "site/load_balancer/availability_zones/0/subnet_id", "subnet-private-a")
    blocked(tree, "visitors", "route")
    tree["visit"]["page"] |= {"status": None, "problem": "no answer in time"}


@breaks("role-not-assumable")
def _(tree: Tree) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    put(tree, "site/roles/0/assume_role_policy", {"Statement": [trust]})
    offline(tree)


@breaks("profile-replaced")
def _(tree: Tree) -> None:
    put(tree, "site/instances/0/iam_instance_profile_arn", "arn:aws:iam::123456789012:instance-profile/other")
    offline(tree)


@breaks("role-not-in-profile")
def _(tree: Tree) -> None:
    put(tree, "site/roles/0/instance_profiles", [])
    offline(tree)


mistake("metadata-off", "site/instances/0/metadata_options/http_endpoint", "disabled")


@breaks("web-group-detached")
def _(tree: Tree) -> None:
    put(tree, "site/instances/0/security_group_ids", ["sg-default"])
    blocked(tree, "share", "security_group", "ingress", machines="a")
    blocked(tree, "requests", "security_group", "ingress", machines="a")
    unmounted(tree)


@breaks("key-unusable")
def _(tree: Tree) -> None:
    put(tree, "site/kms_keys/0/key_state", "Disabled")
    offline(tree)


mistake("versions-suspended", "site/details/bucket_settings/demo-content-1/versioning", False)
mistake("bucket-unblocked", "site/details/bucket_settings/demo-content-1/public_access_block/block_public_acls", False)


mistake("backups-off", "site/details/file_system_backups/fs-1", False)


@breaks("lifecycle-deletes")
def _(tree: Tree) -> None:
    rules = tree["site"]["details"]["bucket_settings"]["demo-content-1"]["lifecycle_rules"]
    rules.append(lifecycle_rule("tidy", Expiration={"Days": 30}))


@breaks("balancer-zone-missing")
def _(tree: Tree) -> None:
    put(tree, "site/load_balancer/availability_zones/0/zone_name", "ap-northeast-1d")
    tree["site"]["target_groups"][0]["targets"][0] |= {"state": "unused", "reason": "Target.NotInUse"}


@breaks("status-check-failed")
def _(tree: Tree) -> None:
    put(tree, "site/details/status_checks/i-a/instance", "impaired")
    offline(tree)
    unhealthy(tree, 0)


@breaks("machine-silent")
def _(tree: Tree) -> None:
    offline(tree)
    unhealthy(tree, 0)


# ---- the machines themselves


@breaks("machine-starting")
def _(tree: Tree) -> None:
    put(tree, "machines/i-a/up_seconds", 20.0)
    unhealthy(tree, 0)


mistake("disk-full", "machines/i-a/disks/0/free_bytes", 1 << 20)
mistake("web-server-settings-broken", "machines/i-a/configurations/web_server", {"valid": False, "complaint": "line 3"})


@breaks("php-settings-broken")
def _(tree: Tree) -> None:
    put(tree, "machines/i-a/configurations/php", {"valid": False, "complaint": "line 3"})
    put(tree, "machines/i-a/units/php/active", False)
    put(tree, "machines/i-a/health/status", 503)
    unhealthy(tree, 0, description="Health checks failed with these codes: [503]")


@breaks("unit-masked")
def _(tree: Tree) -> None:
    tree["machines"]["i-a"]["units"]["web_server"] |= {"active": False, "enabled": False, "masked": True}
    unhealthy(tree, 0)


@breaks("web-server-listens-elsewhere")
def _(tree: Tree) -> None:
    put(tree, "machines/i-a/listening", ["127.0.0.1:80"])
    unhealthy(tree, 0)


@breaks("health-page-hangs")
def _(tree: Tree) -> None:
    tree["machines"]["i-a"]["health"] |= {"status": None, "problem": "no answer in time"}
    unhealthy(tree, 0)


@breaks("machine-firewall")
def _(tree: Tree) -> None:
    unhealthy(tree, 0)


mistake("clock-wrong", "machines/i-a/clock", NOW - 600)


# ---- share and content


def unmounted(tree: Tree, machine: str = "i-a") -> None:
    """Unmount the share on a machine, which says so."""
    tree["machines"][machine] |= {"mount": None, "document_root_exists": False, "document_root_mount": "/"}
    tree["machines"][machine]["release"] = None
    put(tree, f"machines/{machine}/health/status", 503)
    unhealthy(tree, "ac".index(machine[-1]), description="Health checks failed with these codes: [503]")


@breaks("mount-target-missing")
def _(tree: Tree) -> None:
    del tree["site"]["file_systems"][0]["mount_targets"][0]
    blocked(tree, "share", "mount_target", machines="a")
    unmounted(tree)


@breaks("mount-target-in-other-group")
def _(tree: Tree) -> None:
    put(tree, "site/network/network_interfaces/0/groups", ["sg-default"])
    blocked(tree, "share", "security_group", "egress", machines="a")


@breaks("nfs-ingress-closed")
def _(tree: Tree) -> None:
    blocked(tree, "share", "security_group", "ingress")
    unmounted(tree)


@breaks("nfs-egress-closed")
def _(tree: Tree) -> None:
    blocked(tree, "share", "security_group", "egress")
    unmounted(tree)


@breaks("mount-path-blocked")
def _(tree: Tree) -> None:
    blocked(tree, "share", "network_acl", "egress")


@breaks("share-name-unresolved")
def _(tree: Tree) -> None:
    put(tree, "site/details/dns_support", False)
    unmounted(tree)


@breaks("file-system-locked")
def _(tree: Tree) -> None:
    put(
        tree, "site/details/file_system_policies/fs-1/Statement/0/Principal/AWS", "arn:aws:iam::123456789012:role/admin"
    )
    unmounted(tree)


@breaks("share-not-configured")
def _(tree: Tree) -> None:
    unmounted(tree)
    put(tree, "machines/i-a/fstab", None)


BREAKS["share-not-mounted"] = unmounted
mistake("share-tunnel-stopped", "machines/i-a/units/tunnel/active", False)
mistake("mount-timer-stopped", "machines/i-a/units/mount_timer/active", False)
mistake("mounted-by-hand", "machines/i-a/fstab", None)


@breaks("fstab-elsewhere")
def _(tree: Tree) -> None:
    put(tree, "machines/i-a/fstab/source", "fs-0other:/")
    put(tree, "machines/i-a/units/tunnel/active", False)


mistake("fstab-without-netdev", "machines/i-a/fstab/options", "defaults")


@breaks("local-files-served")
def _(tree: Tree) -> None:
    root = {"document_root": "/var/www/html", "document_root_exists": True, "document_root_mount": "/"}
    tree["machines"]["i-a"] |= {**root, "release": "html"}


mistake("releases-differ", "machines/i-a/release", "20270101T000000Z-ffffffffffff")
mistake("content-unreadable", "site/details/role_policies/demo-web/own/content", {})


@breaks("release-missing")
def _(tree: Tree) -> None:
    for number, machine in enumerate(("i-a", "i-c")):
        tree["machines"][machine] |= {"document_root_exists": False, "release": None, "unreadable": None}
        put(tree, f"machines/{machine}/health/status", 503)
        unhealthy(tree, number, description="Health checks failed with these codes: [503]")


mistake("release-unreadable", "machines/i-a/unreadable", "/srv/site/releases/20270131T120000Z-0123456789ab/a.css")


@breaks("release-fails")
def _(tree: Tree) -> None:
    tree["visit"]["page"] |= {"status": 500, "headers": {"x-served-by": "demo-web-a"}}


mistake("content-missing", "site/details/contents/demo-content-1/missing", ["site/packs/1.tar.gz"])


@breaks("content-bucket-closed")
def _(tree: Tree) -> None:
    denial = {"Sid": "Nobody", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    put(tree, "site/details/bucket_policies/demo-content-1", {"Statement": [denial]})


mistake("endpoint-policy-closed", "site/network/endpoints/0/policy/Statement/0/Action", "s3:ListBucket")
mistake("opcache-stale", "machines/i-a/php/opcache.validate_timestamps", "Off")


# ---- balancing


@breaks("https-listener-missing")
def _(tree: Tree) -> None:
    put(tree, "site/load_balancer/listeners/1/port", 8443)
    tree["visit"]["page"] |= {"status": None, "problem": "no answer in time"}


@breaks("target-check-elsewhere")
def _(tree: Tree) -> None:
    put(tree, "site/target_groups/0/health_check_port", "8081")
    unhealthy(tree, 0, 1)


@breaks("matcher-refuses-page")
def _(tree: Tree) -> None:
    put(tree, "site/target_groups/0/matcher", "204")
    unhealthy(tree, 0, 1, description="Health checks failed with these codes: [200]")


@breaks("balancer-not-admitted")
def _(tree: Tree) -> None:
    blocked(tree, "requests", "security_group", "ingress")
    unhealthy(tree, 0, 1)


@breaks("balancer-path-blocked")
def _(tree: Tree) -> None:
    blocked(tree, "requests", "network_acl", "ingress", machines="a")
    unhealthy(tree, 0)


@breaks("balancer-closed")
def _(tree: Tree) -> None:
    blocked(tree, "visitors", "security_group", "ingress")
    put(tree, "site/health_checks/0/healthy", False)
    tree["visit"]["plain"] |= {"status": None, "problem": "no answer in time"}


@breaks("target-deregistered")
def _(tree: Tree) -> None:
    put(tree, "site/target_groups/0/targets/0/state", "draining")


@breaks("httpd-down")
def _(tree: Tree) -> None:
    put(tree, "machines/i-a/units/web_server/active", False)
    tree["machines"]["i-a"]["health"] |= {"status": None, "problem": "refused"}
    unhealthy(tree, 0)


@breaks("php-fpm-down")
def _(tree: Tree) -> None:
    put(tree, "machines/i-a/units/php/active", False)
    put(tree, "machines/i-a/health/status", 503)
    unhealthy(tree, 0, description="Health checks failed with these codes: [503]")


mistake("httpd-not-enabled", "machines/i-a/units/web_server/enabled", False)


def health(code: str, status: int) -> None:
    """A mistake that shows in the health page's status."""

    def broken(tree: Tree) -> None:
        for machine in ("i-a", "i-c"):
            put(tree, f"machines/{machine}/health/status", status)
        unhealthy(tree, 0, 1, description=f"Health checks failed with these codes: [{status}]")

    BREAKS[code] = broken


health("health-behind-redirect", 302)
health("health-path-404", 404)


@breaks("health-page-500")
def _(tree: Tree) -> None:
    put(tree, "machines/i-a/health/status", 500)
    unhealthy(tree, 0, description="Health checks failed with these codes: [500]")


mistake("keep-alive-too-short", "machines/i-a/keep_alive_seconds", 5)


@breaks("target-on-other-port")
def _(tree: Tree) -> None:
    for number in (0, 1):
        put(tree, f"site/target_groups/0/targets/{number}/port", 8080)
    blocked(tree, "requests", "security_group", "ingress")
    unhealthy(tree, 0, 1)


@breaks("listener-answers-elsewhere")
def _(tree: Tree) -> None:
    anything = {"field": "path-pattern", "path_pattern_config": {"values": ["/*"]}}
    hijack = {"priority": "1", "conditions": [anything], "actions": [{"type": "fixed-response"}], "is_default": False}
    tree["site"]["details"]["listener_rules"]["arn:listener"].insert(0, {**hijack, "rule_arn": "arn:rule", "tags": {}})
    put(tree, "visit/page/status", 503)


MINIMUM = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage"
mistake("spare-machine-unused", f"site/details/target_group_attributes/arn:tg/{MINIMUM}", "100")
mistake("slow-pages-cut", "site/details/load_balancer_attributes/idle_timeout.timeout_seconds", "1")
mistake("web-acl-blocks", "site/details/web_acl", {"name": "office", "default_action": "block"})
mistake("share-read-only", "machines/i-a/mount/read_only", True)
mistake("updates-held-up", "machines/i-a/turn", {"holder": "ip-10-0-99-99", "since": 1})


@breaks("release-damaged")
def _(tree: Tree) -> None:
    for machine in ("i-a", "i-c"):
        said = {"status": 503, "body": "the release holds nothing that can be read"}
        tree["machines"][machine]["health"] |= said
    unhealthy(tree, 0, 1, description="Health checks failed with these codes: [503]")


@breaks("current-not-a-link")
def _(tree: Tree) -> None:
    for machine in ("i-a", "i-c"):
        put(tree, f"machines/{machine}/release", "current")


mistake("s3-endpoint-missing", "site/network/endpoints/0/route_table_ids", ["rtb-c"])
mistake("session-document-missing", "site/documents", [])
mistake("session-log-missing", "site/log_groups", [])
DENY = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
mistake("role-denied", "site/details/role_policies/demo-web/own/office", {"Statement": [DENY]})


@breaks("role-bounded")
def _(tree: Tree) -> None:
    put(tree, "site/roles/0/permissions_boundary_arn", "arn:aws:iam::123456789012:policy/office")
    admitted = {"Effect": "Allow", "Action": ["ssm*:*"], "Resource": "*"}
    put(tree, "site/details/role_policies/demo-web/boundary", {"Statement": [admitted]})


mistake("zone-shifted-away", "site/target_groups/0/targets/0/override", "zonal_shift_active")


@breaks("in-maintenance")
def _(tree: Tree) -> None:
    put(tree, "site/load_balancer/maintenance", True)
    own = {"is_default": False, "tags": {"hasite:site": "demo", "hasite:part": "maintenance"}}
    page = {"priority": "91", "conditions": [], "actions": [{"type": "fixed-response"}], **own}
    tree["site"]["details"]["listener_rules"]["arn:listener"].insert(0, page)
    put(tree, "site/health_checks/0/healthy", False)
    put(tree, "visit/page/status", 503)
    put(tree, "visit/aliases/0/page/status", 503)


@breaks("listener-rule-above")
def _(tree: Tree) -> None:
    old = {"field": "path-pattern", "path_pattern_config": {"values": ["/old/*"]}}
    gone = {"priority": "1", "conditions": [old], "actions": [{"type": "fixed-response"}], "is_default": False}
    tree["site"]["details"]["listener_rules"]["arn:listener"].insert(0, {**gone, "rule_arn": "arn:rule", "tags": {}})


mistake("slow-target-checks", "site/target_groups/0/health_check_interval_seconds", 30)


@breaks("http-not-redirected")
def _(tree: Tree) -> None:
    put(tree, "site/load_balancer/listeners/0/default_actions", [{"type": "forward"}])
    tree["visit"]["plain"] |= {"status": 200, "headers": {}}


@breaks("target-unhealthy")
def _(tree: Tree) -> None:
    unhealthy(tree, 0)
    put(tree, "site/target_groups/0/targets/0/reason", "Target.FailedHealthChecks")


@breaks("no-healthy-target")
def _(tree: Tree) -> None:
    put(tree, "site/target_groups/0/targets", [])
    put(tree, "site/instances", [])
