# SPDX-License-Identifier: GPL-3.0-or-later
"""A visitor's browser: headless Chromium on the lab's internet, with the lab's resolver and authority, its cache on.

It runs as a user without rights, in its own sandbox where the kernel lets such a user make one.

It is told what to do in the DevTools protocol over a pair of pipes (https://chromedevtools.github.io/devtools-protocol/),
so that no port is opened, and nothing has to reach into the visitor's network.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.base.errors import LabError
from lab.base.paths import LabPaths
from lab.base.users import BROWSER, become
from lab.commands.shell import visitor

SECONDS = 60.0
"""As long as a page may take."""
SIZE = "1000,700"
Message = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """What a tab shows."""

    url: str
    status: int
    headers: dict[str, str]
    """Their names in small letters."""
    secure: bool
    """Whether the browser calls the connection secure: TLS, with a certificate that it trusts for the name."""
    from_cache: bool
    text: str


class Browser:
    """One process with one profile, as long as it is open."""

    def __init__(self, place: LabPaths, home: Path) -> None:
        for tool in ("chromium", "certutil"):
            if shutil.which(tool) is None:
                raise LabError(f"The command {tool} is missing; install Debian's chromium and libnss3-tools.")
        _trust(place, home)
        _hand_over(home)
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        self._process = subprocess.Popen(
            [
                # Chromium reads from descriptor 3 and writes to 4.
                *("bash", "-c", 'exec "${@:3}" 3<&"$1" 4>&"$2"', "bash", str(theirs_in), str(theirs_out)),
                *(*visitor(place), f"HOME={home}", *become(BROWSER), "chromium", "--remote-debugging-pipe"),
                *sandbox(),
                *("--headless", "--disable-gpu", "--disable-quic", "--no-first-run"),
                *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
                *(f"--user-data-dir={home}/profile", f"--window-size={SIZE}", "about:blank"),
            ],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._received = b""
        self._events: list[Message] = []
        self._number = 0

    def close(self) -> None:
        """End the browser."""
        with contextlib.suppress(LabError, OSError):
            self.call("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def tab(self) -> Tab:
        """Open a new tab."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Tab(self, target, session)

    # ---- the protocol

    def call(self, method: str, session: str = "", **params: Any) -> Message:
        """Have a command done and return its result."""
        self._number += 1
        told = {"id": self._number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self._out, json.dumps(told).encode() + b"\0")
        deadline = time.monotonic() + SECONDS
        while True:
            message = self._next(deadline, method)
            if message.get("id") == self._number:
                if "error" in message:
                    raise LabError(f"Chromium refused {method}: {message['error']['message']}")
                return dict(message["result"])
            self._events.append(message)

    def wait(self, session: str, method: str) -> list[Message]:
        """Wait for an event of a tab; return all of the tab's events until then, and forget them."""
        deadline = time.monotonic() + SECONDS
        while True:
            mine = [event for event in self._events if event.get("sessionId") == session]
            names = [event["method"] for event in mine]
            if method in names:
                seen = mine[: names.index(method) + 1]
                self._events = [event for event in self._events if event not in seen]
                return seen
            self._events.append(self._next(deadline, method))

    def _next(self, deadline: float, wanted: str) -> Message:
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._in], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise LabError(f"Chromium did not answer {wanted} within {SECONDS:.0f} seconds.")
            more = os.read(self._in, 65536)
            if not more:
                raise LabError("Chromium ended by itself.")
            self._received += more
        text, _, self._received = self._received.partition(b"\0")
        return dict(json.loads(text))


class Tab:
    """One tab of a browser."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser = browser
        self._target = target
        self._session = session
        for domain in ("Network", "Page"):
            self._call(f"{domain}.enable")

    def _call(self, method: str, **params: Any) -> Message:
        return self._browser.call(method, self._session, **params)

    def go(self, url: str) -> Page:
        """Show an address, as a click on a link to it does."""
        went = self._call("Page.navigate", url=url)
        if "errorText" in went:
            raise LabError(f"Chromium could not show {url}: {went['errorText']}")
        return self._loaded()

    def reload(self) -> Page:
        """Ask for the page again, as the reload button does."""
        self._call("Page.reload")
        return self._loaded()

    def _loaded(self) -> Page:
        events = self._browser.wait(self._session, "Page.loadEventFired")
        documents = [
            event["params"]["response"]
            for event in events
            if event["method"] == "Network.responseReceived" and event["params"]["type"] == "Document"
        ]
        if not documents:
            raise LabError("Chromium got no answer to show.")
        response = documents[-1]
        script = "document.body ? document.body.innerText : ''"
        return Page(
            url=response["url"],
            status=response["status"],
            headers={name.lower(): value for name, value in response["headers"].items()},
            secure=response.get("securityState") == "secure",
            from_cache=bool(response.get("fromDiskCache")),
            text=str(self._call("Runtime.evaluate", expression=script)["result"]["value"]),
        )

    def picture(self, path: Path) -> Path:
        """Save what the tab shows as PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"]))
        return path

    def close(self) -> None:
        """Close the tab."""
        self._browser.call("Target.closeTarget", targetId=self._target)


@contextlib.contextmanager
def opened(place: LabPaths) -> Iterator[Browser]:
    """Open a browser with a profile of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hasite-lab-", ignore_cleanup_errors=True) as home:
        browser = Browser(place, Path(home))
        try:
            yield browser
        finally:
            browser.close()


def sandbox() -> list[str]:
    """Return Chromium's option that gives its sandbox up, if this kernel does not let a user make one."""
    return [] if _can_sandbox() else ["--no-sandbox"]


def warning() -> str:
    """Return the sentence that says that there is no sandbox here, or an empty text."""
    if _can_sandbox():
        return ""
    return (
        "This host lets no user make namespaces, so Chromium runs without its sandbox, as a user without rights: "
        "show it only pages that you trust."
    )


@functools.cache
def _can_sandbox() -> bool:
    """Try what the sandbox is made of, as the user who is going to need it."""
    trial = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "true"]
    return subprocess.run([*become(BROWSER), *trial], capture_output=True, check=False).returncode == 0


def _hand_over(home: Path) -> None:
    """Give the profile to the browser's user; nothing in it has been anybody else's yet."""
    for path in (home, *home.rglob("*")):
        os.chown(path, BROWSER, BROWSER, follow_symlinks=False)


def _trust(place: LabPaths, home: Path) -> None:
    """Chromium on Linux trusts what is in the user's NSS database."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    base = ["certutil", "-d", f"sql:{store}"]
    subprocess.run([*base, "-N", "--empty-password"], check=True, capture_output=True)
    authority = str(place.authority / "ca.pem")
    subprocess.run([*base, "-A", "-t", "C,,", "-n", "lab", "-i", authority], check=True, capture_output=True)
