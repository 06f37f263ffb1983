# SPDX-License-Identifier: GPL-3.0-or-later
"""The rendered configuration, read by HAProxy itself and tried in a namespace of its own."""

from __future__ import annotations

import http.client
import http.server
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck as Health
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.base import namespaces
from lab.base.authority import Authority
from lab.base.users import BALANCER
from lab.plane.balancer.haproxy import HaProxy
from lab.world.balancer.haproxy import Surroundings, render
from lab.world.balancer.haproxy_text import quoted
from lab.world.balancer.load_balancer import (
    Action,
    Condition,
    HealthCheck,
    Listener,
    ListenerRule,
    LoadBalancer,
    Node,
    Target,
    TargetGroup,
)

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("haproxy"), reason="needs root, for a namespace, and HAProxy"
)

ARN = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012"
CHECK = HealthCheck(True, "HTTP", None, "/health", 10, 5, 5, 2, "200")
NODE = Node("eni-1", "ap-northeast-1a", "127.0.0.1", None)


def group(name: str, *targets: Target) -> TargetGroup:
    return TargetGroup(f"{ARN}:targetgroup/{name}/0123", "HTTP", targets, CHECK)


def target(port: int) -> Target:
    return Target(f"i-{port}", "127.0.0.1", port, "ap-northeast-1a", usable=True)


WEB, EMPTY, DEAD = group("web", target(8001)), group("empty"), group("dead", target(8009))
FORWARD = Action("forward", ((WEB.arn, 1),))
REDIRECT = Action("redirect", status=301, location=("HTTPS", "#{host}", "443", "/#{path}", "#{query}"))


def balancer(*rules: ListenerRule, https: bool = False, **attributes: str) -> LoadBalancer:
    listeners = [Listener("listener-80", "HTTP", 8080, (), "", rules or (ListenerRule((), FORWARD),))]
    if https:
        policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
        listeners.append(Listener("listener-443", "HTTPS", 8443, ("cert",), policy, (ListenerRule((), FORWARD),)))
    return LoadBalancer(
        arn=f"{ARN}:loadbalancer/app/site/1", name="site", dns_name="site.elb.amazonaws.com", canonical_zone_id="Z",
        region="ap-northeast-1", scheme="internet-facing", state="active", nodes=(NODE,), listeners=tuple(listeners),
        target_groups=(WEB, EMPTY, DEAD), attributes={key.replace("__", "."): each for key, each in attributes.items()},
    )  # fmt: skip


SERVING = {WEB.arn: WEB.targets, DEAD.arn: DEAD.targets}


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the request's head."""

    def do_GET(self) -> None:
        body = f"{self.path}\n{self.headers}served by {self.connection.getsockname()[1]}".encode()
        self.send_response(int(self.headers.get("X-Want", "200")))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    name = f"hasite-test-{os.getpid()}"
    namespaces.add(name)
    servers = [echo(name, port) for port in (8001, 8002)]
    yield name
    for server in servers:
        server.shutdown()
        server.server_close()
    namespaces.remove(name)


def echo(namespace: str, port: int) -> http.server.ThreadingHTTPServer:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Echo, bind_and_activate=False)
    server.socket.close()
    server.socket = namespaces.listen(namespace, "127.0.0.1", port)
    server.socket.setblocking(True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def node(namespace: str, tmp_path: Path) -> Iterator[HaProxy]:
    process = HaProxy(namespace, tmp_path)
    yield process
    process.stop()


def serve(node: HaProxy, world: LoadBalancer, speed: float = 1.0, certificates: Path | None = None) -> None:
    lists = {"listener-443": str(certificates)} if certificates else {}
    around = Surroundings(str(node.socket), lists, BALANCER, str(node.root), speed)
    node.serve(render(world, NODE, SERVING, around))


def connect(namespace: str, port: int) -> socket.socket:
    made = namespaces.make_socket(namespace)
    made.settimeout(10)
    made.connect(("127.0.0.1", port))
    return made


def get(namespace: str, path: str = "/", **headers: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("www.hasite.test")
    connection.sock = connect(namespace, 8080)
    connection.request("GET", path, headers={key.replace("_", "-"): value for key, value in headers.items()})
    answer = connection.getresponse()
    head = {key.lower(): value for key, value in answer.getheaders()}
    body = answer.read().decode()
    connection.close()
    return answer.status, head, body


def test_forwards_with_the_headers_that_a_target_expects(namespace: str, node: HaProxy) -> None:
    serve(node, balancer())
    status, _, body = get(namespace, "/page?x=1", X_Forwarded_For="192.0.2.1", Bad_Name="kept")
    assert status == 200
    assert body.startswith("/page?x=1\n")
    lowered = body.lower()
    assert "x-forwarded-for: 192.0.2.1, 127.0.0.1\n" in lowered
    assert "x-forwarded-proto: http\n" in lowered
    assert "x-forwarded-port: 8080\n" in lowered
    assert "x-amzn-trace-id: root=1-" in lowered


def test_drops_invalid_header_fields_when_asked_to(namespace: str, node: HaProxy) -> None:
    serve(node, balancer(routing__http__drop_invalid_header_fields__enabled="true"))
    connection = connect(namespace, 8080)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nbad_name: 1\r\nGood-Name: 1\r\nConnection: close\r\n\r\n")
    body = b"".join(iter(lambda: connection.recv(4096), b"")).lower()
    assert b"good-name: 1" in body
    assert b"bad_name" not in body


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", "https://www.hasite.test:443/"),
        ("/a/b?c=d&e=%25", "https://www.hasite.test:443/a/b?c=d&e=%25"),
    ],
)
def test_redirects_as_an_alb_does(namespace: str, node: HaProxy, path: str, location: str) -> None:
    serve(node, balancer(ListenerRule((), REDIRECT)))
    status, head, body = get(namespace, path)
    assert (status, head["location"], head["server"]) == (301, location, "awselb/2.0")
    assert "<h1>301 Moved Permanently</h1>" in body


def test_the_first_rule_that_fits_counts(namespace: str, node: HaProxy) -> None:
    def says(text: str, *conditions: Condition) -> ListenerRule:
        return ListenerRule(conditions, Action("fixed-response", status=200, body=text, content_type="text/plain"))

    serve(
        node,
        balancer(
            says("host and path", Condition("host-header", ("*.Example.com",)), Condition("path-pattern", ("/a/*",))),
            says("path", Condition("path-pattern", ("/a/?", "/b"))),
            says("query", Condition("query-string", ("k=v*",))),
            says("method", Condition("http-request-method", ("POST",))),
            says('100% "$HOME"\n', Condition("http-header", ("*curl*",), "User-Agent")),
            says("nobody", Condition("source-ip", ("192.0.2.0/24",))),
            ListenerRule((), Action("fixed-response", status=404)),
        ),
    )
    assert get(namespace, "/a/xyz", Host="www.example.com:80")[2] == "host and path"
    assert get(namespace, "/a/x", Host="other.test")[2] == "path"
    assert get(namespace, "/A/x", Host="other.test")[0] == 404
    assert get(namespace, "/c?a=b&k=value")[2] == "query"
    assert get(namespace, "/c", User_Agent="my curl 1")[2] == '100% "$HOME"\n'
    assert get(namespace, "/c")[0] == 404


def test_errors_are_those_of_an_alb(namespace: str, node: HaProxy) -> None:
    to = {
        each: ListenerRule(
            (Condition("path-pattern", (f"/{each.arn.split('/')[1]}",)),), Action("forward", ((each.arn, 1),))
        )
        for each in (EMPTY, DEAD)
    }
    serve(node, balancer(*to.values(), ListenerRule((), FORWARD)))
    assert get(namespace, "/empty")[0] == 503
    assert "<h1>503 Service Temporarily Unavailable</h1>" in get(namespace, "/empty")[2]
    status, _, body = get(namespace, "/dead")
    assert (status, "<h1>502 Bad Gateway</h1>" in body) == (502, True)
    assert get(namespace, "/", X_Want="503")[0] == 503, "a target's own 503 stays"


def raw(namespace: str, request: str) -> str:
    connection = connect(namespace, 8080)
    connection.sendall(request.encode())
    answer = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    connection.close()
    return answer


def test_what_an_alb_never_passes_on_is_refused(namespace: str, node: HaProxy) -> None:
    serve(node, balancer())
    host = "Host: a\r\nConnection: close\r\n"
    for request, status in (
        (f"TRACE / HTTP/1.1\r\n{host}\r\n", 405),
        (f"GET / HTTP/1.1\r\n{host}X-Forwarded-For: {', '.join(['192.0.2.1'] * 31)}\r\n\r\n", 463),
        (f"GET / HTTP/2.0\r\n{host}\r\n", 505),
    ):
        answer = raw(namespace, request)
        assert answer.startswith(f"HTTP/1.1 {status} "), answer
        assert "server: awselb/2.0" in answer.lower()
    assert get(namespace, "/", X_Forwarded_For=", ".join(["192.0.2.1"] * 30))[0] == 200


def test_a_head_may_have_64_kilobytes(namespace: str, node: HaProxy) -> None:
    serve(node, balancer())
    assert get(namespace, **{f"X-{number}": "x" * 15000 for number in range(4)})[0] == 200
    assert raw(namespace, f"GET / HTTP/1.1\r\nHost: a\r\nX: {'x' * 70000}\r\n\r\n").startswith("HTTP/1.1 400 ")


def test_a_connection_that_times_out_is_a_504(namespace: str, node: HaProxy) -> None:
    full = namespaces.make_socket(namespace)
    full.bind(("127.0.0.1", 8009))
    full.listen(0)
    waiting = [namespaces.make_socket(namespace) for _ in range(4)]
    for each in waiting:
        each.connect_ex(("127.0.0.1", 8009))
    serve(node, balancer(ListenerRule((), Action("forward", ((DEAD.arn, 1),)))), speed=20)
    status, _, body = get(namespace)
    for each in [full, *waiting]:
        each.close()
    assert (status, "<h1>504 Gateway Time-out</h1>" in body) == (504, True)


def test_weights_are_honoured(namespace: str, node: HaProxy) -> None:
    serve(node, balancer(ListenerRule((), Action("forward", ((WEB.arn, 1), (EMPTY.arn, 0))))))
    assert {get(namespace)[0] for _ in range(5)} == {200}
    serve(node, balancer(ListenerRule((), Action("forward", ((WEB.arn, 50), (EMPTY.arn, 50))))))
    assert {get(namespace)[0] for _ in range(40)} == {200, 503}


def sticky(*targets: Target, seconds: int = 600) -> LoadBalancer:
    made = replace(WEB, targets=targets, cookie_seconds=seconds)
    return replace(balancer(), target_groups=(made, EMPTY, DEAD))


def serve_sticky(node: HaProxy, *targets: Target, seconds: int = 600) -> None:
    world = sticky(*targets, seconds=seconds)
    around = Surroundings(str(node.socket), {}, BALANCER, str(node.root))
    node.serve(render(world, NODE, {WEB.arn: targets}, around))


def ask(namespace: str, cookie: str = "") -> tuple[int, list[str]]:
    """Return the status, which tells the target, and the cookies that were set."""
    connection = http.client.HTTPConnection("www.hasite.test")
    connection.sock = connect(namespace, 8080)
    connection.request("GET", "/", headers={"Cookie": cookie} if cookie else {})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    port = int(body.rpartition("served by ")[2])
    return port, answer.headers.get_all("Set-Cookie") or []


def cookie_of(cookies: list[str], name: str) -> str:
    (found,) = [cookie for cookie in cookies if cookie.startswith(f"{name}=")]
    return found.partition(";")[0]


def test_a_client_stays_with_its_target_by_either_cookie(namespace: str, node: HaProxy) -> None:
    serve_sticky(node, target(8001), target(8002))
    assert {ask(namespace)[0] for _ in range(4)} == {8001, 8002}
    port, cookies = ask(namespace)
    assert len(cookies) == 2
    for name in ("AWSALB", "AWSALBCORS"):
        assert {ask(namespace, f"a=b; {cookie_of(cookies, name)}")[0] for _ in range(5)} == {port}
    assert all("Expires=" in cookie and "Path=/" in cookie for cookie in cookies)
    assert ["SameSite=None" in cookie for cookie in cookies] == [False, True]


def test_each_answer_begins_the_time_of_the_cookie_anew(namespace: str, node: HaProxy) -> None:
    serve_sticky(node, target(8001), target(8002))
    port, cookies = ask(namespace)
    again, renewed = ask(namespace, cookie_of(cookies, "AWSALB"))
    assert again == port
    assert len(renewed) == 2


def test_a_client_goes_to_another_target_when_its_own_is_gone(namespace: str, node: HaProxy) -> None:
    serve_sticky(node, target(8001), target(8002))
    port, cookies = ask(namespace)
    (other,) = {8001, 8002} - {port}
    serve_sticky(node, target(other))
    moved, renewed = ask(namespace, cookie_of(cookies, "AWSALB"))
    assert moved == other
    serve_sticky(node, target(8001), target(8002))
    assert {ask(namespace, cookie_of(renewed, "AWSALB"))[0] for _ in range(5)} == {other}


@pytest.mark.parametrize("cookie", ["AWSALB=nonsense", "AWSALB=", "AWSALB={token}.1", "AWSALB={token}", "AWSALB=a.b.c"])
def test_a_cookie_that_is_over_or_made_up_counts_for_nothing(namespace: str, node: HaProxy, cookie: str) -> None:
    serve_sticky(node, target(8001), target(8002))
    _, cookies = ask(namespace)
    token = cookie_of(cookies, "AWSALB").partition("=")[2].partition(".")[0]
    assert {ask(namespace, cookie.format(token=token))[0] for _ in range(6)} == {8001, 8002}


@pytest.mark.parametrize(("longest", "fewest", "most"), [("60", 2, 4), ("3600", 1, 1)])
def test_a_busy_connection_ends_in_an_orderly_way_once_it_is_old(
    namespace: str, node: HaProxy, longest: str, fewest: int, most: int
) -> None:
    """A minute of the lab's is a second here; the visitor asks for eight pages in three."""
    page = ListenerRule((), Action("fixed-response", status=200, body="page", content_type="text/plain"))
    serve(node, balancer(page, client_keep_alive__seconds=longest, idle_timeout__timeout_seconds="600"), speed=60)
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, "curl", "-sS", "--rate", "150/m",
         "-w", " over %{num_connects}\n", *(f"http://127.0.0.1:8080/{number}" for number in range(8))],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    connects = re.findall(r"^page over (\d)$", done.stdout, re.MULTILINE)
    assert len(connects) == 8
    assert fewest <= sum(map(int, connects)) <= most


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_https_with_names_versions_and_http2(namespace: str, node: HaProxy, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    listed = []
    for name in ("www.hasite.test", "other.test"):
        pair = authority.sign([name])
        file = tmp_path / f"{name}.pem"
        file.write_text(pair.certificate + pair.chain + pair.key)
        listed.append(f"{file}\n")
    certificates = tmp_path / "certificates.list"
    certificates.write_text("".join(listed))
    serve(node, balancer(https=True), certificates=certificates)

    def handshake(name: str, highest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(authority.path))
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = highest
        context.set_alpn_protocols(["h2"])
        return context.wrap_socket(connect(namespace, 8443), server_hostname=name)

    for name in ("www.hasite.test", "other.test"):
        with handshake(name) as connection:
            assert (connection.version(), connection.selected_alpn_protocol()) == ("TLSv1.3", "h2")
    with handshake("www.hasite.test", ssl.TLSVersion.TLSv1_2) as connection:
        assert connection.version() == "TLSv1.2"
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake("unknown.test")
    with pytest.raises(ssl.SSLError):
        handshake("www.hasite.test", ssl.TLSVersion.TLSv1_1)


def test_a_new_configuration_cuts_no_connection(namespace: str, node: HaProxy) -> None:
    serve(node, balancer())
    kept = connect(namespace, 8080)
    kept.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n")
    serve(node, balancer(ListenerRule((), REDIRECT)))
    assert get(namespace)[0] == 301
    kept.sendall(b"Connection: close\r\n\r\n")
    assert b"200 OK" in kept.recv(4096)
    kept.close()


def test_a_balancer_without_listeners_runs(node: HaProxy) -> None:
    bare = balancer()
    serve(node, LoadBalancer(**{**vars(bare), "listeners": (), "target_groups": ()}))
    assert node.running


def test_it_keeps_no_rights_once_it_serves(namespace: str, node: HaProxy, tmp_path: Path) -> None:
    serve(node, balancer())
    serve(node, balancer(ListenerRule((), REDIRECT)))
    assert get(namespace)[0] == 301
    running = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and _serves(entry, tmp_path)]
    assert running
    for process in running:
        status = (process / "status").read_text()
        assert f"Uid:\t{BALANCER}\t{BALANCER}\t{BALANCER}\t{BALANCER}\n" in status
        assert f"Gid:\t{BALANCER}\t{BALANCER}\t{BALANCER}\t{BALANCER}\n" in status
        assert "Groups:\t\n" in status.replace(" ", "")
        assert "CapEff:\t0000000000000000\n" in status
        assert list((process / "root").iterdir()) == [], "its root is an empty folder"


def _serves(process: Path, folder: Path) -> bool:
    try:
        return process.joinpath("comm").read_text() == "haproxy\n" and str(folder) in (process / "cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@settings(max_examples=15, suppress_health_check=[Health.function_scoped_fixture])
@given(text=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40))
def test_any_text_is_one_word(tmp_path: Path, text: str) -> None:
    file = tmp_path / "haproxy.cfg"
    file.write_text(
        "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n"
        "frontend a\n bind 127.0.0.1:1\n"
        f" http-request return status 200 content-type text/plain string {quoted(text)}\n"
    )
    done = subprocess.run(["haproxy", "-c", "-f", str(file)], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
