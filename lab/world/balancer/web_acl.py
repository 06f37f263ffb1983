# SPDX-License-Identifier: GPL-3.0-or-later
"""The web ACLs of AWS WAF, as far as the lab evaluates them. Pure.

https://docs.aws.amazon.com/waf/latest/APIReference/API_Statement.html lists what a rule may ask for. The lab evaluates
matches of path, query, method and headers, their sizes, IP sets, rates, and all combinations of these. Managed rule
groups are AWS's secret: they are accepted, and no request matches them. Everything else is refused when it is set.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lab.base import words

_TESTS = {"EXACTLY": "str", "STARTS_WITH": "beg", "ENDS_WITH": "end", "CONTAINS": "sub"}
_FIELDS = {"UriPath": "path", "QueryString": "query", "Method": "method"}
_TRANSFORMATIONS = {"NONE": "", "LOWERCASE": "lower", "URL_DECODE": "url_dec"}
_SIZES = ("EQ", "NE", "LE", "LT", "GE", "GT")
_CONTENT_TYPES = {"TEXT_PLAIN": "text/plain", "TEXT_HTML": "text/html", "APPLICATION_JSON": "application/json"}
_WINDOW_SECONDS = 300
MOST_RATES = 3
"""So many counters has a request of HAProxy as it is packaged."""


class UnmodelledError(Exception):
    """Something of AWS WAF that the lab does not evaluate."""


class MalformedError(Exception):
    """Something that AWS WAF refuses."""


@dataclass(frozen=True)
class Field:
    """A part of the request, and what is done to it before it is looked at."""

    part: Literal["path", "query", "method", "header"]
    header: str = ""
    transformations: tuple[str, ...] = ()
    """HAProxy's converters."""

    def __post_init__(self) -> None:
        """Refuse what must not become configuration (`lab.base.words`)."""
        if self.part == "header":
            words.header(self.header)


@dataclass(frozen=True)
class Match:
    """A part of the request compared with a text; `test` is HAProxy's name of the comparison."""

    field: Field
    test: str
    value: str


@dataclass(frozen=True)
class Size:
    """The length of a part of the request compared with a number of bytes."""

    field: Field
    operator: str
    size: int


@dataclass(frozen=True)
class Sources:
    """The addresses that a request may come from."""

    blocks: tuple[str, ...]

    def __post_init__(self) -> None:
        """See Field."""
        for block in self.blocks:
            words.source(block)


@dataclass(frozen=True)
class Rate:
    """More than so many requests within so many seconds of lab time, of an address or of all together."""

    limit: int
    window: int
    by_address: bool
    scope: Statement | None = None
    """Which requests count; None are all."""


@dataclass(frozen=True)
class Compound:
    """A combination of statements; `not` has one."""

    kind: Literal["and", "or", "not"]
    parts: tuple[Statement, ...]


@dataclass(frozen=True)
class Managed:
    """A managed rule group, whose rules nobody but AWS has; no request matches."""

    name: str


Statement = Match | Size | Sources | Rate | Compound | Managed


@dataclass(frozen=True)
class RuleAction:
    """What becomes of a request; a blocked one is answered with the rest."""

    kind: Literal["allow", "block", "count"]
    status: int = 403
    body: str = ""
    """Empty is the load balancer's own page."""
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """See Field; values are quoted where they are written."""
        for name, _value in self.headers:
            words.header(name)


@dataclass(frozen=True)
class AclRule:
    """A rule; the first one that matches and does more than count decides."""

    name: str
    statement: Statement
    answer: RuleAction


@dataclass(frozen=True)
class WebAcl:
    """A web ACL: its rules in the order of their priorities, and what becomes of all other requests."""

    arn: str
    rules: tuple[AclRule, ...]
    default: RuleAction


def of_resource(wafv2: Any, arn: str) -> WebAcl | None:
    """Return the web ACL that is associated with a resource."""
    found = wafv2.get_web_acl_for_resource(arn)
    if found is None:
        return None
    rules = [rule.to_dict() for rule in found.rules]
    addresses = {ip_set.arn: ip_set.addresses for ip_set in wafv2.ip_sets.values()}
    return read(found.arn, rules, found.default_action, found.custom_response_bodies or {}, addresses)


def read(
    arn: str,
    rules: Sequence[Mapping[str, Any]],
    default: Mapping[str, Any],
    bodies: Mapping[str, Mapping[str, str]],
    addresses: Mapping[str, Sequence[str]],
) -> WebAcl:
    """Return a web ACL as the API has it; `addresses` are those of the IP sets by their ARNs.

    Raises UnmodelledError or MalformedError.
    """
    _check_unique(rules, "Name")
    _check_unique(rules, "Priority")
    found = tuple(_rule(rule, bodies, addresses) for rule in sorted(rules, key=lambda each: int(each["Priority"])))
    if sum(isinstance(rule.statement, Rate) for rule in found) > MOST_RATES:
        raise UnmodelledError(f"The lab counts by at most {MOST_RATES} rate-based rules.")
    return WebAcl(arn, found, _answer(default, bodies))


def _check_unique(rules: Sequence[Mapping[str, Any]], key: str) -> None:
    values = [rule.get(key) for rule in rules]
    if None in values or len(set(values)) < len(values):
        raise MalformedError(f"Each rule needs a {key} of its own.")


def _rule(
    rule: Mapping[str, Any], bodies: Mapping[str, Mapping[str, str]], addresses: Mapping[str, Sequence[str]]
) -> AclRule:
    name, statement = str(rule["Name"]), _statement(rule.get("Statement") or {}, addresses)
    if isinstance(statement, Managed):
        if rule.get("Action") or not rule.get("OverrideAction"):
            raise MalformedError(f"The rule {name} has a rule group, which wants an OverrideAction and no Action.")
        return AclRule(name, statement, RuleAction("count"))
    if rule.get("OverrideAction") or not rule.get("Action"):
        raise MalformedError(f"The rule {name} wants an Action and no OverrideAction.")
    return AclRule(name, statement, _answer(rule["Action"], bodies))


def _answer(action: Mapping[str, Any], bodies: Mapping[str, Mapping[str, str]]) -> RuleAction:
    kind = _only(action, "an action")
    if kind == "Allow":
        return RuleAction("allow")
    if kind == "Count":
        return RuleAction("count")
    if kind != "Block":
        raise UnmodelledError(f"The lab has no action {kind}.")
    custom = (action["Block"] or {}).get("CustomResponse") or {}
    body: Mapping[str, str] = {}
    if key := custom.get("CustomResponseBodyKey"):
        if key not in bodies:
            raise MalformedError(f"There is no custom response body {key}.")
        body = bodies[key]
    headers = tuple((str(header["Name"]), str(header["Value"])) for header in custom.get("ResponseHeaders") or [])
    return RuleAction(
        "block",
        _whole(custom.get("ResponseCode", 403), 200, 599, "ResponseCode"),
        body.get("Content", ""),
        _CONTENT_TYPES.get(body.get("ContentType", ""), ""),
        headers,
    )


def _only(found: Mapping[str, Any], what: str) -> str:
    given = [key for key, value in found.items() if value is not None]
    if len(given) != 1:
        raise MalformedError(f"There has to be exactly one key in {what}, not {len(given)}.")
    return given[0]


def _whole(value: Any, lowest: int, highest: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise MalformedError(f"{what} is {value!r}, which is not a whole number from {lowest} to {highest}.")
    return value


def _statement(statement: Mapping[str, Any], addresses: Mapping[str, Sequence[str]], nested: bool = False) -> Statement:
    kind = _only(statement, "a statement")
    inner: Mapping[str, Any] = statement[kind]
    if kind == "ByteMatchStatement":
        return _match(inner)
    if kind == "SizeConstraintStatement":
        return _size(inner)
    if kind == "IPSetReferenceStatement":
        return _sources(inner, addresses)
    if kind in ("AndStatement", "OrStatement", "NotStatement"):
        return _compound(kind, inner, addresses)
    if kind in ("RateBasedStatement", "ManagedRuleGroupStatement"):
        if nested:
            raise MalformedError(f"A {kind} can't be part of another statement.")
        return _rate(inner, addresses) if kind == "RateBasedStatement" else Managed(str(inner.get("Name")))
    raise UnmodelledError(f"The lab does not evaluate a {kind}.")


def _match(inner: Mapping[str, Any]) -> Match:
    constraint = inner.get("PositionalConstraint")
    if constraint not in _TESTS:
        raise UnmodelledError(f"The lab does not compare by the PositionalConstraint {constraint}.")
    try:
        value = base64.b64decode(str(inner.get("SearchString", "")), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UnmodelledError("The lab looks for texts in UTF-8 only.") from error
    if not value or "\0" in value:
        raise UnmodelledError("The lab does not look for an empty text, nor for one with a zero byte.")
    return Match(_field(inner), _TESTS[constraint], value)


def _size(inner: Mapping[str, Any]) -> Size:
    operator = inner.get("ComparisonOperator")
    if operator not in _SIZES:
        raise MalformedError(f"There is no ComparisonOperator {operator}.")
    return Size(_field(inner), operator.lower(), _whole(inner.get("Size"), 0, 21474836480, "Size"))


def _field(inner: Mapping[str, Any]) -> Field:
    told: Mapping[str, Any] = inner.get("FieldToMatch") or {}
    kind = _only(told, "FieldToMatch")
    steps = sorted(inner.get("TextTransformations") or [], key=lambda each: int(each["Priority"]))
    unknown = [step["Type"] for step in steps if step["Type"] not in _TRANSFORMATIONS]
    if unknown:
        raise UnmodelledError(f"The lab does not know the text transformation {unknown[0]}.")
    converters = tuple(_TRANSFORMATIONS[step["Type"]] for step in steps if step["Type"] != "NONE")
    if kind == "SingleHeader":
        return Field("header", str(told[kind].get("Name")), converters)
    if kind not in _FIELDS:
        raise UnmodelledError(f"The lab does not look at a request's {kind}.")
    return Field(_FIELDS[kind], "", converters)  # type: ignore[arg-type] # its keys are those of Field


def _sources(inner: Mapping[str, Any], addresses: Mapping[str, Sequence[str]]) -> Sources:
    if inner.get("IPSetForwardedIPConfig"):
        raise UnmodelledError("The lab does not compare IP sets with forwarded addresses.")
    if inner.get("ARN") not in addresses:
        raise MalformedError(f"There is no IP set {inner.get('ARN')}.")
    return Sources(tuple(addresses[str(inner["ARN"])]))


def _compound(kind: str, inner: Mapping[str, Any], addresses: Mapping[str, Sequence[str]]) -> Compound:
    if kind == "NotStatement":
        return Compound("not", (_statement(inner.get("Statement") or {}, addresses, nested=True),))
    parts = tuple(_statement(statement, addresses, nested=True) for statement in inner.get("Statements") or [])
    if len(parts) < 2:
        raise MalformedError(f"The {kind} needs two statements at least.")
    return Compound("and" if kind == "AndStatement" else "or", parts)


def _rate(inner: Mapping[str, Any], addresses: Mapping[str, Sequence[str]]) -> Rate:
    """Read a rate-based statement.

    https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
    """
    by = inner.get("AggregateKeyType")
    if by not in ("IP", "CONSTANT"):
        raise UnmodelledError(f"The lab does not count by the AggregateKeyType {by}.")
    scope = inner.get("ScopeDownStatement")
    if by == "CONSTANT" and not scope:
        raise MalformedError("The AggregateKeyType CONSTANT wants a ScopeDownStatement.")
    window = inner.get("EvaluationWindowSec", _WINDOW_SECONDS)
    if window not in (60, 120, 300, 600):
        raise MalformedError(f"EvaluationWindowSec is {window}, which is none of 60, 120, 300 and 600.")
    limit = _whole(inner.get("Limit"), 10, 2_000_000_000, "Limit")
    return Rate(limit, window, by == "IP", _statement(scope, addresses, nested=True) if scope else None)
