# SPDX-License-Identifier: GPL-3.0-or-later
"""What other visitors and the load balancer's checks get while one visitor is slow on many connections."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lab.commands.shell import visitor
from tests.integration.owner import URL, Owner, healthy, visit

PROGRAM = Path(__file__).with_name("slow_visitor.py")
HOST = URL.split("/")[2]
_CODE = ("-o", "/dev/null", "-w", "%{http_code} %{time_total}")


@dataclass(frozen=True)
class Slowness:
    """What the slow visitor does."""

    kind: str
    """Of what the connections are slow: `body` (with a length), `chunked`, `headers`, or `idle`, which say nothing."""
    connections: int
    rate: int
    """Bytes a second on each of them."""
    path: str = "/"
    seconds: int = 60


@dataclass
class Seen:
    """What the others got meanwhile."""

    answers: list[tuple[str, float]] = field(default_factory=list)
    """Status and seconds of each visit, in order."""
    healthy: list[int] = field(default_factory=list)
    """How many targets were healthy after each visit."""
    told: str = ""
    """What became of the slow connections, as the program says."""

    @property
    def refused(self) -> list[str]:
        return [status for status, _ in self.answers if status != "200"]

    @property
    def slowest(self) -> float:
        return max(seconds for _, seconds in self.answers)


def look(owner: Owner, seen: Seen) -> None:
    """Visit a page and the health page once, and ask for the targets' health."""
    for path in ("", "health"):
        status, _, seconds = visit(owner, *_CODE, URL + path).stdout.partition(" ")
        seen.answers.append((status, float(seconds or 0)))
    seen.healthy.append(healthy(owner))


@contextmanager
def slow_visitor(owner: Owner, how: Slowness) -> Iterator[subprocess.Popen[str]]:
    """Run the slow visitor; it ends by itself."""
    words = (how.kind, how.connections, how.rate, how.seconds, HOST, how.path)
    command = [*visitor(owner.place), sys.executable, str(PROGRAM), *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def endure(owner: Owner, how: Slowness) -> Seen:
    """Return what others got as long as the slow visitor went on."""
    seen = Seen()
    with slow_visitor(owner, how) as process:
        while process.poll() is None:
            look(owner, seen)
        seen.told = process.stdout.read() if process.stdout else ""
    return seen
