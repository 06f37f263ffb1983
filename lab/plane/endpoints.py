# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS's regional endpoints: the API over TLS, by AWS's own names, on the lab's internet and at interface endpoints.

https://docs.aws.amazon.com/general/latest/gr/rande.html
"""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer

from lab.api.serving.server import Api
from lab.base import addresses, namespaces
from lab.base.authority import Authority
from lab.context import Context
from lab.plane.sessions.sessions import SERVICES as SESSION_SERVICES

if TYPE_CHECKING:
    from lab.world.world import World

_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com")


def names_for(server_name: str) -> tuple[str, ...]:
    """Return the names of the certificate for a server: a wildcard of its domain, as AWS's certificates have it.

    A wildcard covers one label, so a bucket whose name has dots is not covered on AWS either:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    name = server_name.lower()
    if not _NAME.fullmatch(name):
        return ("*.amazonaws.com", "amazonaws.com")
    _, dot, rest = name.partition(".s3")
    if dot and re.fullmatch(r"([.-][a-z0-9-]+)?\.amazonaws\.com", rest):
        return (f"*.s3{rest}", f"s3{rest}")
    if name.startswith("s3"):
        return (f"*.{name}", name)
    domain = name.partition(".")[2]
    return (f"*.{domain}", domain)


class _Certificates:
    """One TLS context for each certificate; made when a client first asks for it."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._made: dict[tuple[str, ...], ssl.SSLContext] = {}

    def of(self, server_name: str) -> ssl.SSLContext:
        names = names_for(server_name)
        if names not in self._made:
            self._made[names] = self._authority.sign(names).context()
        return self._made[names]

    def context(self) -> ssl.SSLContext:
        """Return a context that chooses the certificate by the server's name."""
        made = self._authority.sign(names_for("")).context()

        def choose(connection: ssl.SSLObject, server_name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self.of(server_name or "")

        made.sni_callback = choose
        return made


class Endpoints:
    """S3 on an address of its own, all other services on another; S3 answers in clear text, too."""

    def __init__(self, context: Context, api: Api) -> None:
        self._context, self._api = context, api
        self._certificates = _Certificates(context.authority)
        self._inside: dict[str, BaseWSGIServer] = {}
        """By interface, in VPCs."""
        internet = context.place.namespace("internet")
        for address, port in ((addresses.API, 443), (addresses.S3, 443), (addresses.S3, 80)):
            self._serve(internet, address, port)

    def _serve(self, namespace: str, address: str, port: int = 443, interface: str = "") -> BaseWSGIServer:
        tls = self._certificates.context() if port == 443 else None
        return self._api.serve(namespaces.listen(namespace, address, port), tls, interface=interface)

    def apply(self, world: World) -> None:
        """Listen at every interface endpoint but those of the session service, which listens there itself."""
        found = world.network.endpoint_interfaces(lambda service: service not in SESSION_SERVICES)
        wanted = {interface.id: str(interface.address) for interface in found}
        for gone in self._inside.keys() - wanted.keys():
            self._api.end(self._inside.pop(gone))
        for new in wanted.keys() - self._inside.keys():
            self._inside[new] = self._serve(self._context.place.namespace(new), wanted[new], interface=new)

    def close(self) -> None:
        """Leave it to the API to stop its servers."""
