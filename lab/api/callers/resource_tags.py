# SPDX-License-Identifier: GPL-3.0-or-later
"""The tags of what a call names, as IAM's conditions ask for them (`aws:ResourceTag/...`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lab.base.backends import Backends

Pairs = Iterable[tuple[str, str]]


def tags(backends: Backends, region: str, service: str, identifier: str) -> dict[str, str]:
    """Return the tags of a resource by its id or ARN; none of one that is not there, or of an unknown region."""
    try:
        return dict(_TAGS[service](backends, region, identifier))
    except KeyError:
        return {}


def as_context(found: Mapping[str, str]) -> dict[str, str]:
    """Return tags as the condition keys that come with their resource."""
    return {f"aws:ResourceTag/{name}": value for name, value in found.items()}


def _of_ec2(backends: Backends, region: str, identifier: str) -> Pairs:
    found = backends.at("ec2", region).describe_tags({"resource-id": [identifier]})
    return ((tag["key"], tag["value"]) for tag in found)


def _of_efs(backends: Backends, region: str, identifier: str) -> Pairs:
    """Return a file system's tags, and of a mount target those of its file system."""
    backend = backends.at("efs", region)
    if identifier.startswith("fsmt-"):
        identifier = backend.mount_targets_by_id[identifier].file_system_id
    return _pairs(backend.list_tags_for_resource(backend.file_systems_by_id[identifier].file_system_id))


def _of_certificates(backends: Backends, region: str, arn: str) -> Pairs:
    found: Mapping[str, str | None] = backends.at("acm", region)._certificates[arn].tags
    return ((name, value or "") for name, value in found.items())


def _of_distributions(backends: Backends, _region: str, identifier: str) -> Pairs:
    backend = backends.at("cloudfront", "aws")
    return _pairs(backend.list_tags_for_resource(backend.distributions[identifier].arn)["Tags"])


def _of_keys(backends: Backends, region: str, identifier: str) -> Pairs:
    backend = backends.at("kms", region)
    key = backend.keys[backend.get_key_id(identifier)].id
    return _pairs(backend.tagger.list_tags_for_resource(key)["Tags"], "TagKey", "TagValue")


def _pairs(found: Iterable[Mapping[str, Any]], name: str = "Key", value: str = "Value") -> Pairs:
    return ((tag[name], tag[value]) for tag in found)


_TAGS: dict[str, Callable[[Backends, str, str], Pairs]] = {
    "acm": _of_certificates,
    "cloudfront": _of_distributions,
    "ec2": _of_ec2,
    "elasticfilesystem": _of_efs,
    "kms": _of_keys,
}
