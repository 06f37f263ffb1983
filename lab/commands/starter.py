# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that starts a lab's process, as that process knows it: by its standard input."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field

from lab.base.endpoint import Endpoint
from lab.base.paths import LabPaths

GO = b"go\n"


@dataclass
class Starter:
    """Says when to begin. If it is killed before the lab is ready, the lab ends: the next one begins anew."""

    place: LabPaths
    _go: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._listen, name="starter", daemon=True).start()

    def wait(self) -> None:
        """Wait until what was there before has ended."""
        self._go.wait()

    def _listen(self) -> None:
        # Not by sys.stdin, whose lock Python can't do without when it ends.
        while os.read(0, len(GO)):
            self._go.set()
        found = Endpoint.read(self.place)
        if found is None or found.pid != os.getpid():
            os._exit(1)
