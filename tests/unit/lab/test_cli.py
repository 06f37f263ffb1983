# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `lab` as a shell meets it."""

from __future__ import annotations

import signal
import subprocess
import sys

LONG = """
from lab.commands import cli
cli._status = lambda *_: print("a row\\n" * 100_000) or 0
raise SystemExit(cli.main(["status"]))
"""
"""The command with a world that is longer than a pipe holds."""


def test_a_reader_who_has_enough_ends_the_command_quietly() -> None:
    command = [sys.executable, "-c", LONG]
    listing = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert listing.stdout
    assert listing.stderr
    listing.stdout.close()
    assert listing.stderr.read() == ""
    assert listing.wait() == 128 + signal.SIGPIPE
    listing.stderr.close()
