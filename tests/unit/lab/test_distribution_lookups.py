# SPDX-License-Identifier: GPL-3.0-or-later
"""Which distributions use a policy or a web ACL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.world.edge.policies import MANAGED
from tests.unit.lab.served import Served, serve


@pytest.fixture
def cloudfront(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with serve(tmp_path_factory.mktemp("api")) as served:
        yield made(served)


def made(served: Served) -> Any:
    """Make two distributions; the second has policies."""
    client = served.client("cloudfront")
    origin = {"Id": "a", "DomainName": "a.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    for reference, policies in (
        ("one", {}),
        ("two", {name: next(iter(MANAGED[path])) for name, path in NAMES.items()}),
    ):
        behavior = {"TargetOriginId": "a", "ViewerProtocolPolicy": "https-only", **policies}
        config = {"CallerReference": reference, "Comment": "", "Enabled": True, "DefaultCacheBehavior": behavior}
        client.create_distribution(
            DistributionConfig={**config, "Origins": {"Quantity": 1, "Items": [origin]}, "WebACLId": ""}
        )
    return client


NAMES = {
    "CachePolicyId": "cache-policy",
    "OriginRequestPolicyId": "origin-request-policy",
    "ResponseHeadersPolicyId": "response-headers-policy",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_tells_which_distributions_use_it(cloudfront: Any, name: str) -> None:
    first, *others = MANAGED[NAMES[name]]
    call = getattr(cloudfront, f"list_distributions_by_{NAMES[name].replace('-', '_')}_id")
    listed = cloudfront.list_distributions()["DistributionList"]["Items"]
    using = [one["Id"] for one in listed if one["DefaultCacheBehavior"].get(name) == first]
    assert len(using) == 1
    assert call(**{name: first})["DistributionIdList"]["Items"] == using
    assert call(**{name: others[0]})["DistributionIdList"]["Quantity"] == 0
    with pytest.raises(ClientError, match="NoSuch"):
        call(**{name: "none"})


def test_null_asks_for_those_without_a_web_acl(cloudfront: Any) -> None:
    assert cloudfront.list_distributions_by_web_acl_id(WebACLId="null")["DistributionList"]["Quantity"] == 2
    assert cloudfront.list_distributions_by_web_acl_id(WebACLId="other")["DistributionList"]["Quantity"] == 0
