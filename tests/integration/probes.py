# SPDX-License-Identifier: GPL-3.0-or-later
"""Real connections between the lab's namespaces, many at once."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lab.base import namespaces

QUIET = 0.5
"""Seconds without an answer after which a packet counts as lost; the ways here take less than a millisecond."""
PATIENCE = 6.0
"""Seconds for an answer that is expected: a busy machine, or a first packet that was lost and sent again."""
ECHO_REQUEST, ECHO_REPLY = 8, 0


@dataclass(eq=False)
class Probe:
    """One connection to try, from a port of its own; `answered` tells how it went."""

    namespace: str
    protocol: str
    address: str
    port: int
    source_port: int
    expected: bool
    answered: bool = False
    _socket: socket.socket = field(init=False)
    _refused: bool = False

    def begin(self) -> None:
        """Send; called inside the namespace."""
        if self.protocol == "icmp":
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        else:
            kind = socket.SOCK_STREAM if self.protocol == "tcp" else socket.SOCK_DGRAM
            self._socket = socket.socket(socket.AF_INET, kind)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(("0.0.0.0", self.source_port))
        self._socket.setblocking(False)
        # A refusal by the sender's own kernel, such as "no route", is no answer either.
        refusal = self._socket.connect_ex((self.address, 0 if self.protocol == "icmp" else self.port))
        self._refused = refusal not in (0, errno.EINPROGRESS)
        if self.protocol != "tcp" and not self._refused:
            with contextlib.suppress(OSError):
                self._socket.send(b"?" if self.protocol == "udp" else _echo(self.source_port))

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def events(self) -> int:
        return select.POLLOUT if self.protocol == "tcp" else select.POLLIN

    def look(self) -> bool:
        """See what has come; tell whether it settles the matter."""
        if self.protocol == "tcp":
            self.answered = not self._refused and self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
            return True
        try:
            heard = self._socket.recv(2048)
        except OSError:
            return True
        if self.protocol == "udp":
            self.answered = True
        elif len(heard) >= 28 and heard[20] == ECHO_REPLY:
            self.answered = struct.unpack("!H", heard[24:26])[0] == self.source_port
        return self.answered

    def end(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


def _echo(number: int) -> bytes:
    def packet(checksum: int) -> bytes:
        return struct.pack("!BBHHH", ECHO_REQUEST, 0, checksum, number, 1) + b"hasite"

    words = sum(struct.unpack("!7H", packet(0)))
    return packet(~(words % 0xFFFF) & 0xFFFF)


def run(probes: Sequence[Probe]) -> None:
    """Try all at once. Silence counts after a moment where it is expected, and after long where it is not."""
    by_namespace: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        by_namespace[probe.namespace].append(probe)
    for namespace, found in by_namespace.items():
        namespaces.inside(namespace, lambda found=found: [probe.begin() for probe in found])  # type: ignore[misc]
    poll, waiting = select.poll(), {probe.fileno(): probe for probe in probes}
    for number, probe in waiting.items():
        poll.register(number, probe.events)
    began = time.monotonic()
    while (passed := time.monotonic() - began) < PATIENCE:
        if passed > QUIET and not any(probe.expected for probe in waiting.values()):
            break
        for number, _ in poll.poll(50):
            if waiting[number].look():
                poll.unregister(number)
                del waiting[number]
    for probe in probes:
        probe.end()


@contextlib.contextmanager
def servers(places: Iterable[tuple[str, str]], tcp: Sequence[int], udp: Sequence[int]) -> Iterator[None]:
    """Answer on these ports at each (namespace, address); TCP's handshake is the kernel's."""
    listening, echoing, ending = list[socket.socket](), list[socket.socket](), threading.Event()
    for namespace, address in places:
        listening += _bound(namespace, address, tcp, socket.SOCK_STREAM)
        echoing += _bound(namespace, address, udp, socket.SOCK_DGRAM)
    for each in listening:
        each.listen(1024)
    thread = threading.Thread(target=_echo_until, args=(ending, echoing))
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
        for each in (*listening, *echoing):
            each.close()


def _bound(namespace: str, address: str, ports: Sequence[int], kind: socket.SocketKind) -> list[socket.socket]:
    def bind() -> list[socket.socket]:
        made = [socket.socket(socket.AF_INET, kind) for _ in ports]
        for each, port in zip(made, ports, strict=True):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind((address, port))
            each.setblocking(False)
        return made

    return namespaces.inside(namespace, bind)


def _echo_until(ending: threading.Event, sockets: Iterable[socket.socket]) -> None:
    poll, by_number = select.poll(), {each.fileno(): each for each in sockets}
    for number in by_number:
        poll.register(number, select.POLLIN)
    while not ending.is_set():
        for number, _ in poll.poll(100):
            with contextlib.suppress(OSError):
                heard, sender = by_number[number].recvfrom(100)
                by_number[number].sendto(heard, sender)
