# SPDX-License-Identifier: GPL-3.0-or-later
"""Origin access identities: the users of CloudFront's own that a bucket's policy lets in, from before access controls.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateCloudFrontOriginAccessIdentity.html
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.cloudfront.exceptions import CloudFrontException
from moto.cloudfront.models import CloudFrontBackend, random_id
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult

from lab.api.moto.extension import adds, replaces
from lab.api.services.cloudfront import etags
from lab.api.services.cloudfront.paging import page
from lab.world.edge.config import access_identities

_ONE = "CloudFrontOriginAccessIdentity"
_CONFIG = f"{_ONE}Config"


def _id() -> str:
    return "E" + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(13))


@dataclass
class AccessIdentity:
    """One identity."""

    config: Mapping[str, Any]
    id: str = field(default_factory=_id)
    canonical_user: str = field(default_factory=lambda: secrets.token_hex(48))
    etag: str = field(default_factory=random_id)

    def answer(self) -> dict[str, Any]:
        """Return the identity as the API gives it."""
        return {"Id": self.id, "S3CanonicalUserId": self.canonical_user, _CONFIG: self.config}


def extend() -> None:
    """Add the operations."""

    @replaces(CloudFrontBackend, "__init__")
    def make(original: Callable[..., None], self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.access_identities = {}

    _extend_changes()
    _extend_reading()


def _answer(found: AccessIdentity) -> ActionResult:
    location = f"https://cloudfront.amazonaws.com/2020-05-31/origin-access-identity/cloudfront/{found.id}"
    return ActionResult({_ONE: found.answer(), "ETag": found.etag, "Location": location})


def _require(response: Any) -> AccessIdentity:
    found: AccessIdentity | None = response.backend.access_identities.get(response._get_param("Id"))
    if found is None:
        raise CloudFrontException(
            "NoSuchCloudFrontOriginAccessIdentity", "The specified origin access identity does not exist."
        )
    return found


def _extend_changes() -> None:
    @adds(CloudFrontResponse, "create_cloud_front_origin_access_identity")
    def create(self: Any) -> ActionResult:
        config = self._get_param(_CONFIG)
        for present in self.backend.access_identities.values():
            if present.config["CallerReference"] == config["CallerReference"]:
                if present.config == config:
                    return _answer(present)
                raise CloudFrontException(
                    "CloudFrontOriginAccessIdentityAlreadyExists",
                    "The caller reference is that of an origin access identity whose content is another.",
                )
        made = AccessIdentity(config)
        self.backend.access_identities[made.id] = made
        return _answer(made)

    @adds(CloudFrontResponse, "update_cloud_front_origin_access_identity")
    def update(self: Any) -> ActionResult:
        found, config = _require(self), self._get_param(_CONFIG)
        etags.require(self._get_param("IfMatch"), found.etag)
        if config["CallerReference"] != found.config["CallerReference"]:
            raise CloudFrontException("IllegalUpdate", "The caller reference can't be changed.")
        found.config, found.etag = config, random_id()
        return _answer(found)

    @adds(CloudFrontResponse, "delete_cloud_front_origin_access_identity")
    def delete(self: Any) -> EmptyResult:
        found = _require(self)
        etags.require(self._get_param("IfMatch"), found.etag)
        for distribution in self.backend.distributions.values():
            if found.id in access_identities(distribution.distribution_config):
                raise CloudFrontException(
                    "CloudFrontOriginAccessIdentityInUse", "The CloudFront origin access identity is still being used."
                )
        del self.backend.access_identities[found.id]
        return EmptyResult()


def _extend_reading() -> None:
    @adds(CloudFrontResponse, "get_cloud_front_origin_access_identity")
    def get(self: Any) -> ActionResult:
        return _answer(_require(self))

    @adds(CloudFrontResponse, "get_cloud_front_origin_access_identity_config")
    def get_config(self: Any) -> ActionResult:
        found = _require(self)
        return ActionResult({_CONFIG: found.config, "ETag": found.etag})

    @adds(CloudFrontResponse, "list_cloud_front_origin_access_identities")
    def list_(self: Any) -> ActionResult:
        listed = [
            {"Id": identity.id, "S3CanonicalUserId": identity.canonical_user, "Comment": identity.config["Comment"]}
            for identity in self.backend.access_identities.values()
        ]
        return ActionResult({f"{_ONE}List": page(self, listed, lambda one: str(one["Id"]))})
