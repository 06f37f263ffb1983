# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudFront's three kinds of policies, which share one shape: managed ones, and the account's own.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateResponseHeadersPolicy.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.cloudfront.exceptions import CloudFrontException
from moto.cloudfront.models import random_id
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from lab.api.moto.extension import adds
from lab.api.services.cloudfront import etags
from lab.api.services.cloudfront.paging import page
from lab.world.edge.config import references
from lab.world.edge.policies import MANAGED


@dataclass(frozen=True)
class PolicyKind:
    """One kind of policies, by its names in the API."""

    name: str
    plural: str
    path: str

    @property
    def reference(self) -> str:
        """Return the member by which a behavior names a policy of this kind."""
        return f"{self.name}Id"


KINDS = (
    PolicyKind("CachePolicy", "CachePolicies", "cache-policy"),
    PolicyKind("OriginRequestPolicy", "OriginRequestPolicies", "origin-request-policy"),
    PolicyKind("ResponseHeadersPolicy", "ResponseHeadersPolicies", "response-headers-policy"),
)
_MANAGED_SINCE = datetime(2020, 7, 22, tzinfo=UTC)


@dataclass
class Policy:
    """One policy."""

    config: Mapping[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    managed: bool = False
    etag: str = field(default_factory=random_id)
    modified: datetime = field(default_factory=utcnow)

    def answer(self, kind: PolicyKind) -> dict[str, Any]:
        """Return the policy as the API gives it."""
        return {"Id": self.id, "LastModifiedTime": self.modified, f"{kind.name}Config": self.config}


def _managed(path: str) -> dict[str, Policy]:
    return {id_: Policy(config, id_, managed=True, modified=_MANAGED_SINCE) for id_, config in MANAGED[path].items()}


@dataclass
class Policies:
    """All policies of the account."""

    by_kind: dict[str, dict[str, Policy]] = field(
        default_factory=lambda: {kind.path: _managed(kind.path) for kind in KINDS}
    )

    def configurations(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Return kind's path → policy id → configuration."""
        return {
            path: {id_: policy.config for id_, policy in policies.items()} for path, policies in self.by_kind.items()
        }

    def require(self, kind: PolicyKind, id_: str) -> Policy:
        """Return the policy, or refuse."""
        found = self.by_kind[kind.path].get(id_)
        if found is None:
            raise CloudFrontException(f"NoSuch{kind.name}", "The specified policy does not exist.")
        return found

    def own(self, kind: PolicyKind, id_: str, if_match: Any) -> Policy:
        """Return the account's own policy that may be changed, or refuse."""
        found = self.require(kind, id_)
        if found.managed:
            raise CloudFrontException("AccessDenied", "You cannot change or delete a managed policy.")
        etags.require(if_match, found.etag)
        return found

    def refuse_same_name(self, kind: PolicyKind, config: Mapping[str, Any], present: Policy | None = None) -> None:
        """Refuse a name that another policy of the kind has."""
        for other in self.by_kind[kind.path].values():
            if other is not present and other.config["Name"] == config["Name"]:
                raise CloudFrontException(
                    f"{kind.name}AlreadyExists", f"A policy with the name {config['Name']} already exists."
                )


def extend() -> None:
    """Add the operations of every kind."""
    for kind in KINDS:
        _writing(kind, _snake(kind.name))
        _reading(kind, _snake(kind.name), _snake(kind.plural))


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _writing(kind: PolicyKind, name: str) -> None:
    def one(policy: Policy) -> ActionResult:
        location = f"https://cloudfront.amazonaws.com/2020-05-31/{kind.path}/{policy.id}"
        return ActionResult({kind.name: policy.answer(kind), "ETag": policy.etag, "Location": location})

    @adds(CloudFrontResponse, f"create_{name}")
    def create(self: Any) -> ActionResult:
        policies: Policies = self.backend.lab_policies
        config = self._get_param(f"{kind.name}Config")
        policies.refuse_same_name(kind, config)
        made = Policy(config)
        policies.by_kind[kind.path][made.id] = made
        return one(made)

    @adds(CloudFrontResponse, f"update_{name}")
    def update(self: Any) -> ActionResult:
        policies: Policies = self.backend.lab_policies
        found = policies.own(kind, self._get_param("Id"), self._get_param("IfMatch"))
        config = self._get_param(f"{kind.name}Config")
        policies.refuse_same_name(kind, config, found)
        found.config, found.etag, found.modified = config, random_id(), utcnow()
        return one(found)

    @adds(CloudFrontResponse, f"delete_{name}")
    def delete(self: Any) -> ActionResult:
        policies: Policies = self.backend.lab_policies
        found = policies.own(kind, self._get_param("Id"), self._get_param("IfMatch"))
        for distribution in self.backend.distributions.values():
            if found.id in references(distribution.distribution_config, kind.reference):
                raise CloudFrontException(
                    f"{kind.name}InUse",
                    "Cannot delete the policy because it is attached to one or more cache behaviors.",
                )
        del policies.by_kind[kind.path][found.id]
        return EmptyResult()


def _reading(kind: PolicyKind, name: str, plural: str) -> None:
    @adds(CloudFrontResponse, f"get_{name}")
    def get(self: Any) -> ActionResult:
        found = self.backend.lab_policies.require(kind, self._get_param("Id"))
        return ActionResult({kind.name: found.answer(kind), "ETag": found.etag})

    @adds(CloudFrontResponse, f"get_{name}_config")
    def get_config(self: Any) -> ActionResult:
        found = self.backend.lab_policies.require(kind, self._get_param("Id"))
        return ActionResult({f"{kind.name}Config": found.config, "ETag": found.etag})

    @adds(CloudFrontResponse, f"list_{plural}")
    def list_(self: Any) -> ActionResult:
        wanted = self._get_param("Type")
        listed = [
            {"Type": type_, kind.name: policy.answer(kind)}
            for policy in self.backend.lab_policies.by_kind[kind.path].values()
            if (type_ := "managed" if policy.managed else "custom") == (wanted or type_)
        ]
        answer = page(self, listed, lambda one: str(one[kind.name]["Id"]))
        return ActionResult({f"{kind.name}List": answer})
