# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in names, certificates, failover and the edge, and those that open the site."""

from __future__ import annotations

from tests.unit.plugins.broken_evidence.table import breaks, mistake, offline, put
from tests.unit.plugins.healthy_site import DOMAIN, EDGE, Tree, name_servers, rule

# ---- names and certificates


@breaks("registrar-old-nameservers")
def _(tree: Tree) -> None:
    put(tree, "visit/delegation/answers", [["ns1.old.test"], ["ns1.old.test"]])
    put(tree, "visit/addresses", {"A": [], "AAAA": []})
    for part in ("page", "plain"):
        tree["visit"][part] |= {"status": None, "problem": "the name does not resolve"}


KSK = {"name": "demo_site", "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/k-1", "status": "ACTIVE"}
SIGNER = f"4217 13 2 {'AB' * 32}"


@breaks("ds-of-no-key")
def _(tree: Tree) -> None:
    put(tree, "visit/delegation/signers", [f"1 13 2 {'CD' * 32}"])
    put(tree, "visit/addresses", {"A": [], "AAAA": []})
    for part in ("page", "plain"):
        tree["visit"][part] |= {"status": None, "problem": "the name does not resolve"}


@breaks("signed-without-ds")
def _(tree: Tree) -> None:
    put(tree, "site/details/zone_signing/Z1", {"status": "SIGNING", "keys": [{**KSK, "ds_record": SIGNER}]})


@breaks("signing-key-unusable")
def _(tree: Tree) -> None:
    key = {**KSK, "ds_record": SIGNER, "status": "ACTION_NEEDED", "status_message": "Its state is Disabled."}
    put(tree, "site/details/zone_signing/Z1", {"status": "ACTION_NEEDED", "keys": [key]})
    put(tree, "visit/delegation/signers", tree["visit"]["delegation"]["signers"] or [SIGNER])


@breaks("dns-egress-closed")
def _(tree: Tree) -> None:
    stop = {"kind": "security_group", "id": "sg-web", "name": "demo-web", "direction": "egress"}
    path = {"purpose": "names", "machine": "i-a", "destination": "192.0.2.53", "reachable": False, "blocked_by": stop}
    tree["site"]["details"]["paths"].append(path)
    offline(tree)


@breaks("name-unresolved")
def _(tree: Tree) -> None:
    put(tree, "visit/addresses", {"A": [], "AAAA": []})
    tree["visit"]["page"] |= {"status": None, "problem": "the name does not resolve"}


@breaks("certificate-missing-in-us-east-1")
def _(tree: Tree) -> None:
    del tree["site"]["certificates"][1]
    put(tree, "site/distributions/0/aliases", [])
    tree["visit"]["edge_alias"] |= {"status": None, "problem": "the certificate is for another name"}


@breaks("certificate-missing-in-site-region")
def _(tree: Tree) -> None:
    del tree["site"]["certificates"][0]
    put(tree, "site/load_balancer/listeners/1/default_actions", [])
    put(tree, "site/details/listener_certificates", {})


@breaks("validation-record-missing")
def _(tree: Tree) -> None:
    records = tree["site"]["hosted_zone"]["records"]
    records[:] = [record for record in records if record["type"] != "CNAME"]
    put(tree, "site/certificates/1/status", "PENDING_VALIDATION")


@breaks("caa-forbids-amazon")
def _(tree: Tree) -> None:
    value = {"value": '0 issue "letsencrypt.org"'}
    tree["site"]["hosted_zone"]["records"].append({"name": "hasite.test.", "type": "CAA", "resource_records": [value]})
    put(tree, "site/certificates/0/status", "PENDING_VALIDATION")


@breaks("stale-certificate")
def _(tree: Tree) -> None:
    put(tree, "site/details/listener_certificates/arn:listener", ["arn:old"])
    tree["visit"]["page"] |= {"certificate_names": ["old.test"], "status": None, "problem": "another name's"}


mistake("certificate-ending", "visit/page/certificate_not_after", "Nov 25 12:00:00 2026 GMT")
mistake("certificate-not-renewed", "site/certificates/0/renewal_eligibility", "INELIGIBLE")
mistake("certificate-pending", "site/certificates/0/status", "PENDING_VALIDATION")


# ---- failover and edge


def without_record(tree: Tree, role: str) -> None:
    zone = tree["site"]["hosted_zone"]
    zone["records"] = [record for record in zone["records"] if record.get("failover") != role]


@breaks("primary-missing")
def _(tree: Tree) -> None:
    without_record(tree, "PRIMARY")
    put(tree, "visit/addresses", {"A": [], "AAAA": []})


@breaks("secondary-missing")
def _(tree: Tree) -> None:
    without_record(tree, "SECONDARY")


@breaks("failover-pair-replaced")
def _(tree: Tree) -> None:
    zone = tree["site"]["hosted_zone"]
    alias = {"dns_name": "demo-1.ap-northeast-1.elb.amazonaws.com.", "evaluate_target_health": True}
    weighted = {"name": f"{DOMAIN}.", "type": "A", "weight": 100, "alias_target": alias}
    zone["records"] = [weighted, *(record for record in zone["records"] if not record.get("failover"))]


@breaks("health-check-missing")
def _(tree: Tree) -> None:
    put(tree, "site/details/used_health_checks/hc-1", False)
    put(tree, "site/health_checks", [])


mistake("primary-elsewhere", "site/hosted_zone/records/0/alias_target/dns_name", "old.elb.amazonaws.com.")
mistake("secondary-elsewhere", "site/hosted_zone/records/1/alias_target/dns_name", "other.cloudfront.net.")


@breaks("alias-record-missing")
def _(tree: Tree) -> None:
    del tree["site"]["hosted_zones"][0]["records"][1]


@breaks("alias-certificate-missing")
def _(tree: Tree) -> None:
    put(tree, "site/certificates/0/subject_alternative_names", [DOMAIN])
    tree["visit"]["aliases"][0]["page"] |= {"status": None, "headers": {}, "problem": "the certificate is for another"}


mistake("alias-unavailable", "visit/aliases/0/page/headers", {"location": "https://elsewhere.test/"})


@breaks("aaaa-without-pair")
def _(tree: Tree) -> None:
    alias = {"dns_name": f"{EDGE}.", "evaluate_target_health": False}
    tree["site"]["hosted_zone"]["records"].append({"name": f"{DOMAIN}.", "type": "AAAA", "alias_target": alias})


mistake("health-check-on-failover-name", "site/health_checks/0/config/fully_qualified_domain_name", DOMAIN)


@breaks("health-check-elsewhere")
def _(tree: Tree) -> None:
    put(tree, "site/health_checks/0/config/port", 8443)
    put(tree, "site/health_checks/0/healthy", False)


@breaks("zone-name-servers-changed")
def _(tree: Tree) -> None:
    records = tree["site"]["hosted_zone"]["records"]
    others = name_servers("hasite.test", ["ns1.old.test.", "ns2.old.test."])
    top = ("hasite.test.", "NS")
    records[:] = [others if (record["name"], record["type"]) == top else record for record in records]


@breaks("name-delegated-away")
def _(tree: Tree) -> None:
    tree["site"]["hosted_zone"]["records"].append(name_servers(DOMAIN, ["ns1.other.test."]))
    put(tree, "visit/addresses", {"A": [], "AAAA": []})
    for part in ("page", "plain"):
        tree["visit"][part] |= {"status": None, "problem": "the name does not resolve"}


mistake("secondary-checked-too", "site/hosted_zone/records/1/health_check_id", "hc-1")
mistake("old-tls-allowed", "site/load_balancer/listeners/1/ssl_policy", "ELBSecurityPolicy-2016-08")


@breaks("nothing-evaluated")
def _(tree: Tree) -> None:
    tree["site"]["hosted_zone"]["records"][0]["health_check_id"] = None
    put(tree, "site/hosted_zone/records/0/alias_target/evaluate_target_health", False)


mistake("health-check-disabled", "site/health_checks/0/config/disabled", True)


@breaks("health-check-inverted")
def _(tree: Tree) -> None:
    put(tree, "site/health_checks/0/config/inverted", True)
    put(tree, "site/health_checks/0/healthy", False)


mistake("slow-health-check", "site/health_checks/0/config/request_interval", 30)
mistake("check-failing", "site/health_checks/0/healthy", False)


@breaks("distribution-disabled")
def _(tree: Tree) -> None:
    put(tree, "site/distributions/0/enabled", False)
    for part in ("edge", "edge_alias"):
        tree["visit"][part] |= {"status": None, "problem": "TLS failed"}


@breaks("edge-alias-missing")
def _(tree: Tree) -> None:
    put(tree, "site/distributions/0/aliases", [])
    tree["visit"]["edge_alias"] |= {"status": 403, "headers": {}}


@breaks("edge-access-control-missing")
def _(tree: Tree) -> None:
    put(tree, "site/distributions/0/origin_access_control_id", "")
    answered(tree, "status", 403)


@breaks("error-responses-missing")
def _(tree: Tree) -> None:
    put(tree, "site/distributions/0/custom_error_responses", [])
    answered(tree, "status", 404)


@breaks("headers-policy-missing")
def _(tree: Tree) -> None:
    put(tree, "site/distributions/0/response_headers_policy_id", None)
    answered(tree, "headers", {})


@breaks("error-page-denied")
def _(tree: Tree) -> None:
    put(tree, "site/details/bucket_policies/demo-error-page-1", {})
    for part in ("edge", "edge_alias"):
        tree["visit"][part] |= {"status": 403, "headers": {}}


def answered(tree: Tree, key: str, value: object) -> None:
    """Have the edge answer so, by its own name and by the site's."""
    for part in ("edge", "edge_alias"):
        put(tree, f"visit/{part}/{key}", value)


@breaks("error-page-unshown")
def _(tree: Tree) -> None:
    page = tree["site"]["details"]["error_objects"]["demo-error-page-1/error/index.html"]
    page["content_type"] = f"binary/{page['content_type']}"


mistake("edge-http-refused", "site/distributions/0/viewer_protocol_policy", "https-only")


@breaks("error-page-missing")
def _(tree: Tree) -> None:
    tree["site"]["details"]["error_objects"] = {"demo-error-page-1/error/index.html": {}}
    answered(tree, "status", 404)


@breaks("edge-countries-refused")
def _(tree: Tree) -> None:
    tree["site"]["distributions"][0] |= {"geo_restriction": "whitelist", "geo_countries": ["US"]}
    answered(tree, "status", 403)


mistake("edge-function-missing", "site/distributions/0/viewer_request_function_arn", None)


@breaks("error-page-cacheable")
def _(tree: Tree) -> None:
    put(tree, "site/distributions/0/custom_error_responses/0/response_code", 200)
    answered(tree, "status", 200)


mistake("long-error-ttl", "site/distributions/0/custom_error_responses/0/error_caching_min_ttl", 300)


@breaks("edge-unavailable")
def _(tree: Tree) -> None:
    tree["visit"]["edge_alias"] |= {"status": None, "problem": "no answer in time"}


@breaks("error-page-wrong")
def _(tree: Tree) -> None:
    answered(tree, "status", 502)


@breaks("error-page-without-retry-after")
def _(tree: Tree) -> None:
    answered(tree, "headers", {"cache-control": "no-store"})


# ---- the rest


mistake("page-unavailable", "visit/page/status", 500)
mistake("plain-unavailable", "visit/plain/status", 404)


@breaks("port-22-open")
def _(tree: Tree) -> None:
    tree["site"]["security_groups"][1]["ip_permissions"].append(rule(22, block="0.0.0.0/0"))


@breaks("web-group-open-to-world")
def _(tree: Tree) -> None:
    tree["site"]["security_groups"][1]["ip_permissions"].append(rule(None, protocol="-1", block="0.0.0.0/0"))


mistake("public-address", "site/instances/0/public_ip_address", "198.51.100.9")
mistake("public-address-on-launch", "site/network/subnets/1/map_public_ip_on_launch", True)
mistake("metadata-v1-allowed", "site/instances/0/metadata_options/http_tokens", "optional")
mistake("part-missing", "site/buckets", [])
