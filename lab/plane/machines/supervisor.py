# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps one machine as the API wants it: creates, starts, reboots, stops and removes its container."""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.base.errors import LabError
from lab.plane.machines.container import REBOOTED, Container
from lab.world.machines.machines import Machine

_log = logging.getLogger(__name__)
Report = Callable[..., None]
"""Called as `report(instance_id, state, reason="")` when the machine has really changed; `booted` is such a change."""
Image = Callable[[], str]
"""Returns the name of the image that the machine is made from; it may take minutes."""

_TRIES = 5
_PAUSE = 1.0
_BOOT_PAUSE = 0.25


class MachineSupervisor:
    """A thread that waits for two things: another desired state, and the end of the machine's init.

    An init that ends with a reboot is started again, as EC2 does; one that powers off leaves the
    machine stopped until the API is asked to start it.
    """

    def __init__(self, container: Container, image: Image, authority: Path, report: Report) -> None:
        self._container = container
        self._image = image
        self._authority = authority
        self._report = report
        self._machine: Machine | None = None
        self._ending = False
        self._wake_reader, self._wake_writer = os.pipe()
        self._init = -1
        """A file descriptor of the running init, readable when it has ended; -1 without one."""
        self._process = 0
        self._booted = False
        self._created = False
        self._reported = ""
        self._starts = 0
        self._reboots = 0
        self._lease: tuple[object, ...] = ()
        self._failures = 0
        self._working = threading.Lock()
        """Held while something is done to the machine."""
        self._thread = threading.Thread(target=self._run, name=f"machine {container.id}", daemon=True)
        self._thread.start()

    def want(self, machine: Machine) -> None:
        """Hear what the machine should be from now on."""
        if machine != self._machine:
            self._machine = machine
            self._wake()

    def end(self) -> None:
        """Remove the machine and end the thread."""
        self._ending = True
        self._wake()

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    @contextmanager
    def at_rest(self) -> Iterator[Container]:
        """Yield the machine's container, to which nothing is done meanwhile; what was begun is brought to its end."""
        with self._working:
            yield self._container

    def _wake(self) -> None:
        os.write(self._wake_writer, b".")

    def _run(self) -> None:
        pause: float | None = None
        while True:
            self._wait(pause)
            with self._working:
                if self._ending:
                    self._container.remove()
                    self._forget()
                    return
                pause = self._try()

    def _wait(self, seconds: float | None) -> None:
        watched = [self._wake_reader, *([self._init] if self._init >= 0 else [])]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self._wake_reader in ready:
            os.read(self._wake_reader, 4096)

    def _try(self) -> float | None:
        """Do what is to be done; return after how many seconds to try again if it failed."""
        try:
            self._converge()
        except (LabError, OSError) as error:
            self._failures += 1
            _log.warning("machine %s: %s", self._container.id, error)
            if self._failures == _TRIES and not self._reported:
                # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
                self._report(self._container.id, "terminated", f"Server.InternalError: {error}")
            return _PAUSE * self._failures
        self._failures = 0
        return _BOOT_PAUSE if self._init >= 0 and not self._booted else None

    def _converge(self) -> None:
        machine = self._machine
        if machine is None:
            return
        if self._init >= 0 and self._has_ended():
            self._after_end(machine)
        if machine.desired == "running":
            self._converge_running(machine)
            self._look_for_boot()
        elif machine.desired == "stopped":
            self._stop()
            self._report_once("stopped")
        else:
            self._stop()
            self._container.discard()
            self._created = False
            self._report_once("terminated")

    def _report_once(self, state: str) -> None:
        if state != self._reported:
            self._reported = state
            self._report(self._container.id, state)

    def _converge_running(self, machine: Machine) -> None:
        if self._reported == "stopped" and machine.starts == self._starts:
            return
        if not self._created:
            # An image that nobody has asked for before is built now; the instance is pending meanwhile.
            self._container.create(machine, self._image(), self._authority)
            self._created = True
            self._reboots = machine.reboots
            self._lease = (machine.resolvers, machine.search)
        if self._init >= 0 and machine.reboots != self._reboots:
            self._stop()
        self._reboots = machine.reboots
        if self._init < 0:
            self._start()
        # Only now: a start that failed is tried again.
        self._starts = machine.starts
        if self._lease != (lease := (machine.resolvers, machine.search)):
            # What a user has changed in that file stays until DHCP says something else.
            self._container.renew_lease(machine)
            self._lease = lease
        self._report_once("running")

    def _look_for_boot(self) -> None:
        if self._init >= 0 and not self._booted and self._container.has_booted(self._process):
            self._booted = True
            self._report(self._container.id, "booted")

    def _start(self) -> None:
        self._process = self._container.start()
        if not self._process:
            raise LabError(f"its init ended at once, with status {self._container.wait()}.")
        self._init = os.pidfd_open(self._process)

    def _stop(self) -> None:
        if self._init >= 0:
            self._container.stop()
            self._forget()

    def _forget(self) -> None:
        if self._init >= 0:
            os.close(self._init)
            self._init = -1
            self._booted = False

    def _has_ended(self) -> bool:
        return bool(select.select([self._init], [], [], 0)[0])

    def _after_end(self, machine: Machine) -> None:
        """Look why the init ended by itself."""
        self._forget()
        status = self._container.wait()
        _log.info("machine %s ended by itself with status %d", self._container.id, status)
        if status != REBOOTED and machine.desired == "running":
            self._report_once("stopped")
