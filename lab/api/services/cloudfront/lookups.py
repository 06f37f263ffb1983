# SPDX-License-Identifier: GPL-3.0-or-later
"""Which distributions use a policy or a web ACL.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ListDistributionsByCachePolicyId.html
"""

from __future__ import annotations

from typing import Any

from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores

from lab.api.moto.extension import adds
from lab.api.services.cloudfront.paging import page
from lab.api.services.cloudfront.policies import KINDS, PolicyKind
from lab.world.edge.config import references


def extend() -> None:
    """Add the operations."""
    for kind in KINDS:
        _by_policy(kind)

    @adds(CloudFrontResponse, "list_distributions_by_web_acl_id")
    def by_web_acl(self: Any) -> ActionResult:
        """List distributions; `null` in the place of an id asks for those without a web ACL."""
        wanted = self._get_param("WebACLId")
        found = [
            distribution.summary()
            for distribution in self.backend.distributions.values()
            if distribution.distribution_config["WebACLId"] == ("" if wanted == "null" else wanted)
        ]
        return ActionResult({"DistributionList": page(self, found, lambda one: str(one["Id"]))})


def _by_policy(kind: PolicyKind) -> None:
    @adds(CloudFrontResponse, camelcase_to_underscores(f"ListDistributionsBy{kind.reference}"))
    def by_policy(self: Any) -> ActionResult:
        policy = self.backend.lab_policies.require(kind, self._get_param(kind.reference))
        found = [
            {"Id": distribution.id}
            for distribution in self.backend.distributions.values()
            if policy.id in references(distribution.distribution_config, kind.reference)
        ]
        told = page(self, found, lambda one: str(one["Id"]))
        shown = {"Items": [item["Id"] for item in told["Items"]]} if "Items" in told else {}
        return ActionResult({"DistributionIdList": {**told, **shown}})
