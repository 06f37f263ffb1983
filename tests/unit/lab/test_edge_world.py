# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from lab.api.services.cloudfront.checks import covers
from lab.plane.endpoints import names_for
from lab.world.edge.config import completed
from lab.world.edge.edge import Distribution, Edge, Geography

CONFIG: dict[str, Any] = {
    "CallerReference": "1",
    "Comment": None,
    "Enabled": True,
    "Origins": {"Quantity": 1, "Items": [{"Id": "b", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {}}]},
    "DefaultCacheBehavior": {"TargetOriginId": "b", "ViewerProtocolPolicy": "https-only", "CachePolicyId": "p"},
}


def distribution(id_: str, *aliases: str, enabled: bool = True) -> Distribution:
    return Distribution(
        id=id_,
        arn="",
        domain_name=f"{id_}.cloudfront.net",
        revision="",
        enabled=enabled,
        aliases=aliases,
        certificate_arn="",
        tls_policy="",
        default_root_object="",
        origins=(),
        behaviors=(),
        error_responses=(),
    )


def test_completing_twice_is_completing_once() -> None:
    once = completed(CONFIG)
    assert completed(once) == once


def test_a_cache_policy_takes_the_place_of_the_deprecated_members() -> None:
    behavior = completed(CONFIG)["DefaultCacheBehavior"]
    assert not {"ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"} & behavior.keys()
    old = CONFIG | {"DefaultCacheBehavior": CONFIG["DefaultCacheBehavior"] | {"CachePolicyId": None, "MinTTL": 5}}
    behavior = completed(old)["DefaultCacheBehavior"]
    assert (behavior["MinTTL"], behavior["DefaultTTL"], behavior["MaxTTL"]) == (5, 86400, 31536000)


def test_an_acm_certificate_is_not_the_default_one() -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    given = {"ACMCertificateArn": arn, "SSLSupportMethod": "sni-only", "CloudFrontDefaultCertificate": None}
    found = completed(CONFIG | {"ViewerCertificate": given})["ViewerCertificate"]
    assert found["CloudFrontDefaultCertificate"] is False
    assert found["Certificate"] == arn


@pytest.mark.parametrize(
    ("host", "id_"),
    [
        ("d1.cloudfront.net", "d1"),
        ("WWW.a.test.", "d1"),
        ("x.a.test", "d2"),
        ("a.b.a.test", None),
        ("off.test", None),
        ("", None),
    ],
)
def test_the_distribution_of_a_host(host: str, id_: str | None) -> None:
    edge = Edge(
        (
            distribution("d2", "*.a.test"),
            distribution("d1", "www.a.test"),
            distribution("d3", "off.test", enabled=False),
        )
    )
    found = edge.of_host(host)
    assert (found.id if found else None) == id_


@pytest.mark.parametrize(
    ("names", "alias", "covered"),
    [
        (["www.a.test"], "WWW.a.test", True),
        (["*.a.test"], "www.a.test", True),
        (["*.a.test"], "a.test", False),
        (["*.a.test"], "x.www.a.test", False),
    ],
)
def test_a_certificate_covers_an_alias(names: list[str], alias: str, covered: bool) -> None:
    assert covers(names, alias) is covered


@pytest.mark.parametrize(
    ("server", "first"),
    [
        ("ssm.ap-northeast-1.amazonaws.com", "*.ap-northeast-1.amazonaws.com"),
        ("sts.amazonaws.com", "*.amazonaws.com"),
        ("s3.ap-northeast-1.amazonaws.com", "*.s3.ap-northeast-1.amazonaws.com"),
        ("b.s3.ap-northeast-1.amazonaws.com", "*.s3.ap-northeast-1.amazonaws.com"),
        ("b.s3.amazonaws.com", "*.s3.amazonaws.com"),
        ("s3.amazonaws.com", "*.s3.amazonaws.com"),
        ("a.b.s3.amazonaws.com", "*.s3.amazonaws.com"),
        ("evil.test", "*.amazonaws.com"),
        ("", "*.amazonaws.com"),
    ],
)
def test_the_certificate_of_an_endpoint(server: str, first: str) -> None:
    assert names_for(server)[0] == first


@pytest.mark.parametrize(
    ("geography", "admitted"),
    [
        (Geography(), True),
        (Geography("whitelist", frozenset({"JP", "US"})), True),
        (Geography("whitelist", frozenset({"US"})), False),
        (Geography("blacklist", frozenset({"US"})), True),
        (Geography("blacklist", frozenset({"JP"})), False),
    ],
)
def test_visitors_are_admitted_by_their_country(geography: Geography, admitted: bool) -> None:
    assert geography.admits("JP") is admitted
