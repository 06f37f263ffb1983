# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts of the modules: what is compared, planned and said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils import (
    _acm,
    _aws,
    _bucket,
    _cloudfront,
    _delegation,
    _distribution,
    _efs,
    _flow_log,
    _folder_objects,
    _ssm,
    _target_group,
)
from hypothesis import given
from hypothesis import strategies as st

TAGS = st.dictionaries(st.sampled_from(["Name", "a", "b", "aws:x"]), st.text(max_size=3))


@given(TAGS, TAGS, st.booleans())
def test_tags_after_are_what_was_wanted(before: dict[str, str], wanted: dict[str, str], purge: bool) -> None:
    after = _aws.compare_tags(before, wanted, purge).after
    assert {key: after[key] for key in wanted} == wanted
    extra = set(after) - set(wanted)
    assert all(key in before for key in extra)
    if purge:
        assert all(key.startswith("aws:") for key in extra)


def test_tags_not_given_stay() -> None:
    assert not _aws.compare_tags({"a": "b"}, None, True).changed


def test_error_sentence_names_arguments() -> None:
    from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
    from botocore.exceptions import ClientError

    @_aws.aws_lookup("delete bucket {name}", "NoSuchBucket")  # type: ignore[untyped-decorator]
    def delete(client: Any, name: str) -> None:
        raise ClientError({"Error": {"Code": client, "Message": "m"}}, "DeleteBucket")

    assert delete("NoSuchBucket", "b") is None
    with pytest.raises(AnsibleAWSError, match="Failed to delete bucket b"):
        delete("AccessDenied", "b")


CERTIFICATE = {
    "arn": "arn:1",
    "status": "PENDING_VALIDATION",
    "domain_name": "www.example.com",
    "subject_alternative_names": ["www.example.com"],
    "key_algorithm": "RSA_2048",
    "failure_reason": None,
    "domain_validation_options": [
        {
            "domain_name": "www.example.com",
            "validation_status": "PENDING_VALIDATION",
            "resource_record": {"name": "_a.www.example.com.", "type": "CNAME", "value": "_b.acm."},
        }
    ],
    "tags": {"Name": "shop"},
}


def test_an_issued_certificate_is_chosen_before_a_waiting_one() -> None:
    issued = {**CERTIFICATE, "arn": "arn:2", "status": "ISSUED"}
    failed = {**CERTIFICATE, "arn": "arn:0", "status": "FAILED"}
    assert _acm.choose([CERTIFICATE, failed, issued], "RSA_2048") == issued
    assert _acm.choose([failed], "RSA_2048") is None
    assert _acm.choose([issued], "EC_prime256v1") is None


def test_a_certificate_with_another_name_is_not_ours() -> None:
    assert _acm.same_names([CERTIFICATE], ["www.example.com"], {"Name": "other"}) == []
    assert _acm.same_names([CERTIFICATE], ["www.example.com"], None) == [CERTIFICATE]
    assert _acm.same_names([CERTIFICATE], ["example.com", "www.example.com"], None) == []


def test_a_late_certificate_names_the_record_and_what_to_check() -> None:
    told = _acm.explain(CERTIFICATE, 900)
    assert "_a.www.example.com. CNAME _b.acm." in told
    assert "delegated" in told
    assert "CAA" in _acm.explain({**CERTIFICATE, "status": "FAILED", "failure_reason": "CAA_ERROR"}, 900)


DISTRIBUTION = {
    "name": "shop",
    "comment": None,
    "aliases": ["www.example.com"],
    "certificate_arn": "arn:cert",
    "minimum_protocol_version": "TLSv1.2_2021",
    "origin_domain_name": "b.s3.ap-northeast-1.amazonaws.com",
    "origin_access_control_id": "E1",
    "default_root_object": "",
    "viewer_protocol_policy": "redirect-to-https",
    "cache_policy_id": "p",
    "response_headers_policy_id": None,
    "viewer_request_function_arn": "arn:f",
    "viewer_response_function_arn": None,
    "custom_error_responses": [
        {"error_code": 403, "response_page_path": "/e", "response_code": 503, "error_caching_min_ttl": 0}
    ],
    "price_class": "PriceClass_200",
    "http_version": "http2",
    "ipv6_enabled": False,
    "web_acl_arn": None,
    "enabled": True,
}


def test_what_is_written_into_a_distribution_is_read_back() -> None:
    wanted = _distribution.wanted_settings(DISTRIBUTION, {})
    assert _distribution.read_settings(_distribution.write_settings({}, wanted)) == wanted


def test_what_the_module_does_not_manage_stays() -> None:
    wanted = _distribution.wanted_settings(DISTRIBUTION, {})
    present = _distribution.write_settings({"CallerReference": "x", "Logging": {"Enabled": True}}, wanted)
    present["DefaultCacheBehavior"]["AllowedMethods"] = {"Quantity": 2}
    present["Origins"]["Items"][0]["ConnectionAttempts"] = 3
    again = _distribution.write_settings(present, {**wanted, "comment": "new"})
    assert again == {**present, "Comment": "new"}


def test_a_legacy_cache_setting_gives_way_to_the_policy() -> None:
    wanted = _distribution.wanted_settings(DISTRIBUTION, {})
    present = _distribution.write_settings({}, wanted)
    present["DefaultCacheBehavior"] |= {"MinTTL": 0, "ForwardedValues": {}}
    assert "MinTTL" not in _distribution.write_settings(present, wanted)["DefaultCacheBehavior"]


def test_policy_settings_survive_cloudfront() -> None:
    params = {
        "name": "shop",
        "comment": "",
        "custom_headers": [{"header": "Retry-After", "value": "60", "override": True}],
        "strict_transport_security": {"max_age": 60, "include_subdomains": False, "preload": False},
        "content_type_options": True,
        "frame_options": "DENY",
        "referrer_policy": "same-origin",
        "content_security_policy": "default-src 'self'",
    }
    wanted = _cloudfront.wanted_policy(params)
    config = _cloudfront.policy_config(wanted)
    read = _cloudfront.normalize_policy({"Id": "i", "ResponseHeadersPolicyConfig": config})
    assert read == {"id": "i", **wanted}


GROUP: dict[str, Any] = {"targets": None, "purge_targets": True}


def target(name: str, state: str = "healthy") -> dict[str, Any]:
    return {"id": name, "port": 80, "state": state, "reason": None, "description": None}


def test_targets_come_and_go() -> None:
    params = {**GROUP, "targets": [{"id": "a", "port": None}, {"id": "c", "port": 80}]}
    planned = _target_group.plan_targets(params, [target("a"), target("b")], 80)
    assert planned.add == [{"Id": "c", "Port": 80}]
    assert planned.remove == [{"Id": "b", "Port": 80}]
    assert [one["id"] for one in planned.after] == ["a", "c"]


def test_a_draining_target_is_not_there() -> None:
    params = {**GROUP, "targets": [{"id": "a", "port": None}]}
    assert _target_group.plan_targets(params, [target("a", "draining")], 80).add == [{"Id": "a", "Port": 80}]
    assert not _target_group.plan_targets({**GROUP, "targets": []}, [target("a", "draining")], 80).remove


def test_without_targets_nothing_is_taken_out() -> None:
    assert _target_group.plan_targets(GROUP, [target("a")], 80) == ([], [], [target("a")])


BUCKET = {
    "versioning": True,
    "encryption": "AES256",
    "kms_key_id": None,
    "policy": None,
    "abort_incomplete_multipart_days": 7,
    "noncurrent_expiration_days": 90,
    "expiration_days": 0,
    "logging": None,
}


def test_foreign_lifecycle_rules_stay() -> None:
    foreign = {"ID": "theirs", "Status": "Enabled"}
    wanted = _bucket.wanted_settings(BUCKET, {"lifecycle_rules": [foreign, {"ID": _bucket.OUR_RULE}]})
    assert [rule["ID"] for rule in wanted["lifecycle_rules"]] == ["theirs", _bucket.OUR_RULE]
    assert wanted["lifecycle_rules"][1]["Expiration"] == {"ExpiredObjectDeleteMarker": True}


def test_a_policy_that_means_the_same_is_kept() -> None:
    present = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:Get*"], "Principal": "*"}]}
    same = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Principal": "*"}]}
    assert _bucket.wanted_settings({**BUCKET, "policy": same}, {"policy": present})["policy"] == present
    assert _bucket.wanted_settings({**BUCKET, "policy": {}}, {"policy": present})["policy"] == {}
    assert _bucket.wanted_settings(BUCKET, {"policy": present})["policy"] == present


def test_public_access_is_blocked_before_a_policy_is_put() -> None:
    order = list(_bucket.WRITERS)
    assert order.index("public_access_block") < order.index("policy")


def test_content(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text("a")
    (tmp_path / "sub" / "x.swp").write_text("b")
    params: dict[str, Any] = {
        "source": str(tmp_path),
        "prefix": "p/",
        "exclude": ["*.swp"],
        "content_types": {},
        "cache_control": None,
    }
    wanted = _folder_objects.read_folder(params)
    assert list(wanted) == ["p/index.html"]
    assert wanted["p/index.html"].content_type == "text/html; charset=utf-8"
    there = _folder_objects.Present(wanted["p/index.html"].sha256, "text/html; charset=utf-8", "no-store")
    assert _folder_objects.plan(wanted, {"p/index.html": there, "p/old": None}, True) == _folder_objects.Plan(
        [], ["p/old"]
    )
    assert _folder_objects.plan(wanted, {"p/old": None}, False) == _folder_objects.Plan(["p/index.html"], [])


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.css", "text/css; charset=utf-8"), ("a.png", "image/png"), ("a", _folder_objects.DEFAULT_TYPE), ("a.x", "y/z")],
)
def test_content_types(name: str, kind: str) -> None:
    assert _folder_objects.content_type(name, {".x": "y/z"}) == kind


EXPECTED = ["ns-1.awsdns-01.com.", "NS-2.awsdns-02.net"]


def test_delegated() -> None:
    answers = [{"ns-2.awsdns-02.net.", "ns-1.awsdns-01.com."}] * 2
    assert _delegation.compare("example.com", "com", EXPECTED, answers)["delegated"]


def test_delegated_to_the_registrars_servers() -> None:
    found = _delegation.compare("example.com", "com", EXPECTED, [{"ns1.parking.example."}])
    assert not found["delegated"]
    assert found["explanation"].startswith(
        "example.com is delegated to ns1.parking.example "
        "instead of ns-1.awsdns-01.com, ns-2.awsdns-02.net: enter these 2"
    )


def test_not_delegated_at_all() -> None:
    assert "not delegated" in _delegation.compare("example.com", "com", EXPECTED, [set()])["explanation"]


def test_parents_servers_that_disagree() -> None:
    found = _delegation.compare("example.com", "com", EXPECTED, [set(EXPECTED), {"old.example."}])
    assert not found["delegated"]


@pytest.mark.parametrize(
    ("records", "permitted"),
    [
        ([], True),
        ([(0, "issue", "letsencrypt.org")], False),
        ([(0, "issue", "letsencrypt.org"), (0, "issue", "amazon.com; x=y")], True),
        ([(0, "issue", ";")], False),
        ([(0, "iodef", "mailto:a@b.example")], True),
    ],
)
def test_caa(records: list[tuple[int, str, str]], permitted: bool) -> None:
    assert _delegation.judge_caa("example.com", records, ["amazon.com"])["permitted"] is permitted


def test_waiting_for_a_delegation_ends_with_the_explanation() -> None:
    wrong = {"delegated": False, "explanation": "example.com is delegated to A."}
    with pytest.raises(_delegation.DelegationError, match="is delegated to A"):
        _delegation.read_until(lambda: wrong, 0.0)
    answers = iter([wrong, {"delegated": True}])
    assert _delegation.read_until(lambda: next(answers), 60, sleep=lambda _: None)["delegated"]


def test_ancestors() -> None:
    assert _delegation.ancestors("a.b.example.") == ["b.example", "example"]


def test_mount_targets_left_alone_or_planned() -> None:
    present = [{"subnet_id": "subnet-1", "mount_target_id": "fsmt-1", "security_groups": ["sg-1"]}]
    assert _efs.wanted_targets(None, present) == present
    wanted = [
        {"subnet_id": "subnet-1", "security_groups": None},
        {"subnet_id": "subnet-0", "security_groups": ["sg-2"]},
    ]
    after = _efs.wanted_targets(wanted, present)
    assert [one["mount_target_id"] for one in after] == [_aws.UNKNOWN, "fsmt-1"]


def test_other_lifecycle_policies_stay() -> None:
    present = [{"TransitionToArchive": "AFTER_90_DAYS"}, {"TransitionToIA": "AFTER_7_DAYS"}]
    settings = {"transition_to_ia": "none", "transition_to_primary_storage_class": "AFTER_1_ACCESS"}
    assert _efs.merged_lifecycle(present, settings) == [
        {"TransitionToArchive": "AFTER_90_DAYS"},
        {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
    ]


def test_flow_logs_are_told_apart_by_destination() -> None:
    log = {"log_destination_type": "cloud-watch-logs", "log_group_name": "/a", "log_destination": None}
    assert _flow_log.same_destination(log, {"s3_destination_arn": None, "log_group_name": "/a"})
    assert not _flow_log.same_destination(log, {"s3_destination_arn": None, "log_group_name": "/b"})
    assert not _flow_log.same_destination(log, {"s3_destination_arn": "arn", "log_group_name": None})


def test_machines_that_are_not_online_are_named() -> None:
    told = _ssm.not_online(["i-1", "i-2"], [{"instance_id": "i-1", "ping_status": "Online"}], 60)
    assert "i-2 (never seen)" in told
    assert "i-1" not in told
