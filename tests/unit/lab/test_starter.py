# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's process begins when it is told, and ends with the command that has started it, until it is ready."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lab.commands.starter import GO

PROGRAM = """
from pathlib import Path
from lab.base import paths
from lab.base.paths import LabPaths
from lab.commands.starter import Starter
paths.ROOT = Path("/nonexistent")
Starter(LabPaths("unit")).wait()
print("begun", flush=True)
import time
time.sleep(60)
"""


@pytest.mark.parametrize(("told", "said"), [(GO, b"begun\n"), (b"", b"")])
def test_a_process_whose_starter_ends_ends_too(told: bytes, said: bytes) -> None:
    words = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(told)
        process.stdin.flush()
        if said:
            assert process.stdout.readline() == said
        process.stdin.close()
        assert process.wait(timeout=30) == 1
