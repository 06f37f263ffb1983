# SPDX-License-Identifier: GPL-3.0-or-later
"""A load balancer's security policies as settings of OpenSSL. Pure.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
The policies that offer post-quantum key exchange are honoured in versions and ciphers only: OpenSSL 3.0 has no ML-KEM.
"""

from __future__ import annotations

from dataclasses import dataclass

from moto.elbv2.ssl_policies import SSL_POLICIES

_VERSIONS = {"TLSv1": "TLSv1.0"}
_OLD = ("TLSv1.0", "TLSv1.1")


@dataclass(frozen=True)
class TlsPolicy:
    """What is offered in a handshake."""

    lowest: str
    highest: str
    ciphers: str
    """OpenSSL's cipher list for TLS 1.2 and below."""
    suites: str
    """Those of TLS 1.3."""


def known(name: str) -> bool:
    """Tell whether AWS has a policy of this name."""
    return name in SSL_POLICIES


def policy(name: str) -> TlsPolicy:
    """Return a policy that `known` knows."""
    versions = sorted(_VERSIONS.get(protocol, protocol) for protocol in SSL_POLICIES[name]["ssl_protocols"])
    ciphers = SSL_POLICIES[name]["ciphers"]
    old = [cipher for cipher in ciphers if not cipher.startswith("TLS_")]
    if versions[0] in _OLD:
        # OpenSSL 3 refuses these versions at its usual security level.
        old.append("@SECLEVEL=0")
    return TlsPolicy(
        lowest=versions[0],
        highest=versions[-1],
        ciphers=":".join(old),
        suites=":".join(cipher for cipher in ciphers if cipher.startswith("TLS_")),
    )
