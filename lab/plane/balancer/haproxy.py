# SPDX-License-Identifier: GPL-3.0-or-later
"""One HAProxy process in a network namespace; a changed configuration takes over without cutting a connection."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from lab.base import namespaces
from lab.base.errors import LabError

_START_SECONDS = 10
_STOP_SECONDS = 5


@dataclass
class HaProxy:
    """HAProxy with its files in `folder`; a process's command line names that folder, by which `sweep` finds it."""

    namespace: str
    folder: Path
    _configuration: str = ""
    _process: subprocess.Popen[bytes] | None = None
    _leaving: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """Earlier processes that still serve the connections they had."""

    @property
    def socket(self) -> Path:
        """Return the path of the statistics socket, which a configuration has to name."""
        return self.folder / "control.sock"

    @property
    def root(self) -> Path:
        """Return the empty folder that it is shut into, which a configuration has to name."""
        return self.folder / "empty"

    @property
    def running(self) -> bool:
        """Tell whether it serves."""
        return self._process is not None and self._process.poll() is None

    def serve(self, configuration: str) -> None:
        """Serve by this configuration; return once every port listens."""
        self._leaving = [process for process in self._leaving if process.poll() is None]
        if self.running and configuration == self._configuration:
            return
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self.folder / "haproxy.cfg"
        file.write_text(configuration)
        self.socket.unlink(missing_ok=True)
        before = self._process if self.running else None
        takeover = ["-sf", str(before.pid)] if before else []
        entry = f"--net={namespaces.FOLDER / self.namespace}"
        with (self.folder / "haproxy.log").open("wb") as log:
            started = subprocess.Popen(
                ["nsenter", entry, "haproxy", "-db", "-f", str(file), *takeover],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._await(started)
        if before:
            self._leaving.append(before)
        self._process, self._configuration = started, configuration

    def _await(self, started: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if started.poll() is not None:
                said = (self.folder / "haproxy.log").read_text(errors="replace").strip()
                raise LabError(f"HAProxy did not accept {self.folder / 'haproxy.cfg'}: {said}")
            if time.monotonic() > deadline:
                started.kill()
                started.wait()
                raise LabError(f"HAProxy in {self.namespace} was not ready after {_START_SECONDS} s.")
            time.sleep(0.02)

    def _answers(self) -> bool:
        """Ask something: it is answered by the event loop, which runs once all ports are bound."""
        try:
            with socket.socket(socket.AF_UNIX) as asking:
                asking.settimeout(1)
                asking.connect(str(self.socket))
                asking.sendall(b"show version\n")
                return bool(asking.recv(64))
        except OSError:
            return False

    def stop(self) -> None:
        """End all its processes."""
        ending = [*self._leaving, *([self._process] if self._process else [])]
        for process in ending:
            process.terminate()
        for process in ending:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._process, self._leaving, self._configuration = None, [], ""
