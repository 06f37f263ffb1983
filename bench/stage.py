# SPDX-License-Identifier: GPL-3.0-or-later
"""What rows are measured on: one lab at a time, with the options that a row needs, and its machines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.fleet import Fleet
from bench.run import BUILD, ROOT, FailedError, Run, cpu_of, playbook
from lab.base.endpoint import Endpoint, require
from lab.base.paths import LabPaths

FAR = ("--latency", "rtt=60,api=150")
"""AWS as far away as it often is."""


@dataclass
class BenchSession:
    """The lab that is up now, if any, and what was measured in it before."""

    name: str
    port: int
    smoke: bool = False
    """Do everything once only, to see that it works: such figures are worth nothing."""
    _lab: tuple[str, ...] = ()
    _fleet: Fleet | None = None
    _known: dict[tuple[object, ...], Any] = field(default_factory=dict)

    @property
    def place(self) -> LabPaths:
        """Return the lab's place."""
        return LabPaths(self.name)

    def lab(self, purpose: str, *options: str) -> Endpoint:
        """Return the lab for this purpose, with these options; another one is ended, and a new one is empty."""
        if (purpose, *options) != self._lab:
            self.close()
            self.command("up", "--port", str(self.port), *options)
            self._lab = (purpose, *options)
        return require(self.place)

    def fleet(self) -> Fleet:
        """Return what is made for the measurements in the lab that is up."""
        if self._fleet is None:
            self._fleet = Fleet(require(self.place))
        return self._fleet

    def machines(self, count: int, *options: str) -> list[str]:
        """Return the ids of so many machines of a lab with these options."""
        self.lab("machines", *options)
        return self.fleet().machines(count)

    def close(self) -> None:
        """End the lab; what was measured in it counts for no other one."""
        self.command("down")
        self._lab, self._fleet = (), None
        self._known.clear()

    def on_machine(self, machine: str, *words: str) -> str:
        """Run a command on a machine, as its administrator."""
        return self.command("exec", machine, *words)

    def command(self, *words: str) -> str:
        """Run a command of the lab and return its output."""
        command = [sys.executable, "-m", "lab", "--name", self.name, *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def times(self, number: int) -> int:
        """Return how often something is measured that is usually measured so often."""
        return 1 if self.smoke else number

    def once(self, *key: object) -> _Once:
        """Return where a figure is kept that several rows need."""
        return _Once(self._known, key)

    def play(
        self,
        name: str,
        hosts: Mapping[str, Mapping[str, object]],
        tasks: Sequence[object],
        environment: Mapping[str, str],
        forks: int = 1,
    ) -> Run:
        """Run a play of these tasks on hosts that the controller reaches by these variables."""
        inventory, file = BUILD / f"{name}.inventory.json", BUILD / f"{name}.play.json"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
        file.write_text(json.dumps([{"name": name, "hosts": "all", "gather_facts": False, "tasks": tasks}]))
        return self.measured(name, ["-i", str(inventory), "--forks", str(forks), str(file)], environment)

    def measured(
        self, name: str, words: Sequence[str], environment: Mapping[str, str], python: Path = Path(sys.executable)
    ) -> Run:
        """Run a playbook against the lab; the lab's own CPU seconds are a part of the run."""
        endpoint = require(self.place)
        before = cpu_of(endpoint.pid)
        run = playbook(name, words, {"LAB_NAME": self.name, "PATH": _path(), **environment}, python)
        return Run(**{**vars(run), "lab_cpu": cpu_of(endpoint.pid) - before})


@dataclass
class _Once:
    """One figure that is measured once."""

    known: dict[tuple[object, ...], Any]
    key: tuple[object, ...]

    def or_else(self, measure: Callable[[], Any]) -> Any:
        """Return the figure, measured now if it was not before; what has failed fails again."""
        if self.key not in self.known:
            try:
                self.known[self.key] = measure()
            except FailedError as error:
                self.known[self.key] = error
        if isinstance(found := self.known[self.key], FailedError):
            raise found
        return found

    def seen(self) -> bool:
        """Tell whether this was asked before."""
        before, self.known[self.key] = self.key in self.known, True
        return before


def _path() -> str:
    """Return a PATH on which Ansible's helpers of this environment come first."""
    return f"{Path(sys.executable).parent}:{os.environ['PATH']}"
