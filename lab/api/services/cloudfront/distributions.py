# SPDX-License-Identifier: GPL-3.0-or-later
"""Distributions: kept whole, refused as CloudFront refuses them, deployed when the edge has them.

moto keeps a part of the configuration only and is satisfied with everything.
https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateDistribution.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.cloudfront.exceptions import CloudFrontException, DistributionAlreadyExists, NoSuchDistribution
from moto.cloudfront.models import CloudFrontBackend, random_id
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult
from moto.core.utils import utcnow

from lab.api.moto.extension import replaces
from lab.api.services.cloudfront import checks, etags
from lab.api.services.cloudfront.paging import page
from lab.base.backends import ACCOUNT
from lab.base.observed import Observed
from lab.context import Context
from lab.waiting.table import Step
from lab.world.edge.config import completed

_NO_SIGNERS = {"Enabled": False, "Quantity": 0}


@dataclass
class Distribution:
    """One distribution, with its configuration as the API gives and takes it."""

    distribution_config: dict[str, Any]
    observed: Observed
    id: str = field(default_factory=random_id)
    domain_name: str = field(default_factory=lambda: f"d{random_id(uppercase=False)}.cloudfront.net")
    etag: str = field(default_factory=random_id)
    last_modified_time: datetime = field(default_factory=utcnow)

    @property
    def distribution_id(self) -> str:
        """Return the id, by moto's name for it."""
        return self.id

    @property
    def arn(self) -> str:
        """Return the ARN."""
        return f"arn:aws:cloudfront::{ACCOUNT}:distribution/{self.id}"

    @property
    def location(self) -> str:
        """Return the distribution's address in the API."""
        return f"https://cloudfront.amazonaws.com/2020-05-31/distribution/{self.id}"

    @property
    def aliases(self) -> list[str]:
        """Return the alternate domain names."""
        return list(self.distribution_config["Aliases"].get("Items", ()))

    @property
    def status(self) -> str:
        """Return whether the edge has the present configuration already."""
        return "Deployed" if self.observed.edge.get(self.id) == self.etag else "InProgress"

    def change(self, config: dict[str, Any]) -> None:
        """Take another configuration, which is a new version."""
        self.distribution_config = config
        self.etag = random_id()
        self.last_modified_time = utcnow()

    def answer(self, under_way: int) -> dict[str, Any]:
        """Return the API's `Distribution`."""
        return {
            "Id": self.id,
            "ARN": self.arn,
            "Status": self.status,
            "LastModifiedTime": self.last_modified_time,
            "InProgressInvalidationBatches": under_way,
            "DomainName": self.domain_name,
            "ActiveTrustedSigners": _NO_SIGNERS,
            "ActiveTrustedKeyGroups": _NO_SIGNERS,
            "DistributionConfig": self.distribution_config,
            "AliasICPRecordals": [{"CNAME": alias, "ICPRecordalStatus": "APPROVED"} for alias in self.aliases],
        }

    def summary(self) -> dict[str, Any]:
        """Return the API's `DistributionSummary`, which is all of the configuration without a level between."""
        answer = self.answer(0)
        return {**answer.pop("DistributionConfig"), **answer, "ETag": self.etag}


def extend(context: Context) -> None:
    """Put the lab's distributions in the place of moto's."""
    _keep(context)
    _answer()


def _keep(context: Context) -> None:
    @replaces(CloudFrontBackend, "create_distribution")
    def create(
        _original: Callable[..., Any], self: Any, distribution_config: dict[str, Any], tags: list[dict[str, str]]
    ) -> tuple[Distribution, str, str]:
        config = completed(distribution_config)
        for other in self.distributions.values():
            if other.distribution_config["CallerReference"] == config["CallerReference"]:
                raise DistributionAlreadyExists(other.id)
        checks.check(context.backends, self, config)
        made = Distribution(config, context.observed)
        self.distributions[made.id] = made
        _issue(context, made, "distribution")
        self.tagger.tag_resource(made.arn, tags or [])
        return made, made.location, made.etag

    @replaces(CloudFrontBackend, "get_distribution")
    def get(_original: Callable[..., Any], self: Any, distribution_id: str) -> tuple[Distribution, str]:
        found = _found(self, distribution_id)
        return found, found.etag

    @replaces(CloudFrontBackend, "update_distribution")
    def update(
        _original: Callable[..., Any], self: Any, dist_config: dict[str, Any], _id: str, if_match: Any
    ) -> tuple[Distribution, str, str]:
        found = _found(self, _id)
        etags.require(if_match, found.etag)
        config = completed(dist_config)
        if config["CallerReference"] != found.distribution_config["CallerReference"]:
            raise CloudFrontException("IllegalUpdate", "The caller reference of a distribution cannot be changed.")
        checks.check(context.backends, self, config, found)
        disabled = found.distribution_config["Enabled"] and not config["Enabled"]
        found.change(config)
        _issue(context, found, "distribution, disabled" if disabled else "distribution, update")
        return found, found.location, found.etag

    @replaces(CloudFrontBackend, "delete_distribution")
    def delete(_original: Callable[..., Any], self: Any, distribution_id: str, if_match: Any) -> None:
        found = _found(self, distribution_id)
        etags.require(if_match, found.etag)
        # A distribution that is being disabled is still served somewhere.
        if found.distribution_config["Enabled"] or found.status != "Deployed":
            raise CloudFrontException(
                "DistributionNotDisabled", "The distribution you are trying to delete has not been disabled."
            )
        del self.distributions[distribution_id]
        self.invalidations.pop(distribution_id, None)
        self.tagger.delete_all_tags_for_resource(found.arn)


def _issue(context: Context, distribution: Distribution, step: Step) -> None:
    """Give the edge a configuration only when it has reached all of its places."""
    certificate = distribution.distribution_config["ViewerCertificate"].get("ACMCertificateArn") or ""
    label = ", ".join(distribution.aliases)
    context.waits.begin(step, distribution.id, label=label, withholds=[distribution.id], needs=[certificate])


def _found(backend: Any, distribution_id: str) -> Distribution:
    found: Distribution | None = backend.distributions.get(distribution_id)
    if found is None:
        raise NoSuchDistribution
    return found


def _under_way(backend: Any, distribution: Distribution) -> int:
    return sum(invalidation.status == "InProgress" for invalidation in backend.invalidations.get(distribution.id, ()))


def _answer() -> None:
    def whole(response: Any, made: tuple[Distribution, str, str]) -> ActionResult:
        distribution, location, etag = made
        answer = distribution.answer(_under_way(response.backend, distribution))
        return ActionResult({"Distribution": answer, "ETag": etag, "Location": location})

    @replaces(CloudFrontResponse, "create_distribution")
    def create(_original: Callable[..., Any], self: Any) -> ActionResult:
        return whole(self, self.backend.create_distribution(self._get_param("DistributionConfig"), []))

    @replaces(CloudFrontResponse, "create_distribution_with_tags")
    def create_with_tags(_original: Callable[..., Any], self: Any) -> ActionResult:
        config = self._get_param("DistributionConfigWithTags.DistributionConfig")
        tags = self._get_param("DistributionConfigWithTags.Tags.Items", [])
        return whole(self, self.backend.create_distribution(config, tags))

    @replaces(CloudFrontResponse, "update_distribution")
    def update(_original: Callable[..., Any], self: Any) -> ActionResult:
        return whole(
            self,
            self.backend.update_distribution(
                self._get_param("DistributionConfig"), self._get_param("Id"), self._get_param("IfMatch")
            ),
        )

    @replaces(CloudFrontResponse, "get_distribution")
    def get(_original: Callable[..., Any], self: Any) -> ActionResult:
        found, etag = self.backend.get_distribution(self._get_param("Id"))
        return ActionResult({"Distribution": found.answer(_under_way(self.backend, found)), "ETag": etag})

    @replaces(CloudFrontResponse, "get_distribution_config")
    def get_config(_original: Callable[..., Any], self: Any) -> ActionResult:
        found, etag = self.backend.get_distribution(self._get_param("Id"))
        return ActionResult({"DistributionConfig": found.distribution_config, "ETag": etag})

    @replaces(CloudFrontResponse, "list_distributions")
    def list_(_original: Callable[..., Any], self: Any) -> ActionResult:
        listed = [distribution.summary() for distribution in self.backend.distributions.values()]
        return ActionResult({"DistributionList": page(self, listed, lambda one: str(one["Id"]))})
