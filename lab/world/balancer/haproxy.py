# SPDX-License-Identifier: GPL-3.0-or-later
"""The HAProxy configuration that makes one process behave as one node of an Application Load Balancer. Pure.

HAProxy carries the traffic; which targets get it is decided by the plane's own health checks, because
HAProxy's start with a target up and forget at a reload what they have learned, and an ALB does neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lab.world.balancer import stickiness, web_acl_rules
from lab.world.balancer.haproxy_text import SERVER, argument, literal, milliseconds, page_of, quoted
from lab.world.balancer.load_balancer import (
    Action,
    Condition,
    Listener,
    ListenerRule,
    LoadBalancer,
    Node,
    Target,
    TargetGroup,
)
from lab.world.balancer.tls_policy import policy

_CONNECT_SECONDS = 10
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html (504)"""
_REASONS = {
    301: "Moved Permanently",
    302: "Found",
    400: "Bad Request",
    405: "Not Allowed",
    408: "Request Timeout",
    463: "Too Many Addresses",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
    505: "HTTP Version Not Supported",
}
_HEADER_BYTES = 64 << 10
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"""
_MOST_ADDRESSES = 30


@dataclass(frozen=True)
class Surroundings:
    """What a configuration has to know of the machine it is for."""

    socket: str
    """Path of the process's statistics socket, which is there once it listens."""
    certificates: Mapping[str, str]
    """Listener ARN to the path of its list of certificates."""
    user: int
    """Number of the user and the group that it becomes once it has opened its ports."""
    root: str
    """The folder that it sees from then on as the root of all files."""
    speed: float = 1.0
    """How many times as fast as real time the lab's clock runs."""


def render(
    balancer: LoadBalancer, node: Node, serving: Mapping[str, Sequence[Target]], surroundings: Surroundings
) -> str:
    """Return the configuration of a node; `serving` has the targets of each group that get requests."""
    lines = [
        *_global(surroundings),
        *_defaults(balancer, surroundings.speed),
        *(line for listener in balancer.listeners for line in _frontend(balancer, node, listener, surroundings)),
        *(web_acl_rules.tables(balancer.web_acl, surroundings.speed) if balancer.web_acl else ()),
        *(
            line
            for group in balancer.target_groups
            for line in _backend(group, _of_node(group, node, serving), surroundings.speed)
        ),
    ]
    return "\n".join(lines) + "\n"


def _of_node(group: TargetGroup, node: Node, serving: Mapping[str, Sequence[Target]]) -> Sequence[Target]:
    targets = serving.get(group.arn, ())
    return targets if group.cross_zone else [target for target in targets if target.zone == node.zone]


def _page(status: int) -> str:
    return page_of(f"{status} {_REASONS[status]}")


def _global(surroundings: Surroundings) -> Iterator[str]:
    yield "global"
    yield f"  stats socket {quoted(surroundings.socket)} mode 600 level admin"
    yield f"  uid {surroundings.user}"
    yield f"  gid {surroundings.user}"
    yield f"  chroot {quoted(surroundings.root)}"
    yield "  hard-stop-after 300s"
    yield "  tune.ssl.default-dh-param 2048"
    # A request's whole head lies in one buffer, of which a part is kept for the headers that are added.
    yield f"  tune.bufsize {_HEADER_BYTES + 4096}"
    yield "  tune.maxrewrite 4096"
    yield "  log stderr format raw local0 emerg"


def _defaults(balancer: LoadBalancer, speed: float) -> Iterator[str]:
    idle = milliseconds(float(balancer.attributes.get("idle_timeout.timeout_seconds", 60)), speed)
    yield "defaults"
    yield "  mode http"
    for kind in ("client", "server", "http-request", "http-keep-alive"):
        yield f"  timeout {kind} {idle}"
    yield f"  timeout connect {milliseconds(_CONNECT_SECONDS, speed)}"
    yield "  retries 0"
    for status in (400, 408, 502, 504):
        yield f"  http-error status {status} content-type text/html string {quoted(_page(status))} {SERVER}"


def _frontend(balancer: LoadBalancer, node: Node, listener: Listener, surroundings: Surroundings) -> Iterator[str]:
    yield f"frontend port-{listener.port}"
    bind = f"  bind {node.address}:{listener.port}"
    yield bind + (_tls(balancer, listener, surroundings) if listener.protocol == "HTTPS" else "")
    yield from _client_keep_alive(balancer, surroundings.speed)
    yield "  http-request set-var(txn.began) date(0,ms)"
    yield from _refusals()
    if balancer.web_acl:
        yield from web_acl_rules.requests(balancer.web_acl)
    if _on(balancer, "routing.http.drop_invalid_header_fields.enabled"):
        yield '  http-request del-header "[^-A-Za-z0-9]" -m reg'
    yield from _rules(listener)
    yield from _forwarded(balancer, listener)


def _client_keep_alive(balancer: LoadBalancer, speed: float) -> Iterator[str]:
    """End a connection in an orderly way once it is so old, however busy it is: with the next answer.

    HAProxy 2.6 has no such end for HTTP/2, whose connections last.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
    """
    longest = round(float(balancer.attributes.get("client_keep_alive.seconds", 3600)) * 1000 / speed)
    yield "  tcp-request session set-var(sess.opened) date(0,ms)"
    yield f"  http-after-response set-header Connection close if {{ date(0,ms),sub(sess.opened) -m int ge {longest} }}"


def _refusals() -> Iterator[str]:
    """Refuse what never comes to a rule.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
    """
    for status, when in (
        (405, "METH_TRACE"),
        (463, f"{{ req.hdr_cnt(X-Forwarded-For) gt {_MOST_ADDRESSES} }}"),
        (505, "{ fc_http_major eq 1 } !{ req.ver 1.0 1.1 }"),
    ):
        page = f"content-type text/html string {quoted(_page(status))} {SERVER}"
        yield f"  http-request return status {status} {page} if {when}"


def _on(balancer: LoadBalancer, attribute: str, default: str = "false") -> bool:
    return balancer.attributes.get(attribute, default) == "true"


def _tls(balancer: LoadBalancer, listener: Listener, surroundings: Surroundings) -> str:
    offered = policy(listener.policy)
    protocols = "h2,http/1.1" if _on(balancer, "routing.http2.enabled", "true") else "http/1.1"
    words = [f" ssl crt-list {quoted(surroundings.certificates[listener.arn])} alpn {protocols}"]
    words.append(f"ssl-min-ver {offered.lowest} ssl-max-ver {offered.highest}")
    if offered.ciphers:
        words.append(f"ciphers {offered.ciphers}")
    if offered.suites:
        words.append(f"ciphersuites {offered.suites}")
    return " ".join(words)


def _rules(listener: Listener) -> Iterator[str]:
    """Give each rule a number, let the first one that fits leave its own, then act by it."""
    default = len(listener.rules) - 1
    for number, rule in enumerate(listener.rules[:-1]):
        yield from _choice(number, rule)
    yield f"  http-request set-var(txn.rule) int({default}) if !{{ var(txn.rule) -m found }}"
    for number, rule in enumerate(listener.rules):
        yield from _act(rule.action, f"{{ var(txn.rule) -m int {number} }}", listener)


def _choice(number: int, rule: ListenerRule) -> Iterator[str]:
    names = []
    for index, condition in enumerate(rule.conditions):
        names.append(f"rule-{number}-{index}")
        for test in _tests(condition):
            yield f"  acl {names[-1]} {test}"
    yield f"  http-request set-var(txn.rule) int({number}) if !{{ var(txn.rule) -m found }} {' '.join(names)}"


def _tests(condition: Condition) -> Iterator[str]:
    """Yield the tests of which one is enough.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
    """
    for value in condition.values:
        if condition.field == "host-header":
            yield f"req.hdr(host),field(1,:) -m reg -i {quoted(f'^{_pattern(value)}$')}"
        elif condition.field == "path-pattern":
            yield f"path -m reg {quoted(f'^{_pattern(value)}$')}"
        elif condition.field == "http-header":
            yield f"{quoted(f'req.fhdr({argument(condition.name)})')} -m reg -i {quoted(f'^{_pattern(value)}$')}"
        elif condition.field == "http-request-method":
            yield f"method -m str -- {quoted(value)}"
        elif condition.field == "source-ip":
            yield f"src -- {quoted(value)}"
        elif condition.field == "query-string":
            yield f"query -m reg -i {quoted(_query_pattern(value))}"


def _pattern(value: str) -> str:
    """Return AWS's wildcards as a regular expression; a backslash takes their meaning from them."""
    pieces = re.findall(r"\\[*?\\]|.", value, re.DOTALL)
    return "".join({"*": ".*", "?": "."}.get(piece) or re.escape(piece[-1]) for piece in pieces)


def _query_pattern(pair: str) -> str:
    key, _, value = pair.partition("=")
    pattern = _pattern(value).replace(".*", "[^&]*")
    name = f"{_pattern(key).replace('.*', '[^&=]*')}=" if key else "([^&=]*=)?"
    return f"(^|&){name}{pattern}(&|$)"


def _act(action: Action, when: str, listener: Listener) -> Iterator[str]:
    if action.kind == "redirect":
        yield from _redirect(action, when, listener)
    elif action.kind == "fixed-response":
        body = f" string {quoted(action.body)}" if action.body else ""
        content_type = f" content-type {quoted(action.content_type)}" if action.body else ""
        yield f"  http-request return status {action.status}{content_type}{body} {SERVER} if {when}"
    else:
        yield from _forward(action.groups, when)


def _redirect(action: Action, when: str, listener: Listener) -> Iterator[str]:
    """Redirect as an ALB does: the port is always written, and no question mark without a query."""
    protocol, host, port, path, query = (_expanded(part, listener) for part in action.location)
    page = f"content-type text/html string {quoted(_page(action.status))} {SERVER}"
    place = f"{protocol}://{host}:{port}{path}"
    answer = f"  http-request return status {action.status} {page} hdr Location"
    yield f"  http-request set-var-fmt(txn.query) {quoted(query)} if {when}" if query else ""
    yield f"{answer} {quoted(place + '?%[var(txn.query)]')} if {when} {{ var(txn.query) -m len gt 0 }}"
    yield f"{answer} {quoted(place)} if {when}"


def _expanded(template: str, listener: Listener) -> str:
    values = {
        "#{protocol}": listener.protocol.lower(),
        "#{port}": str(listener.port),
        "#{host}": "%[req.hdr(host),field(1,:)]",
        "#{path}": "%[path,regsub(^/,)]",
        "#{query}": "%[query]",
    }
    pieces = re.split(r"(#\{[a-z]+\})", template)
    made = "".join(values.get(piece, literal(piece)) for piece in pieces)
    return made.lower() if template in ("HTTP", "HTTPS") else made


def _forward(groups: Sequence[tuple[str, int]], when: str) -> Iterator[str]:
    """Send requests to several groups in the proportion of their weights."""
    total = sum(weight for _arn, weight in groups)
    if len(groups) == 1 or total == 0:
        yield f"  use_backend {backend_name(groups[0][0])} if {when}"
        return
    yield f"  http-request set-var(txn.share) rand({total}) if {when}"
    reached = 0
    for arn, weight in groups:
        reached += weight
        yield f"  use_backend {backend_name(arn)} if {when} {{ var(txn.share) -m int lt {reached} }}"


def backend_name(group_arn: str) -> str:
    """Return the name of a target group's backend: the group's own, which is unique in its region, and its id."""
    return group_arn.partition(":targetgroup/")[2].replace("/", "_")


def _forwarded(balancer: LoadBalancer, listener: Listener) -> Iterator[str]:
    """Tell the target what the client's request was like.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
    """
    mode = balancer.attributes.get("routing.http.xff_header_processing.mode", "append")
    client = "%[src]:%[src_port]" if _on(balancer, "routing.http.xff_client_port.enabled") else "%[src]"
    if mode == "append":
        more = quoted(f"%[req.fhdr(X-Forwarded-For)], {client}")
        found = "{ req.fhdr(X-Forwarded-For) -m found }"
        yield f"  http-request set-var(txn.before) bool(true) if {found}"
        yield f"  http-request set-header X-Forwarded-For {more} if {found}"
        yield f"  http-request set-header X-Forwarded-For {quoted(client)} if !{{ var(txn.before) -m found }}"
    elif mode == "remove":
        yield "  http-request del-header X-Forwarded-For"
    yield f"  http-request set-header X-Forwarded-Proto {listener.protocol.lower()}"
    yield f"  http-request set-header X-Forwarded-Port {listener.port}"
    trace = "1-%[date,hex,bytes(8,8),lower]-%[uuid(),regsub(-,,g),bytes(0,24)]"
    root = "{ req.hdr(X-Amzn-Trace-Id) -m sub Root= }"
    later = quoted(f"Self={trace};%[req.hdr(X-Amzn-Trace-Id)]")
    yield f"  http-request set-header X-Amzn-Trace-Id {later} if {root}"
    yield f"  http-request set-header X-Amzn-Trace-Id {quoted(f'Root={trace}')} if !{root}"


def _backend(group: TargetGroup, targets: Sequence[Target], speed: float) -> Iterator[str]:
    yield f"backend {backend_name(group.arn)}"
    if not targets:
        page = f"content-type text/html string {quoted(_page(503))}"
        yield f"  http-request return status 503 {page} {SERVER}"
        return
    yield "  balance roundrobin"
    yield from _connection_errors(speed)
    if group.cookie_seconds:
        yield from stickiness.requests(group, targets)
        yield from stickiness.responses(group, targets, speed)
    encrypted = " ssl verify none" if group.protocol == "HTTPS" else ""
    for target in targets:
        name = f"{target.id}:{target.port}"
        yield f"  server {name} {target.address}:{target.port}{encrypted}"


def _connection_errors(speed: float) -> Iterator[str]:
    """Answer 502 where a target refused the connection and 504 where it did not answer, for which HAProxy has one 503.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
    """
    # A refusal comes at once, so what has lasted for most of the connection timeout was none.
    waited = f"date(0,ms),sub(txn.began),div({round(_CONNECT_SECONDS * 900 / speed)})"
    title = f"%[{waited},bool,iif({_REASONS[504]},{_REASONS[502]})]"
    status = f"%[{waited},bool,iif(504,502)]"
    yield "  http-response set-var(txn.answered) bool(true)"
    page = quoted(page_of(f"{status} {title}"))
    yield f"  http-error status 503 content-type text/html lf-string {page} {SERVER}"
    own = "{ status 503 } !{ var(txn.answered) -m found }"
    late = f"{{ {waited} -m int gt 0 }}"
    yield f"  http-after-response set-status 504 reason {quoted(_REASONS[504])} if {own} {late}"
    yield f"  http-after-response set-status 502 reason {quoted(_REASONS[502])} if {own} !{late}"
