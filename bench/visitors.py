# SPDX-License-Identifier: GPL-3.0-or-later
"""Many visitors of a site at once, half of them on new connections and half on ones that they keep, until stdin ends.

    python visitors.py HOST RATE

The report is one line of JSON (`Visits`). A request counts as failed unless it is answered with 200. As browsers do,
one that a kept connection takes no more, since the server has just closed it, is sent again on a new one: that is not
a failure, and is counted apart (RFC 9110, section 9.2.2).
"""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

PATIENCE = 10.0
"""Seconds for which a visitor waits."""
PAUSE = 0.25
"""Seconds between two requests of one visitor."""
_CLOSED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


@dataclass
class Visits:
    """What all visitors have seen."""

    seconds: float = 0.0
    new: int = 0
    """Requests on connections of their own."""
    kept: int = 0
    """Requests on connections that had carried others."""
    sent_again: int = 0
    slowest: float = 0.0
    """Seconds that the slowest answer took."""
    failed: list[str] = field(default_factory=list)
    """What has failed: the second at which it began, the kind of connection, and what was seen."""
    by: dict[str, int] = field(default_factory=dict)
    """How many answers each machine has given."""

    @property
    def sent(self) -> int:
        """Return how many requests there were."""
        return self.new + self.kept

    @property
    def rate(self) -> float:
        """Return the requests in a second."""
        return self.sent / self.seconds if self.seconds else 0.0


class _Visitor:
    """One visitor, who asks again and again."""

    def __init__(self, host: str, keeps: bool, crowd: _Crowd) -> None:
        self.host, self.keeps, self.crowd = host, keeps, crowd
        self.connection: http.client.HTTPSConnection | None = None
        self.used = False

    def run(self, delay: float) -> None:
        due = time.monotonic() + delay
        while not self.crowd.over.wait(max(0.0, due - time.monotonic())):
            self._visit()
            due = max(due + PAUSE, time.monotonic() - PAUSE)
        self._close()

    def _visit(self) -> None:
        began, again = time.monotonic(), False
        was_used = self.used
        try:
            try:
                status, by = self._ask()
            except _CLOSED:
                if not was_used:
                    raise
                again = True
                self._close()
                status, by = self._ask()
            problem = None if status == 200 else f"status {status}"
        except (OSError, http.client.HTTPException) as error:
            self._close()
            problem, by = repr(error), ""
        self.crowd.note(began, was_used, again, problem, by)
        if not self.keeps:
            self._close()

    def _ask(self) -> tuple[int, str]:
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(self.host, timeout=PATIENCE, context=self.crowd.context)
        self.connection.request("GET", "/", headers={} if self.keeps else {"Connection": "close"})
        answer = self.connection.getresponse()
        answer.read()
        self.used = True
        if answer.will_close:
            self._close()
        return answer.status, answer.headers.get("X-Served-By", "")

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection, self.used = None, False


class _Crowd:
    """All visitors, and what they have seen together."""

    def __init__(self) -> None:
        self.visits, self.over, self.context = Visits(), threading.Event(), ssl.create_default_context()
        self._began, self._lock = time.monotonic(), threading.Lock()

    def note(self, began: float, kept: bool, again: bool, problem: str | None, by: str) -> None:
        ended = time.monotonic()
        with self._lock:
            self.visits.kept += kept
            self.visits.new += not kept
            self.visits.sent_again += again
            self.visits.slowest = max(self.visits.slowest, ended - began)
            self.visits.seconds = ended - self._began
            if problem:
                self.visits.failed.append(f"{began - self._began:.1f} s, {'kept' if kept else 'new'}: {problem}")
            elif by:
                self.visits.by[by] = self.visits.by.get(by, 0) + 1


def main(words: Sequence[str]) -> int:
    """Visit until stdin ends, and report."""
    host, rate = words[0], float(words[1])
    crowd, count = _Crowd(), max(2, round(rate * PAUSE))
    threads = [
        threading.Thread(target=_Visitor(host, number % 2 == 0, crowd).run, args=(number * PAUSE / count,))
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    crowd.over.set()
    for thread in threads:
        thread.join()
    print(json.dumps(asdict(crowd.visits)))
    return 0


@contextmanager
def visiting(prefix: Sequence[str], host: str, rate: float) -> Iterator[Visits]:
    """Have visitors at the site meanwhile, run by the command prefix; what they saw is there afterwards."""
    seen = Visits()
    command = [*prefix, sys.executable, str(Path(__file__).resolve()), host, str(rate)]
    running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield seen
    finally:
        report, _ = running.communicate()
        seen.__dict__.update(json.loads(report))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
