# SPDX-License-Identifier: GPL-3.0-or-later
"""Origins that are servers: what CloudFront refuses of them, how it asks them, what viewers get without an answer."""

from __future__ import annotations

import asyncio
import functools
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from botocore.exceptions import ClientError
from multidict import CIMultiDict

from lab.base.authority import Authority
from lab.base.clock import Clock
from lab.plane.edge.custom_origins import CustomOrigins, UnresolvedError
from lab.plane.edge.origin import Fetch, OriginResponse
from lab.world.edge.config import completed
from lab.world.edge.edge import CustomOrigin, Distribution, Origin
from tests.unit.lab.served import serve

NAME = "origin.example.test"
CUSTOM = CustomOrigin("http-only", 80, 443, ("TLSv1.2",), 30, 1, 10)
DISTRIBUTION = Distribution("E1", "", "d.cloudfront.net", "", True, (), "", "", "", (), (), ())


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Return a test that pytest can run."""

    @functools.wraps(test)
    def run(*args: Any, **more: Any) -> None:
        asyncio.run(test(*args, **more))

    return run


# ---- the API


@pytest.fixture(scope="module")
def cloudfront(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with serve(tmp_path_factory.mktemp("origins")) as served:
        yield served.client("cloudfront", "us-east-1")


def config(**custom: Any) -> dict[str, Any]:
    given = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only", **custom}
    domain = given.pop("DomainName", NAME)
    more = {name: given.pop(name) for name in list(given) if name.startswith(("Connection", "OriginAccess"))}
    return {
        "CallerReference": str(sorted(map(str, (custom | {"d": domain}).items()))),
        "Comment": "",
        "Enabled": True,
        "Origins": {
            "Quantity": 1,
            "Items": [{"Id": "o", "DomainName": domain, "CustomOriginConfig": given, **more}],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "o",
            "ViewerProtocolPolicy": "allow-all",
            "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        },
    }


def test_a_distribution_of_a_server_is_made_with_cloudfront_s_defaults(cloudfront: Any) -> None:
    made = cloudfront.create_distribution(DistributionConfig=config())["Distribution"]
    told = made["DistributionConfig"]["Origins"]["Items"][0]["CustomOriginConfig"]
    assert told["OriginProtocolPolicy"] == "https-only"
    assert (told["HTTPPort"], told["HTTPSPort"]) == (80, 443)
    assert (told["OriginReadTimeout"], told["OriginKeepaliveTimeout"]) == (30, 5)
    assert "TLSv1.2" in told["OriginSslProtocols"]["Items"]
    read = cloudfront.get_distribution_config(Id=made["Id"])["DistributionConfig"]
    assert completed(read) == completed(completed(read))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"HTTPPort": 81}, "InvalidArgument"),
        ({"HTTPSPort": 70000}, "InvalidArgument"),
        ({"OriginProtocolPolicy": "any"}, "InvalidArgument"),
        ({"OriginReadTimeout": 0}, "InvalidOriginReadTimeout"),
        ({"OriginKeepaliveTimeout": 500}, "InvalidOriginKeepaliveTimeout"),
        ({"OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv9"]}}, "InvalidArgument"),
        ({"DomainName": "192.0.2.1"}, "InvalidOrigin"),
        ({"DomainName": "a b.test"}, "InvalidOrigin"),
        ({"ConnectionAttempts": 4}, "InvalidArgument"),
        ({"OriginAccessControlId": "none"}, "NoSuchOriginAccessControl"),
    ],
)
def test_what_cloudfront_refuses(cloudfront: Any, wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        cloudfront.create_distribution(DistributionConfig=config(**wrong))
    assert caught.value.response["Error"]["Code"] == code


# ---- the edge


class Here(AbstractResolver):
    """Knows one name, which is this machine's loopback."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host != NAME:
            raise UnresolvedError("no address")
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is kept."""


async def ask(
    custom: CustomOrigin, fetch: Fetch, authority: Authority, *, domain: str = NAME, **origin: Any
) -> OriginResponse:
    origins = CustomOrigins(
        Clock(), authority.pem, lambda: aiohttp.TCPConnector(resolver=Here(), family=socket.AF_INET, force_close=True)
    )
    return await origins.fetch(DISTRIBUTION, Origin("o", domain, custom=custom, **origin), fetch)


@asynccontextmanager
async def server(answer: Any, tls: Any = None) -> AsyncIterator[int]:
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def echo(request: web.BaseRequest) -> web.Response:
    told = {"path": request.raw_path, "headers": dict(request.headers), "body": (await request.read()).decode()}
    return web.json_response(told, headers={"X-Of": "origin"})


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def told(answer: OriginResponse) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    return dict(json.loads(answer.body))


FETCH = Fetch("GET", "/a%20b", "q=1%2F2", (("accept", "*/*"), ("connection", "close")), viewer="203.0.113.9")


@in_a_loop
async def test_what_an_origin_is_sent(authority: Authority) -> None:
    async with server(echo) as port:
        custom = replace(CUSTOM, http_port=port)
        answer = await ask(custom, FETCH, authority, path="/site", headers=(("X-Secret", "s"),))
    seen = await told(answer)
    assert seen["path"] == "/site/a%20b?q=1%2F2"
    headers = CIMultiDict(seen["headers"])
    assert headers["Host"] == NAME
    assert headers["User-Agent"] == "Amazon CloudFront"
    assert headers["X-Forwarded-For"] == "203.0.113.9"
    assert headers["X-Secret"] == "s"
    assert "cloudfront.net (CloudFront)" in headers["Via"]
    assert "Accept-Encoding" not in headers
    assert answer.headers["X-Of"] == "origin"


@in_a_loop
async def test_the_viewer_s_host_and_addresses_are_passed_on_where_the_behavior_chooses_them(
    authority: Authority,
) -> None:
    chosen = (("host", "www.example.test"), ("x-forwarded-for", "198.51.100.1"), ("user-agent", "curl"))
    async with server(echo) as port:
        fetch = replace(FETCH, method="POST", headers=chosen, body=b"a=b")
        seen = await told(await ask(replace(CUSTOM, http_port=port), fetch, authority))
    headers = CIMultiDict(seen["headers"])
    assert headers["Host"] == "www.example.test"
    assert headers["User-Agent"] == "curl"
    assert headers["X-Forwarded-For"] == "198.51.100.1, 203.0.113.9"
    assert seen["body"] == "a=b"


@pytest.mark.parametrize(
    ("policy", "secure_viewer", "secure"),
    [
        ("http-only", True, False),
        ("https-only", False, True),
        ("match-viewer", True, True),
        ("match-viewer", False, False),
    ],
)
@in_a_loop
async def test_the_protocol_policy(authority: Authority, policy: Any, secure_viewer: bool, secure: bool) -> None:
    async with (
        server(echo) as plain,
        server(lambda _request: asyncio.sleep(0, web.Response(text="tls")), authority.sign([NAME]).context()) as tls,
    ):
        custom = replace(CUSTOM, protocols=policy, http_port=plain, https_port=tls)
        answer = await ask(custom, replace(FETCH, secure=secure_viewer), authority)
    assert (answer.body == b"tls") is secure


@pytest.mark.parametrize(
    ("named", "host", "status"),
    [
        (NAME, "", 200),
        ("www.example.test", "www.example.test", 200),
        (NAME, "www.example.test", 200),
        ("other.example.test", "www.example.test", 502),
        ("www.example.test", "", 502),
    ],
)
@in_a_loop
async def test_a_certificate_is_for_the_origin_s_name_or_the_host_that_is_passed_on(
    authority: Authority, named: str, host: str, status: int
) -> None:
    fetch = replace(FETCH, headers=(("host", host),) if host else ())
    async with server(echo, authority.sign([named]).context()) as port:
        answer = await ask(replace(CUSTOM, protocols="https-only", https_port=port), fetch, authority)
    assert answer.status == status


@in_a_loop
async def test_a_certificate_of_a_stranger_is_refused(authority: Authority, tmp_path: Path) -> None:
    async with server(echo, Authority(tmp_path).sign([NAME]).context()) as port:
        answer = await ask(replace(CUSTOM, protocols="https-only", https_port=port), FETCH, authority)
    assert answer.status == 502


@in_a_loop
async def test_a_redirect_and_what_is_compressed_are_passed_on_as_they_are(authority: Authority) -> None:
    async def away(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=302, headers={"Location": "https://elsewhere.test/", "Content-Encoding": "gzip"})

    async with server(away) as port:
        answer = await ask(replace(CUSTOM, http_port=port), FETCH, authority)
    assert (answer.status, answer.headers["Location"]) == (302, "https://elsewhere.test/")


# ---- without an answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@in_a_loop
async def test_an_origin_that_refuses_the_connection(authority: Authority) -> None:
    answer = await ask(replace(CUSTOM, http_port=free_port()), FETCH, authority)
    assert answer.status == 502
    assert b"CloudFront wasn&#x27;t able to connect to the origin." in answer.body
    assert answer.headers["Server"] == "CloudFront"


@in_a_loop
async def test_an_origin_without_an_address(authority: Authority) -> None:
    answer = await ask(CUSTOM, FETCH, authority, domain="nowhere.example.test")
    assert answer.status == 502
    assert b"able to resolve the origin domain name" in answer.body


@in_a_loop
async def test_an_origin_that_is_silent_is_asked_again_and_then_given_up(authority: Authority) -> None:
    asked = []
    given_up = asyncio.Event()

    async def silent(request: web.BaseRequest) -> web.Response:
        asked.append(request.method)
        await given_up.wait()
        return web.Response()

    async with server(silent) as port:
        custom = replace(CUSTOM, http_port=port, read_timeout=1, attempts=2)
        answer = await ask(custom, FETCH, authority)
        again = await ask(custom, replace(FETCH, method="POST"), authority)
        given_up.set()
    assert (answer.status, again.status) == (504, 504)
    assert asked == ["GET", "GET", "POST"]


@in_a_loop
async def test_an_origin_that_hangs_up(authority: Authority) -> None:
    async def hang_up(request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with server(hang_up) as port:
        answer = await ask(replace(CUSTOM, http_port=port), FETCH, authority)
    assert answer.status == 502
