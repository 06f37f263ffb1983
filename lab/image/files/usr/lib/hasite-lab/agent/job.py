# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Command at the machine: the scripts of one command, as root, one after the other."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wire.frames import FrameError, read_json

_LONGEST = 48_000
"""Bytes of each output that are sent; the API tells 24 000 characters of them."""
_DIRECTORY = "/usr/bin"


@dataclass(frozen=True)
class Job:
    """What the service asks for."""

    id: str
    scripts: tuple[dict[str, Any], ...]


def read(payload: bytes) -> Job:
    """Return the job in an `agent_job` message."""
    message = read_json(payload, "job")
    try:
        return Job(str(message["JobId"]), tuple(json.loads(message["Content"])["Scripts"]))
    except (KeyError, TypeError, ValueError) as error:
        raise FrameError(f"The job is not understood: {error!r}.") from error


async def run(job: Job, environment: dict[str, str]) -> dict[str, Any]:
    """Run a job; the first script that fails ends it."""
    result: dict[str, Any] = {"Status": "Success", "ResponseCode": 0, "Output": "", "Errors": "", "Plugin": ""}
    for script in job.scripts:
        status, code, output, errors = await _run_script(script, environment)
        result = {
            "Status": status,
            "ResponseCode": code,
            "Output": result["Output"] + output,
            "Errors": result["Errors"] + errors,
            "Plugin": script["name"],
        }
        if status != "Success":
            break
    return result


async def _run_script(script: dict[str, Any], environment: dict[str, str]) -> tuple[str, int, str, str]:
    with tempfile.TemporaryDirectory(prefix="ssm-document-") as folder:
        file = Path(folder) / "_script.sh"
        file.write_text("\n".join(script["lines"]) + "\n")
        paths = [Path(folder) / name for name in ("stdout", "stderr")]
        with paths[0].open("wb") as output, paths[1].open("wb") as errors:
            try:
                process = await asyncio.create_subprocess_exec(
                    "/bin/sh",
                    str(file),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    cwd=script.get("directory") or _DIRECTORY,
                    env={**os.environ, "HOME": str(Path.home()), **environment},
                    start_new_session=True,
                )
            except OSError as error:
                return "Failed", 1, "", f"failed to run commands: {error}\n"
            status, code = await _end(process, float(script["timeout"]))
        said = [path.open("rb").read(_LONGEST).decode(errors="replace") for path in paths]
    if status == "Failed":
        said[1] += f"failed to run commands: exit status {code}"
    return status, code, said[0], said[1]


async def _end(process: asyncio.subprocess.Process, seconds: float) -> tuple[str, int]:
    try:
        code = await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        return "TimedOut", 137
    return ("Success" if code == 0 else "Failed"), code
