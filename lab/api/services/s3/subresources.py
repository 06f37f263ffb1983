# SPDX-License-Identifier: GPL-3.0-or-later
"""A sub-resource of a bucket or an object that the lab does not know is refused.

moto would take such a request for one to the bucket or the object itself: it would list objects where their analytics
are asked for, and make a bucket where a metrics configuration is put.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import botocore.session
from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response

from lab.api.moto.extension import replaces

_OF_BUCKETS = {
    "GET": """accelerate acl analytics cors encryption intelligent-tiering inventory lifecycle list-type location
    logging metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock replication
    requestPayment tagging uploads versioning versions website""",
    "PUT": """accelerate acl analytics cors encryption intelligent-tiering inventory lifecycle logging metrics
    notification object-lock ownershipControls policy publicAccessBlock replication requestPayment tagging versioning
    website""",
    "DELETE": """analytics cors encryption intelligent-tiering inventory lifecycle metrics ownershipControls policy
    publicAccessBlock replication tagging website""",
    "POST": "delete",
}
_OF_OBJECTS = {
    "GET": "acl attributes legal-hold retention tagging",
    "PUT": "acl legal-hold retention tagging",
    "DELETE": "tagging",
    "POST": "restore select select-type uploads",
}
"""What moto's code looks for in a query, by the request's method, and what the lab adds."""


class UnknownSubresourceError(S3ClientError):
    """A sub-resource that S3 has and the lab has not."""

    code = 501

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__("NotImplemented", f"The lab does not know S3's {', '.join(names)}; nothing was done.")


@functools.cache
def _uris() -> dict[str, tuple[str, str, frozenset[str]]]:
    """Return the method, the path and the sub-resources of each operation."""
    model = botocore.session.get_session().get_service_model("s3")
    found = {}
    for operation in model.operation_names:
        http: dict[str, Any] = model.operation_model(operation).http
        path, _, query = str(http["requestUri"]).partition("?")
        found[operation] = str(http["method"]), path, frozenset(part.partition("=")[0] for part in query.split("&"))
    return found


def is_known(operation: str) -> bool:
    """Tell whether the lab knows an operation of S3."""
    method, path, names = _uris()[operation]
    return path in ("/", "/{Bucket}", "/{Bucket}/{Key+}") and not _unknown(method, "{Key+}" in path, names - {""})


def _unknown(method: str, of_object: bool, names: Iterable[str]) -> list[str]:
    known = (_OF_OBJECTS if of_object else _OF_BUCKETS).get(method, "").split()
    return sorted(name for name in names if name not in known)


def extend() -> None:
    """Refuse what is not known."""
    for handler, of_object in (("_bucket_response", False), ("_key_response", True)):

        @replaces(S3Response, handler)
        def respond(
            original: Callable[..., Any], self: Any, request: Any, full_url: str, of_object: bool = of_object
        ) -> Any:
            query = parse_qs(request.environ.get("QUERY_STRING", ""), keep_blank_values=True)
            asked = {name for name in query for _method, _path, names in _uris().values() if name in names}
            if unknown := _unknown(request.method, of_object, asked) if request.method in _OF_OBJECTS else []:
                raise UnknownSubresourceError(unknown)
            return original(self, request, full_url)
