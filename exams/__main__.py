# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: examines the site of a lab that runs, prints counts, and fails if a finding is no exception on file."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from exams import custodian, prowler, scoutsuite
from exams.comparing import compare, told
from exams.finding import Result
from exams.tools import CUSTODIAN, PROWLER, SCOUTSUITE, ExamError, Tool, install
from lab.context import ACCOUNT
from lab.endpoint import environment
from lab.errors import LabError
from lab.place import Place

CONTROLS = Path(__file__).parents[1] / "playbooks" / "files" / "security_controls.yml"
EXAMS: dict[str, tuple[Tool, Callable[..., Result]]] = {
    "prowler": (PROWLER, prowler.examine),
    "custodian": (CUSTODIAN, custodian.examine),
    "scoutsuite": (SCOUTSUITE, scoutsuite.examine),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen scanners one after the other."""
    parser = argparse.ArgumentParser(prog="exams", description=__doc__)
    parser.add_argument("--lab", default="default", help="the lab's name (default: %(default)s)")
    parser.add_argument("--site", default="demo", help="the site's name (default: %(default)s)")
    parser.add_argument("--region", default="ap-northeast-1", help="the site's region (default: %(default)s)")
    parser.add_argument("--only", choices=list(EXAMS), action="append", help="this scanner only")
    options = parser.parse_args(arguments)
    controls = yaml.safe_load(CONTROLS.read_text())["controls"]
    regions, failed = sorted({options.region, "us-east-1"}), 0
    for name in options.only or EXAMS:
        tool, examine = EXAMS[name]
        try:
            install(tool)
            begun = time.monotonic()
            result = examine(environment(Place(options.lab)), ACCOUNT, regions)
        except (ExamError, LabError) as error:
            print(f"exams: {error}", file=sys.stderr)
            return 2
        verdicts = compare(result, controls, options.site)
        failed += sum(not one.accepted for one in verdicts)
        print(told(result, verdicts), f"({time.monotonic() - begun:.0f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
