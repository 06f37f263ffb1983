# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudFront refuses of an origin that is a server.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CustomOriginConfig.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cloudfront.exceptions import CloudFrontException

from lab.base import words
from lab.world.edge.edge import items

_POLICIES = ("http-only", "match-viewer", "https-only")
_PROTOCOLS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2")
_USUAL_PORTS = (80, 443)
_OTHER_PORTS = range(1024, 65536)
_TIMEOUTS = range(1, 121)


def check(origin: Mapping[str, Any]) -> None:
    """Refuse it with CloudFront's error codes."""
    custom = origin["CustomOriginConfig"]
    _check_domain(str(origin["DomainName"]))
    for name in ("HTTPPort", "HTTPSPort"):
        if custom[name] not in _USUAL_PORTS and custom[name] not in _OTHER_PORTS:
            raise CloudFrontException(
                "InvalidArgument", f"The parameter {name} is invalid: it is 80, 443, or 1024 to 65535."
            )
    if custom["OriginProtocolPolicy"] not in _POLICIES:
        raise CloudFrontException("InvalidArgument", "The parameter OriginProtocolPolicy is invalid.")
    if not set(items(custom["OriginSslProtocols"])) <= set(_PROTOCOLS):
        raise CloudFrontException("InvalidArgument", "The parameter OriginSslProtocols is invalid.")
    if custom["OriginReadTimeout"] not in _TIMEOUTS:
        raise CloudFrontException("InvalidOriginReadTimeout", "The read timeout is 1 to 120 seconds.")
    if custom["OriginKeepaliveTimeout"] not in _TIMEOUTS:
        raise CloudFrontException("InvalidOriginKeepaliveTimeout", "The keep-alive timeout is 1 to 120 seconds.")


def _check_domain(name: str) -> None:
    """Refuse an address and what is no name."""
    try:
        words.host_name(name)
    except words.WordError:
        is_name = False
    else:
        is_name = "." in name and not name.rpartition(".")[2].isdigit()
    if not is_name:
        raise CloudFrontException("InvalidOrigin", "The specified origin server does not exist or is not valid.")
