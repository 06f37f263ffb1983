# SPDX-License-Identifier: GPL-3.0-or-later
"""A distribution that somebody else removes while this run waits for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hasite.aws.plugins.module_utils import _distribution
from moto.cloudfront.models import cloudfront_backends

from tests.unit.plugins.modules.route53_account import open_account

CONFIG: dict[str, Any] = {
    "CallerReference": "one",
    "Comment": "",
    "Enabled": True,
    "Origins": {
        "Quantity": 1,
        "Items": [
            {
                "Id": "bucket",
                "DomainName": "shop-error-page.s3.ap-northeast-1.amazonaws.com",
                "S3OriginConfig": {"OriginAccessIdentity": ""},
            }
        ],
    },
    "DefaultCacheBehavior": {
        "TargetOriginId": "bucket",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    },
}


def test_one_that_has_gone_meanwhile_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_account(tmp_path, monkeypatch) as account:
        cloudfront = account.client("cloudfront", "us-east-1")
        tags = {"Items": [{"Key": "Name", "Value": "shop-error-page"}]}
        cloudfront.create_distribution_with_tags(
            DistributionConfigWithTags={"DistributionConfig": CONFIG, "Tags": tags}
        )
        disable = _distribution._update

        def disable_and_lose(client: Any, distribution_id: str, etag: str, config: Any) -> None:
            disable(client, distribution_id, etag, config)
            del cloudfront_backends["123456789012"]["aws"].distributions[distribution_id]

        monkeypatch.setattr(_distribution, "_update", disable_and_lose)
        params = {"name": "shop-error-page", "wait_timeout": 20}
        assert _distribution.ensure_absent(cloudfront, params, check_mode=False).changed
        assert not _distribution.ensure_absent(cloudfront, params, check_mode=False).changed
