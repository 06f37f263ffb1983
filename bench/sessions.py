# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of PHP's sessions: a page under load with sessions on the share, against sessions on the machine's own disk.

The lab's share is a bind mount, so what the network of a real one costs is not in the seconds; the calls to the share
that each request makes are counted beside them, in the kernel's own terms (strace).
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from bench.row import CannotMeasureError, Measurement, Row
from bench.run import BUILD, ROOT
from bench.stage import BenchSession

Sessions = Literal["share", "local"]

_PAGES = ROOT / "tests" / "applications" / "mirror"
_URL = "http://127.0.0.1/index.php?show=session"
_MACHINE = "demo-web-a"
_VISITORS, _REQUESTS, _COUNTED = 4, 400, 20
_SHARE = "/srv/site"
_AB_TIME = re.compile(r"^Time taken for tests:\s+([\d.]+) seconds", re.MULTILINE)
_AB_FAILED = re.compile(r"^Failed requests:\s+(\d+)|^Non-2xx responses:\s+(\d+)", re.MULTILINE)


def _site(stage: BenchSession, sessions: Sessions) -> None:
    """Publish the page that counts in a session, with sessions there."""
    stage.lab("sessions")
    asked = json.dumps({"site_files": str(_PAGES), "site_sessions": sessions})
    for play in ("provision", "configure"):
        words = ["-i", "inventories/lab", f"playbooks/{play}.yml", "-e", asked]
        stage.measured(f"sessions-{sessions}-{play}", words, {})


def _seconds(stage: BenchSession) -> float:
    """Return the seconds that a request takes, with several visitors at the same time, each in a session of its own."""
    count = stage.times(_REQUESTS)
    one = f"ab -q -l -n {count} -c 1 -H 'X-Forwarded-Proto: https' -C PHPSESSID=bench$visitor '{_URL}'"
    visitors = " ".join(str(number) for number in range(_VISITORS))
    told = stage.on_machine(_MACHINE, "sh", "-c", f"for visitor in {visitors}; do {one} & done; wait")
    times = [float(found) for found in _AB_TIME.findall(told)]
    failed = [count for found in _AB_FAILED.findall(told) for count in found if count not in ("", "0")]
    if len(times) != _VISITORS or failed:
        raise CannotMeasureError(f"ab did not get its pages: {told[-300:]}")
    return max(times) / (count * _VISITORS)


def _processes(stage: BenchSession, name: str) -> list[str]:
    """Return the ids, on this host, of the machine's processes with this name in their command lines."""
    namespace = stage.on_machine(_MACHINE, "readlink", "/proc/1/ns/pid").strip()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
            if entry.name.isdigit() and name in words and str((entry / "ns/pid").readlink()) == namespace:
                found.append(entry.name)
        except OSError:
            continue
    return found


def _calls(stage: BenchSession, name: str, paths: str) -> float:
    """Return how many system calls about these paths the processes make for one request."""
    trace = BUILD / f"sessions-{name.split()[0]}.strace"
    ids = [word for process in _processes(stage, name) for word in ("-p", process)]
    tracing = subprocess.Popen(["strace", "-f", "-y", "-qq", "-o", str(trace), *ids], start_new_session=True)
    try:
        time.sleep(1)
        _ask(stage, _COUNTED)
    finally:
        tracing.send_signal(signal.SIGINT)
        tracing.wait(10)
    return sum(paths in line for line in trace.read_text(errors="replace").splitlines()) / _COUNTED


def _ask(stage: BenchSession, times: int) -> None:
    ask = f"curl -sS -o /dev/null -H 'X-Forwarded-Proto: https' -b PHPSESSID=counted '{_URL}'"
    stage.on_machine(_MACHINE, "sh", "-c", f"for _ in $(seq {times}); do {ask}; done")


def _detail(stage: BenchSession, seconds: float) -> dict[str, float]:
    """Return what stands beside the seconds."""
    return {
        "requests_per_second": round(1 / seconds, 1),
        "php_calls_to_share": _calls(stage, "pool www", _SHARE),
        "php_calls_to_sessions": _calls(stage, "pool www", "sess_counted"),
        "apache_calls_to_share": _calls(stage, "apache2", _SHARE),
    }


def _measured(stage: BenchSession, places: Sequence[Sessions]) -> dict[Sessions, tuple[float, dict[str, float]]]:
    if shutil.which("strace") is None:
        raise CannotMeasureError("strace is not installed.")
    found = {}
    for place in places:
        _site(stage, place)
        _ask(stage, _COUNTED)
        seconds = _seconds(stage)
        found[place] = seconds, _detail(stage, seconds)
    return found


def _share_against_local(stage: BenchSession) -> Measurement:
    found = _measured(stage, ("local", "share"))
    (ours, on_share), (theirs, on_disk) = found["share"], found["local"]
    return Measurement(1000 * ours, 1000 * theirs, {"share": on_share, "local": on_disk})


ROWS = [Row("sessions", "a page, its session on the share", "on the machine's disk", 0.8, _share_against_local, "ms")]
