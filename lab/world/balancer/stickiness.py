# SPDX-License-Identifier: GPL-3.0-or-later
"""Duration-based stickiness: the lines of a HAProxy backend by which a client stays with its target. Pure.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#sticky-sessions
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from lab.world.balancer.load_balancer import Target, TargetGroup

COOKIE, CORS_COOKIE = "AWSALB", "AWSALBCORS"
"""The second one is the same for requests from other origins, which browsers send only with SameSite=None."""


def token(group: TargetGroup, target: Target) -> str:
    """Return what a cookie names a target by: nothing that a visitor could read (AWS encrypts it)."""
    return hashlib.sha256(f"{group.arn}/{target.id}:{target.port}".encode()).hexdigest()[:40]


def requests(group: TargetGroup, targets: Sequence[Target]) -> Iterator[str]:
    """Yield the lines that send a request where its cookie says.

    A cookie that is over, or whose target gets no requests now, is as good as none.
    """
    yield f"  http-request set-var(txn.stick) req.cook({COOKIE}) if {{ req.cook({COOKIE}) -m found }}"
    yield f"  http-request set-var(txn.stick) req.cook({CORS_COOKIE}) if !{{ var(txn.stick) -m found }}"
    yield "  http-request set-var(txn.until) var(txn.stick),field(2,.),add(0)"
    for target in targets:
        named = f"{{ var(txn.stick),field(1,.) -m str {token(group, target)} }}"
        yield f"  use-server {target.id}:{target.port} if {named} {{ date(),sub(txn.until) -m int lt 0 }}"


def responses(group: TargetGroup, targets: Sequence[Target], speed: float) -> Iterator[str]:
    """Yield the lines that give both cookies with each answer of a target, so that their time begins anew."""
    seconds = max(1, round((group.cookie_seconds or 1) / speed))
    value = f"%[var(txn.token)].%[date({seconds})]; Expires=%[date({seconds}),http_date]; Path=/"
    for target in targets:
        name = f"{{ srv_name -m str {target.id}:{target.port} }}"
        yield f"  http-response set-var(txn.token) str({token(group, target)}) if {name}"
    yield f'  http-response add-header Set-Cookie "{COOKIE}={value}"'
    yield f'  http-response add-header Set-Cookie "{CORS_COOKIE}={value}; SameSite=None; Secure" if {{ ssl_fc }}'
    yield f'  http-response add-header Set-Cookie "{CORS_COOKIE}={value}; SameSite=None" if !{{ ssl_fc }}'
