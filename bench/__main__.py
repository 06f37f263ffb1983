# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: chooses rows, measures one after the other, prints the table."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence

from bench import growth, releases, remote, rolling, sessions, site
from bench.report import Report, table
from bench.row import CannotMeasureError, Measurement, Row
from bench.run import BUILD, FailedError
from bench.stage import BenchSession

ROWS: list[Row] = [
    *remote.ROWS,
    *growth.ROWS,
    *remote.FAR_ROWS,
    *site.ROWS,
    *sessions.ROWS,
    *releases.ROWS,
    *rolling.ROWS,
]
"""In the order in which they are measured: rows that can share a lab follow each other."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the chosen rows."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--list", action="store_true", help="list the rows' keys")
    parser.add_argument("--rows", default="", metavar="KEY,…", help="these rows only")
    parser.add_argument("--lab", default="bench", help="the lab's name (default: %(default)s)")
    parser.add_argument("--port", type=int, default=4590, help="the lab's port (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=20, help="no row begins after so long (default: %(default)s)")
    parser.add_argument("--smoke", action="store_true", help="do everything once only, to see that it works")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(f"{row.key:16} {row.what} / {row.against}" for row in ROWS))
        return 0
    wanted = [key for key in options.rows.split(",") if key]
    if unknown := set(wanted) - {row.key for row in ROWS}:
        parser.error(f"there is no row {', '.join(sorted(unknown))}; --list shows them.")
    chosen = [row for row in ROWS if not wanted or row.key in wanted]
    return _measure(chosen, BenchSession(options.lab, options.port, options.smoke), options.minutes)


def _measure(chosen: Sequence[Row], stage: BenchSession, minutes: float) -> int:
    # Neither the user's settings of Ansible nor those of AWS are to be measured.
    for name in [name for name in os.environ if name.startswith(("ANSIBLE_", "AWS_", "LAB_"))]:
        del os.environ[name]
    # So that the lab goes away however the run ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    BUILD.mkdir(parents=True, exist_ok=True)
    report, deadline = Report(), time.monotonic() + 60 * minutes
    try:
        for row in chosen:
            print(f"{row.key}: {row.what} / {row.against} …", file=sys.stderr, flush=True)
            report.add(row, *_outcome(row, stage, time.monotonic() > deadline, minutes))
    finally:
        stage.close()
    print(table(report.lines))
    print(f"Kept in {BUILD / 'bench.json'}.")
    return 1 if any(line.verdict == "below" for line in report.lines) else 0


def _outcome(row: Row, stage: BenchSession, late: bool, minutes: float) -> tuple[Measurement | None, str]:
    if late:
        return None, f"not begun within {minutes:g} minutes; choose it with --rows, or give more --minutes."
    try:
        return row.measure(stage), ""
    except (CannotMeasureError, FailedError, TimeoutError, RuntimeError) as error:
        return None, str(error)


if __name__ == "__main__":
    sys.exit(main())
