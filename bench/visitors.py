# SPDX-License-Identifier: GPL-3.0-or-later
"""Many visitors of a site at once, half of them on new connections and half on ones that they keep, until stdin ends.

    python visitors.py HOST RATE [members]

With `members`, the site is tests/applications/members. Half of each kind have logged in: they post a form and look at
the page in turn, and expect to be known and to find what they have posted; and each page must be of one release.

The report is one line of JSON (`Visits`). A request counts as failed unless it is answered with 200. As browsers do,
one that a kept connection takes no more, since the server has just closed it, is sent again on a new one: that is not
a failure, and is counted apart (RFC 9110, section 9.2.2). So is a form, as browsers do; what is posted may come twice.
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
from typing import Any, NamedTuple
from urllib.parse import urlencode

PATIENCE = 10.0
"""Seconds for which a visitor waits."""
PAUSE = 0.25
"""Seconds between two requests of one visitor."""
MEMBERS = "members"
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
    posted: int = 0
    """Forms that were sent."""
    remembered: int = 0
    """Answers that knew who had logged in, and what that visitor had posted last."""
    mixed: list[str] = field(default_factory=list)
    """Pages that were not of one release: the second at which each was asked for, and its parts."""
    releases: dict[str, int] = field(default_factory=dict)
    """How many pages were of each release."""

    @property
    def sent(self) -> int:
        """Return how many requests there were."""
        return self.new + self.kept

    @property
    def rate(self) -> float:
        """Return the requests in a second."""
        return self.sent / self.seconds if self.seconds else 0.0


class _PageAnswer(NamedTuple):
    """What a visitor was told."""

    status: int
    by: str
    cookies: list[str]
    text: bytes


class _Member:
    """One who has logged in, or is about to; or, without a name, nobody whom the site knows."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._line = ""
        self._cookie = ""
        self._forms = 0

    def next_form(self) -> dict[str, str]:
        """Return what is posted next; nothing for a mere look."""
        self._forms += bool(self.name)
        if not self.name or (self._cookie and self._forms % 2):
            return {}
        return {"line": str(self._forms)} if self._cookie else {"login": self.name}

    def headers(self) -> dict[str, str]:
        """Return what tells the site who this is."""
        return {"Cookie": self._cookie} if self._cookie else {}

    def recognised(self, form: dict[str, str], answer: _PageAnswer, page: dict[str, Any]) -> bool:
        """Take in an answer; tell whether it is one to this member."""
        self._line = form.get("line", "" if "login" in form else self._line)
        if "login" in form:
            self._cookie = "; ".join(cookie.partition(";")[0] for cookie in answer.cookies[-1:])
        return (page.get("member"), page.get("line")) == (self.name, self._line)


class _Visitor:
    """One visitor, who asks again and again."""

    def __init__(self, host: str, keeps: bool, crowd: _Crowd, member: _Member | None) -> None:
        self.host, self.keeps, self.crowd, self.member = host, keeps, crowd, member
        self.connection: http.client.HTTPSConnection | None = None
        self.used = False

    def run(self, delay: float) -> None:
        due = time.monotonic() + delay
        while not self.crowd.over.wait(max(0.0, due - time.monotonic())):
            self._visit()
            due = max(due + PAUSE, time.monotonic() - PAUSE)
        self._close()

    def _visit(self) -> None:
        seen = _Seen(began=time.monotonic(), kept=self.used)
        form = self.member.next_form() if self.member else {}
        seen.posted = bool(form)
        try:
            try:
                answer = self._ask(form)
            except _CLOSED:
                if not seen.kept:
                    raise
                seen.again = True
                self._close()
                answer = self._ask(form)
            self._understand(form, answer, seen)
        except (OSError, http.client.HTTPException) as error:
            self._close()
            seen.problem = repr(error)
        self.crowd.note(seen)
        if not self.keeps:
            self._close()

    def _understand(self, form: dict[str, str], answer: _PageAnswer, seen: _Seen) -> None:
        seen.by = answer.by
        if answer.status != 200:
            seen.problem = f"status {answer.status}"
        elif self.member:
            try:
                page = json.loads(answer.text)
            except ValueError:
                seen.problem = f"no page: {answer.text[:200]!r}"
                return
            seen.parts = page["parts"]
            if self.member.name:
                seen.remembered = self.member.recognised(form, answer, page)
                if not seen.remembered:
                    seen.problem = f"{self.member.name} sent {form} and got {page['member']!r}, {page['line']!r}"

    def _ask(self, form: dict[str, str]) -> _PageAnswer:
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(self.host, timeout=PATIENCE, context=self.crowd.context)
        headers = {} if self.keeps else {"Connection": "close"}
        headers |= self.member.headers() if self.member else {}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request("POST" if form else "GET", "/", urlencode(form) if form else None, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        self.used = True
        if answer.will_close:
            self._close()
        cookies = answer.headers.get_all("Set-Cookie") or []
        return _PageAnswer(answer.status, answer.headers.get("X-Served-By", ""), cookies, text)

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection, self.used = None, False


@dataclass
class _Seen:
    """What came of one request."""

    began: float
    kept: bool
    posted: bool = False
    again: bool = False
    problem: str = ""
    by: str = ""
    parts: dict[str, str] = field(default_factory=dict)
    remembered: bool = False


class _Crowd:
    """All visitors, and what they have seen together."""

    def __init__(self) -> None:
        self.visits, self.over, self.context = Visits(), threading.Event(), ssl.create_default_context()
        self._began, self._lock = time.monotonic(), threading.Lock()

    def note(self, seen: _Seen) -> None:
        ended = time.monotonic()
        with self._lock:
            visits, at = self.visits, f"{seen.began - self._began:.1f} s"
            visits.kept += seen.kept
            visits.new += not seen.kept
            visits.sent_again += seen.again
            visits.posted += seen.posted
            visits.remembered += seen.remembered
            visits.slowest = max(visits.slowest, ended - seen.began)
            visits.seconds = ended - self._began
            if seen.problem:
                how = f"{'kept' if seen.kept else 'new'}{', form' if seen.posted else ''}"
                visits.failed.append(f"{at}, {how}: {seen.problem}")
            elif seen.by:
                visits.by[seen.by] = visits.by.get(seen.by, 0) + 1
            releases = set(seen.parts.values())
            if len(releases) > 1:
                visits.mixed.append(f"{at}, {seen.by}: {seen.parts}")
            for release in releases:
                visits.releases[release] = visits.releases.get(release, 0) + 1


def main(words: Sequence[str]) -> int:
    """Visit until stdin ends, and report."""
    host, rate = words[0], float(words[1])
    crowd, count = _Crowd(), max(2, round(rate * PAUSE))

    def visitor(number: int) -> _Visitor:
        name = f"visitor-{number}" if number // 2 % 2 else ""
        return _Visitor(host, number % 2 == 0, crowd, _Member(name) if MEMBERS in words[2:] else None)

    threads = [threading.Thread(target=visitor(number).run, args=(number * PAUSE / count,)) for number in range(count)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    crowd.over.set()
    for thread in threads:
        thread.join()
    print(json.dumps(asdict(crowd.visits)))
    return 0


@contextmanager
def visiting(prefix: Sequence[str], host: str, rate: float, *more: str) -> Iterator[Visits]:
    """Have visitors at the site meanwhile, run by the command prefix; what they saw is there afterwards."""
    seen = Visits()
    command = [*prefix, sys.executable, str(Path(__file__).resolve()), host, str(rate), *more]
    running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield seen
    finally:
        report, _ = running.communicate()
        seen.__dict__.update(json.loads(report))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
