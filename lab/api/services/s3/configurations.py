# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bucket keeps of analytics, metrics and tiering under names of one's own, and the deletion of inventories.

Each is kept and told as it was sent; nothing here analyses, measures or moves objects.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketMetricsConfiguration.html
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

from moto.s3.exceptions import InvalidArgumentError, MalformedXML, S3ClientError
from moto.s3.responses import S3Response

from lab.api.moto.extension import replaces

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_KINDS = {
    "analytics": ("AnalyticsConfiguration", "ListBucketAnalyticsConfigurationResult"),
    "intelligent-tiering": ("IntelligentTieringConfiguration", "ListBucketIntelligentTieringConfigurationsOutput"),
    "metrics": ("MetricsConfiguration", "ListMetricsConfigurationsResult"),
}
"""Sub-resource → the element of one configuration, and that of a list of them."""
_MOST = 1000


class NoSuchConfigurationError(S3ClientError):
    """No configuration of that name."""

    code = 404

    def __init__(self) -> None:
        super().__init__("NoSuchConfiguration", "The specified configuration does not exist.")


class TooManyConfigurationsError(S3ClientError):
    """The bucket has as many as it may have."""

    code = 400

    def __init__(self) -> None:
        super().__init__("TooManyConfigurations", "You have exceeded the maximum number of configurations.")


def extend() -> None:
    """Keep them, tell them, forget them."""

    @replaces(S3Response, "_bucket_response_put")
    def put(original: Callable[..., Any], self: Any, request: Any, bucket_name: str, querystring: Any) -> Any:
        if (kind := _kind(querystring)) is None:
            return original(self, request, bucket_name, querystring)
        kept, name = _kept(self, bucket_name, kind), _name(querystring)
        if name not in kept and len(kept) >= _MOST:
            raise TooManyConfigurationsError
        kept[name] = _read(self.body, _KINDS[kind][0], name)
        return ""

    @replaces(S3Response, "_bucket_response_get")
    def get(original: Callable[..., Any], self: Any, bucket_name: str, querystring: Any) -> Any:
        if (kind := _kind(querystring)) is None:
            return original(self, bucket_name, querystring)
        kept = _kept(self, bucket_name, kind)
        if "id" in querystring:
            return _require(kept, _name(querystring))
        shown = "".join(kept[name] for name in sorted(kept))
        root = _KINDS[kind][1]
        return f'<{root} xmlns="{_NAMESPACE}"><IsTruncated>false</IsTruncated>{shown}</{root}>'

    @replaces(S3Response, "_bucket_response_delete")
    def delete(original: Callable[..., Any], self: Any, bucket_name: str, querystring: Any) -> Any:
        if (kind := _kind(querystring)) is not None:
            kept: dict[str, Any] = _kept(self, bucket_name, kind)
        elif "inventory" in querystring:
            kept = self.backend.get_bucket(bucket_name).inventory_configs
        else:
            return original(self, bucket_name, querystring)
        _require(kept, _name(querystring))
        del kept[_name(querystring)]
        return 204, {}, ""


def _kind(querystring: Any) -> str | None:
    return next((kind for kind in _KINDS if kind in querystring), None)


def _kept(response: Any, bucket_name: str, kind: str) -> dict[str, str]:
    """Return name → XML of a bucket's configurations of a kind."""
    bucket = response.backend.get_bucket(bucket_name)
    found: dict[str, str] = bucket.__dict__.setdefault("lab_configurations", {}).setdefault(kind, {})
    return found


def _name(querystring: Any) -> str:
    names = querystring.get("id") or [""]
    if not names[0]:
        raise InvalidArgumentError("The Id is required.", "id", "")
    return str(names[0])


def _require(kept: dict[str, Any], name: str) -> Any:
    if name not in kept:
        raise NoSuchConfigurationError
    return kept[name]


def _read(body: Any, element: str, name: str) -> str:
    """Return the configuration as canonical XML, in S3's namespace; refuse another document, or one of another name."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - Python's expat resolves no external entity
    except ET.ParseError as error:
        raise MalformedXML from error
    if root.tag.rpartition("}")[2] != element or root.findtext("{*}Id") != name:
        raise MalformedXML
    for node in root.iter():
        node.tag = f"{{{_NAMESPACE}}}{node.tag.rpartition('}')[2]}"
    return ET.tostring(root, encoding="unicode", default_namespace=_NAMESPACE)
