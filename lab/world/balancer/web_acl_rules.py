# SPDX-License-Identifier: GPL-3.0-or-later
"""How HAProxy asks a web ACL about a request, before the listener's own rules. Pure.

Each statement leaves a variable if it is true of the request; the first rule that matches and does more than count
leaves its number. A node counts for itself, and forgets what it has counted when its configuration changes.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.world.balancer.haproxy_text import SERVER, argument, literal, milliseconds, page_of, quoted
from lab.world.balancer.web_acl import (
    Compound,
    Field,
    Managed,
    Match,
    Rate,
    RuleAction,
    Size,
    Sources,
    Statement,
    WebAcl,
)

_UNDECIDED = "!{ var(txn.acl) -m found }"
_REASONS = {403: "Forbidden"}
_TABLE_SIZE = "100k"


def requests(acl: WebAcl) -> Iterator[str]:
    """Yield the rules of a frontend."""
    counters = _counters(acl)
    for number, rule in enumerate(acl.rules):
        name = f"acl-{number}"
        if isinstance(rule.statement, Rate):
            yield from _counted(rule.statement, name, counters[number])
        else:
            yield from _judged(rule.statement, name)
        if rule.answer.kind != "count":
            yield f"  http-request set-var(txn.acl) int({number}) if {_UNDECIDED} {_is(name)}"
    for number, rule in enumerate(acl.rules):
        if rule.answer.kind == "block":
            yield _refused(rule.answer, f"{{ var(txn.acl) -m int {number} }}")
    if acl.default.kind == "block":
        yield _refused(acl.default, _UNDECIDED)


def tables(acl: WebAcl, speed: float) -> Iterator[str]:
    """Yield the tables in which the node counts requests."""
    for number in _counters(acl):
        rate = acl.rules[number].statement
        if isinstance(rate, Rate):
            window = milliseconds(rate.window, speed)
            key = "ip" if rate.by_address else "integer"
            yield f"backend acl-{number}"
            yield f"  stick-table type {key} size {_TABLE_SIZE} expire {window} store http_req_rate({window})"


def _counters(acl: WebAcl) -> dict[int, int]:
    """Return which of HAProxy's counters each rate-based rule uses, by the rule's number."""
    rates = [number for number, rule in enumerate(acl.rules) if isinstance(rule.statement, Rate)]
    return {number: counter for counter, number in enumerate(rates)}


def _is(name: str) -> str:
    return f"{{ var(txn.{_variable(name)}) -m found }}"


def _variable(name: str) -> str:
    return name.replace("-", "_")


def _counted(rate: Rate, name: str, counter: int) -> Iterator[str]:
    """Count a request that no rule has decided about yet, and compare."""
    scope = ""
    if rate.scope:
        yield from _judged(rate.scope, f"{name}-scope")
        scope = " " + _is(f"{name}-scope")
    key = "src" if rate.by_address else "int(1)"
    yield f"  http-request track-sc{counter} {key} table {name} if {_UNDECIDED}{scope}"
    test = f"{{ sc_http_req_rate({counter}) gt {rate.limit} }}"
    yield f"  http-request set-var(txn.{_variable(name)}) bool(true) if {test}"


def _judged(statement: Statement, name: str) -> Iterator[str]:
    if isinstance(statement, Compound):
        yield from _combined(statement, name)
    elif isinstance(statement, Sources):
        for block in statement.blocks:
            yield _true(name, f"{{ src -- {quoted(block)} }}")
    elif isinstance(statement, Match):
        yield _true(name, f"{{ {_fetched(statement.field)} -m {statement.test} -- {quoted(statement.value)} }}")
    elif isinstance(statement, Size):
        sign, operator = ("!", "eq") if statement.operator == "ne" else ("", statement.operator)
        yield _true(name, f"{sign}{{ {_fetched(statement.field, 'length')} {operator} {statement.size} }}")
    else:
        assert isinstance(statement, (Managed, Rate)), statement


def _combined(statement: Compound, name: str) -> Iterator[str]:
    parts = [f"{name}-{number}" for number in range(len(statement.parts))]
    for part, inner in zip(parts, statement.parts, strict=True):
        yield from _judged(inner, part)
    if statement.kind == "or":
        for part in parts:
            yield _true(name, _is(part))
    else:
        sign = "!" if statement.kind == "not" else ""
        yield _true(name, " ".join(sign + _is(part) for part in parts))


def _true(name: str, when: str) -> str:
    return f"  http-request set-var(txn.{_variable(name)}) bool(true) if {when}"


def _fetched(field: Field, *more: str) -> str:
    fetch = f"req.fhdr({argument(field.header)})" if field.part == "header" else field.part
    return quoted(",".join((fetch, *field.transformations, *more)))


def _refused(answer: RuleAction, when: str) -> str:
    body, kind = answer.body, answer.content_type
    if not body:
        body, kind = page_of(f"{answer.status} {_REASONS.get(answer.status, '')}".strip()), "text/html"
    headers = "".join(f" hdr {name} {quoted(literal(value))}" for name, value in answer.headers)
    page = f"content-type {quoted(kind)} string {quoted(body)} {SERVER}{headers}"
    return f"  http-request return status {answer.status} {page} if {when}"
