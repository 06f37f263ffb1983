# SPDX-License-Identifier: GPL-3.0-or-later
"""Web ACLs: what the API keeps and refuses, and what HAProxy makes of a request that one looks at."""

from __future__ import annotations

import base64
import http.client
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.base import namespaces
from lab.base.backends import Backends
from lab.base.users import BALANCER
from lab.plane.balancer.haproxy import HaProxy
from lab.world.balancer import load_balancer, web_acl
from lab.world.balancer.haproxy import Surroundings, render
from lab.world.balancer.load_balancer import Action, ListenerRule
from lab.world.balancer.web_acl import WebAcl
from tests.unit.lab.test_haproxy import NODE, balancer
from tests.unit.plugins.modules.route53_account import REGION, Account, open_account

SEEN = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
BLOCK: dict[str, Any] = {"Block": {}}
COUNT: dict[str, Any] = {"Count": {}}
ALLOW: dict[str, Any] = {"Allow": {}}
PATH: dict[str, Any] = {"UriPath": {}}


def match(value: str, field: Any = None, test: str = "EXACTLY", *steps: str) -> dict[str, Any]:
    transformations = [{"Priority": n, "Type": each} for n, each in enumerate(steps or ("NONE",))]
    return {
        "ByteMatchStatement": {
            "SearchString": value, "FieldToMatch": field or PATH, "PositionalConstraint": test,
            "TextTransformations": transformations,
        }
    }  # fmt: skip


def size(operator: str, number: int) -> dict[str, Any]:
    steps = [{"Priority": 0, "Type": "NONE"}]
    told = {"FieldToMatch": {"QueryString": {}}, "ComparisonOperator": operator, "Size": number}
    return {"SizeConstraintStatement": {**told, "TextTransformations": steps}}


def rate(limit: int, **more: Any) -> dict[str, Any]:
    return {"RateBasedStatement": {"Limit": limit, "AggregateKeyType": "IP", **more}}


def managed(name: str = "AWSManagedRulesCommonRuleSet") -> dict[str, Any]:
    return {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": name}}


def rule(statement: dict[str, Any], action: Any = None, priority: int = 0) -> dict[str, Any]:
    decides = {"OverrideAction": {"None": {}}} if "ManagedRuleGroupStatement" in statement else {"Action": BLOCK}
    if action:
        decides = {"Action": action}
    return {
        "Name": f"rule{priority}",
        "Priority": priority,
        "Statement": statement,
        "VisibilityConfig": SEEN,
        **decides,
    }


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with open_account(tmp_path, monkeypatch) as made:
        yield made


def create(account: Account, *rules: dict[str, Any], name: str = "demo", **more: Any) -> dict[str, Any]:
    told = {"Scope": "REGIONAL", "DefaultAction": ALLOW, "VisibilityConfig": SEEN, "Rules": list(rules), **more}
    found: dict[str, Any] = account.client("wafv2", REGION).create_web_acl(Name=name, **told)["Summary"]
    return found


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_load_balancer_has_the_web_acl_that_was_associated_last(account: Account) -> None:
    waf = account.client("wafv2", REGION)
    first, second = create(account, rule(match("/x"))), create(account, name="other")
    arn = account.balancer("demo")["LoadBalancerArn"]

    for each in (first, second):
        waf.associate_web_acl(WebACLArn=each["ARN"], ResourceArn=arn)

    (seen,) = load_balancer.describe(Backends())
    assert seen.web_acl is not None
    assert seen.web_acl.arn == second["ARN"]
    assert waf.list_resources_for_web_acl(WebACLArn=first["ARN"])["ResourceArns"] == []
    assert waf.list_resources_for_web_acl(WebACLArn=second["ARN"])["ResourceArns"] == [arn]
    with pytest.raises(ClientError) as error:
        waf.delete_web_acl(Name="other", Scope="REGIONAL", Id=second["Id"], LockToken=second["LockToken"])
    assert code(error) == "WAFAssociatedItemException"

    waf.disassociate_web_acl(ResourceArn=arn)
    waf.delete_web_acl(Name="other", Scope="REGIONAL", Id=second["Id"], LockToken=second["LockToken"])
    (seen,) = load_balancer.describe(Backends())
    assert seen.web_acl is None


def test_an_update_says_all_that_a_web_acl_is(account: Account) -> None:
    waf = account.client("wafv2", REGION)
    made = create(account, rule(rate(100)))
    which = {"Name": "demo", "Scope": "REGIONAL", "Id": made["Id"]}
    (kept,) = waf.get_web_acl(**which)["WebACL"]["Rules"]
    assert kept["Statement"]["RateBasedStatement"]["EvaluationWindowSec"] == 300
    waf.update_web_acl(**which, DefaultAction=BLOCK, VisibilityConfig=SEEN, Rules=[], LockToken=made["LockToken"])
    found = waf.get_web_acl(**which)["WebACL"]
    assert (found["Rules"], found["DefaultAction"]) == ([], BLOCK)


@pytest.mark.parametrize(
    ("rules", "refusal"),
    [
        ([rule({"GeoMatchStatement": {"CountryCodes": ["JP"]}})], "NotImplemented"),
        ([rule(match("x", {"Body": {}}))], "NotImplemented"),
        ([rule(match("x", None, "EXACTLY", "CSS_DECODE"))], "NotImplemented"),
        ([rule(match("x"), {"Captcha": {}})], "NotImplemented"),
        ([rule(rate(100), None, n) for n in range(4)], "NotImplemented"),
        ([rule(match("x", {"SingleHeader": {"Name": "a) }\nuser root"}}))], "WAFInvalidParameterException"),
        ([rule(match("x")), rule(match("y"))], "WAFInvalidParameterException"),
        ([rule(rate(10, EvaluationWindowSec=61))], "WAFInvalidParameterException"),
        ([rule(managed(), BLOCK)], "WAFInvalidParameterException"),
        ([rule({"NotStatement": {"Statement": managed()}})], "WAFInvalidParameterException"),
        ([rule({"IPSetReferenceStatement": {"ARN": "arn:aws:wafv2:eu-west-1:1:x"}})], "WAFInvalidParameterException"),
        ([rule({})], "WAFInvalidParameterException"),
    ],
)
def test_what_is_malformed_or_not_evaluated_is_refused(
    account: Account, rules: list[dict[str, Any]], refusal: str
) -> None:
    with pytest.raises(ClientError) as error:
        create(account, *rules)
    assert code(error) == refusal
    assert account.client("wafv2", REGION).list_web_acls(Scope="REGIONAL")["WebACLs"] == []


def test_what_is_not_there_or_twice_there_is_refused(account: Account) -> None:
    waf = account.client("wafv2", REGION)
    made = create(account)
    with pytest.raises(ClientError) as error:
        create(account)
    assert code(error) == "WAFDuplicateItemException"
    gone = f"arn:aws:elasticloadbalancing:{REGION}:123456789012:loadbalancer/app/gone/1"
    with pytest.raises(ClientError) as error:
        waf.associate_web_acl(WebACLArn=made["ARN"], ResourceArn=gone)
    assert code(error) == "WAFNonexistentItemException"
    with pytest.raises(ClientError) as error:
        create(account, name="edge", Scope="CLOUDFRONT")
    assert code(error) == "NotImplemented"


def test_an_ip_set_in_use_is_not_deleted_and_its_addresses_are_blocks(account: Account) -> None:
    waf = account.client("wafv2", REGION)
    told = {"Name": "bad", "Scope": "REGIONAL", "IPAddressVersion": "IPV4"}
    for wrong in ("192.0.2.1", "x/32", 'a"}/1'):
        with pytest.raises(ClientError) as error:
            waf.create_ip_set(**told, Addresses=[wrong])
        assert code(error) == "WAFInvalidParameterException"
    made = waf.create_ip_set(**told, Addresses=["192.0.2.0/24"])["Summary"]
    create(account, rule({"IPSetReferenceStatement": {"ARN": made["ARN"]}}))
    with pytest.raises(ClientError) as error:
        waf.delete_ip_set(Name="bad", Scope="REGIONAL", Id=made["Id"], LockToken=made["LockToken"])
    assert code(error) == "WAFAssociatedItemException"


# ---- what becomes of requests


class Front:
    """A balancer in a namespace that answers 200 to whatever its web ACL lets through."""

    def __init__(self, folder: Path, namespace: str) -> None:
        self.namespace = namespace
        self.process = HaProxy(namespace, folder)
        self.around = Surroundings(str(self.process.socket), {}, BALANCER, str(self.process.root))

    def serve(self, acl: WebAcl) -> None:
        made = replace(
            balancer(ListenerRule((), Action("fixed-response", status=200, body="in", content_type="text/plain"))),
            web_acl=acl,
        )
        self.process.serve(render(made, NODE, {}, self.around))
        for before in self.process._leaving:  # it may still take a connection that is opened now
            before.wait(30)

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
        client = http.client.HTTPConnection("www.hasite.test")
        client.sock = namespaces.make_socket(self.namespace)
        client.sock.settimeout(30)
        client.sock.connect(("127.0.0.1", 8080))
        try:
            client.request(method, path, headers=headers)
            answer = client.getresponse()
            head = {key.lower(): value for key, value in answer.getheaders()}
            return answer.status, answer.read(), head
        finally:
            client.close()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if os.geteuid() != 0 or not shutil.which("haproxy"):
        pytest.skip("needs root, for a namespace, and HAProxy")
    name = f"acl-{os.getpid()}"
    namespaces.add(name)
    made = Front(tmp_path_factory.mktemp("acl"), name)
    yield made
    made.process.stop()
    namespaces.remove(name)


ADDRESSES = {"arn:here": ["127.0.0.0/8"], "arn:there": ["192.0.2.0/24", "2001:db8::/32"]}


def wired(found: Any) -> Any:
    """Return a statement as it comes over the wire, where a blob is in base 64."""
    if isinstance(found, dict):
        return {
            key: base64.b64encode(value.encode()).decode() if key == "SearchString" else wired(value)
            for key, value in found.items()
        }
    return [wired(each) for each in found] if isinstance(found, list) else found


def acl(*rules: dict[str, Any], default: Any = None, bodies: Any = None) -> WebAcl:
    return web_acl.read("arn:acl", [wired(each) for each in rules], default or ALLOW, bodies or {}, ADDRESSES)


HERE, THERE = ({"IPSetReferenceStatement": {"ARN": f"arn:{where}"}} for where in ("here", "there"))
AGENT = {"SingleHeader": {"Name": "User-Agent"}}


@pytest.mark.parametrize(
    ("statement", "path", "blocked"),
    [
        (match("/wp-login.php"), "/wp-login.php?a=1", True),
        (match("/wp-login.php"), "/WP-login.php", False),
        (match("/wp-login.php", PATH, "EXACTLY", "LOWERCASE"), "/WP-login.php", True),
        (match("../", PATH, "CONTAINS", "URL_DECODE"), "/a/%2e%2e/b", True),
        (match("../", PATH, "CONTAINS"), "/a/%2e%2e/b", False),
        (match("/admin", PATH, "STARTS_WITH"), "/administration", True),
        (match(".bak", PATH, "ENDS_WITH"), "/index.bak", True),
        (match('q="x y" $HOME \\ %[src]', {"QueryString": {}}, "CONTAINS", "URL_DECODE"),
         "/?q=%22x%20y%22%20$HOME%20%5C%20%25[src]", True),
        (match("GET", {"Method": {}}), "/", True),
        (match("POST", {"Method": {}}), "/", False),
        (match("evil", AGENT, "CONTAINS"), "/", True),
        (size("GT", 5), "/?123456", True),
        (size("GT", 5), "/?12345", False),
        (size("NE", 5), "/?12345", False),
        (size("NE", 5), "/", True),
        (HERE, "/", True),
        (THERE, "/", False),
        ({"NotStatement": {"Statement": THERE}}, "/", True),
        ({"AndStatement": {"Statements": [HERE, match("/a")]}}, "/a", True),
        ({"AndStatement": {"Statements": [HERE, match("/a")]}}, "/b", False),
        ({"OrStatement": {"Statements": [THERE, {"NotStatement": {"Statement": match("/a")}}]}}, "/b", True),
        ({"OrStatement": {"Statements": [THERE, {"NotStatement": {"Statement": match("/a")}}]}}, "/a", False),
        (managed(), "/?x=<script>", False),
    ],
)  # fmt: skip
def test_a_rule_blocks_what_its_statement_says(
    front: Front, statement: dict[str, Any], path: str, blocked: bool
) -> None:
    front.serve(acl(rule(statement)))
    status, body, headers = front.ask(path, **{"User-Agent": "evil/1.0"})
    assert status == (403 if blocked else 200)
    if blocked:
        assert (headers["server"], headers["content-type"]) == ("awselb/2.0", "text/html")
        assert b"403 Forbidden" in body


def test_the_first_rule_that_does_more_than_count_decides(front: Front) -> None:
    every = {"NotStatement": {"Statement": THERE}}
    front.serve(acl(rule(every, BLOCK, 3), rule(match("/health"), ALLOW, 1), rule(every, COUNT, 0)))
    assert [front.ask(path)[0] for path in ("/health", "/other")] == [200, 403]
    front.serve(acl(rule(match("/health"), ALLOW), default=BLOCK))
    assert [front.ask(path)[0] for path in ("/health", "/other")] == [200, 403]


def test_a_block_may_answer_as_its_owner_says(front: Front) -> None:
    told = {
        "ResponseCode": 429, "CustomResponseBodyKey": "slow", "ResponseHeaders": [{"Name": "x-why", "Value": '50% "x"'}]
    }  # fmt: skip
    bodies = {"slow": {"ContentType": "TEXT_PLAIN", "Content": 'Slow down, "%[src]".'}}
    front.serve(acl(rule(HERE, {"Block": {"CustomResponse": told}}), bodies=bodies))
    status, body, headers = front.ask("/")
    assert (status, body, headers["x-why"]) == (429, b'Slow down, "%[src]".', '50% "x"')


def test_an_address_that_asks_too_often_is_blocked(front: Front) -> None:
    counted = rate(10, ScopeDownStatement=match("/login", PATH, "STARTS_WITH"))
    front.serve(acl(rule(match("/health"), ALLOW, 0), rule(counted, BLOCK, 1)))
    assert {front.ask("/")[0] for _ in range(12)} == {200}
    assert [front.ask("/login")[0] for _ in range(12)] == [200] * 10 + [403] * 2
    assert front.ask("/")[0] == 200
