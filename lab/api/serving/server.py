# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves moto's applications in this process, on as many sockets as there are ways to reach AWS."""

from __future__ import annotations

import io
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.datastructures import Headers
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.test import run_wsgi_app

from lab.api.callers import callers, endpoint_policies
from lab.api.callers.operations import SERVICE
from lab.api.callers.unknown_paths import Application, UnknownServiceError, refusing_unknown_paths
from lab.api.services.ec2.consistency import EventualConsistency
from lab.base.key import Key
from lab.context import Context

_log = logging.getLogger(__name__)
Page = Callable[[Any], object]
"""Takes the JSON that was sent, or None, and returns what the page shows."""


def guarded(application: Application, context: Context) -> Application:
    """Return the application with one call at a time, as moto does not guard its state, and none when the lab ends."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with context.lock:
            if context.over:
                start_response("503 Service Unavailable", [("Content-Length", "0")])
                return [b""]
            return [b"".join(application(environ, start_response))]

    return serve


def delayed(application: Application, seconds: float) -> Application:
    """Return the application with AWS's own time on every call; S3's are quick, the lab's own pages are not AWS's."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        signed = f"{environ.get('HTTP_AUTHORIZATION', '')} {environ.get('QUERY_STRING', '')}".replace("%2F", "/")
        if "aws4_request" in signed and "/s3/aws4_request" not in signed:
            time.sleep(seconds)
        return application(environ, start_response)

    return serve


def through(application: Application, interface: str) -> Application:
    """Return the application as it is reached through an endpoint's interface."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return application({**environ, endpoint_policies.INTERFACE: interface}, start_response)

    return serve


class _Dispatcher(DomainDispatcherApplication):
    """Has S3 answer what bears no signature in its head, where moto would go by whatever the request says."""

    def get_backend_for_host(self, host: str | None) -> Any:
        """Return what plays the service of a host, None without a host; refuse where nothing does."""
        found = super().get_backend_for_host(host)
        if found is None and host is not None:
            raise UnknownServiceError(host.partition(".")[0])
        return found

    def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
        if SERVICE in environ:
            return f"{environ[SERVICE]}.us-east-1.amazonaws.com"
        found: str | None = super().infer_service_region_host(environ, path)
        return found


def with_own_pages(application: Application, pages: Mapping[str, Page], owner: Key) -> Application:
    """Return the application with the lab's own JSON pages beside AWS's; its owner alone sees them."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        page = pages.get(environ["PATH_INFO"])
        if page is None:
            return application(environ, start_response)
        if not callers.is_owner(environ, owner):
            start_response("403 Forbidden", [("Content-Length", "0")])
            return [b""]
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body = json.dumps(page(json.loads(sent) if sent else None)).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return serve


# cheroot 11.1.2 was tried in its place. Its calls are as quick (CPU of the server: 290 us over HTTP, 370 us over TLS;
# here 300 us and 290 us). But its threads are a fixed number: 40 uploads that stall, or 40 silent TLS clients,
# kept another's call waiting for more than 15 s with its 10 threads (here 1 ms and 3 ms). PutObject of 64 MB over TLS
# took it 11.7 s of CPU (here 1.5 s), a body of 16 MB in chunks 0.22 s (0.03 s). It takes a listening socket by an
# override alone, and stops by connecting to its own address, which is another network namespace's here.
class _Handler(MotoRequestHandler):
    """Keeps connections open between calls, as AWS does and werkzeug does not, and writes requests to the lab's log."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    """Seconds after which an idle connection is closed."""
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one call. Its body is read to the end, so that the next call begins where this one ends."""
        environ = self.make_environ()
        # What comes in chunks says itself where it ends.
        size = -1 if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(size))
        try:
            pieces, status, headers = run_wsgi_app(self.server.app, environ)
            body = b"".join(pieces)
        except Exception:
            _log.exception("%s %s", self.command, self.path)
            status, headers, body = "500 Internal Server Error", Headers(), b""
        code = int(status.split()[0])
        self.send_response(code, status.partition(" ")[2])
        for name, value in headers:
            self.send_header(name, value)
        # https://www.rfc-editor.org/rfc/rfc9110.html#section-8.6
        if "Content-Length" not in headers and self.command != "HEAD" and code not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log(
        self,
        type: str,  # noqa: A002  werkzeug's name
        message: str,
        *args: Any,
    ) -> None:
        """Write one line a request."""
        _log.debug(message, *args)


class Api:
    """The API's application and the servers it is reached by."""

    def __init__(self, context: Context, own: Mapping[str, Page]) -> None:
        """Serve AWS's API, and the lab's own pages: path to what gives the page's data."""
        aws: Application = refusing_unknown_paths(_Dispatcher(create_backend_app))
        if context.lateness is not None:
            aws = EventualConsistency(aws, context.clock, context.lateness)
        known = callers.authenticated(aws, context)
        self.application = with_own_pages(guarded(known, context), own, context.owner)
        self._servers: list[BaseWSGIServer] = []

    def serve(
        self,
        listener: socket.socket,
        context: ssl.SSLContext | None = None,
        delay: float = 0.0,
        interface: str = "",
    ) -> BaseWSGIServer:
        """Serve on a listening socket, over TLS when a context is given; return the server, for `end`.

        `delay` is added to every call, in seconds. `interface` is the id of the endpoint interface, if it is one.
        """
        host, port = listener.getsockname()
        listener.setblocking(True)
        application = delayed(self.application, delay) if delay else self.application
        server = make_server(
            host,
            port,
            through(application, interface) if interface else application,
            threaded=True,
            request_handler=_Handler,
            ssl_context=context,
            fd=listener.detach(),
        )
        if isinstance(server.socket, ssl.SSLSocket):
            # The handshake is the request's thread's business, else one silent client would hold up all others.
            server.socket.do_handshake_on_connect = False  # type: ignore[attr-defined]  # it is an SSLSocket
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, name=f"api {host}:{port}", daemon=True).start()
        return server

    def end(self, server: BaseWSGIServer) -> None:
        """Stop one server."""
        self._servers.remove(server)
        server.shutdown()
        server.server_close()

    def close(self) -> None:
        """Stop all servers."""
        for server in list(self._servers):
            self.end(server)
