# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: examines the site of a lab, prints counts, and fails if a finding is no exception on file."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from exams import custodian, prowler, scoutsuite
from exams.comparing import Silences, Site, compare, told, unexplained
from exams.finding import Result
from exams.site import ids, provided
from exams.tools import CUSTODIAN, PROWLER, SCOUTSUITE, ExamError, Tool, install
from lab.base.backends import ACCOUNT
from lab.base.errors import LabError

SILENCES: Silences = yaml.safe_load((Path(__file__).parent / "silences.yml").read_text())
CONTROLS = Path(__file__).parents[1] / "playbooks" / "files" / "security_controls.yml"
Examine = Callable[[Mapping[str, str], str, Iterable[str]], Result]
Controls = Sequence[Mapping[str, Any]]
EXAMS: dict[str, tuple[Tool, Examine]] = {
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
    regions = sorted({options.region, "us-east-1"})
    chosen = {name: EXAMS[name] for name in options.only or EXAMS}
    try:
        for tool, _ in chosen.values():
            install(tool)
        with provided(options.lab, options.site, options.region) as keys:
            site = Site(options.site, ids(keys, options.site, regions))
            failed = sum(_examined(examine, keys, controls, site, regions) for _, examine in chosen.values())
    except (ExamError, LabError) as error:
        print(f"exams: {error}", file=sys.stderr)
        return 2
    return 1 if failed else 0


def _examined(examine: Examine, keys: Mapping[str, str], controls: Controls, site: Site, regions: Iterable[str]) -> int:
    """Run one scanner and print what it said; return how many findings and silences are not on file."""
    begun = time.monotonic()
    result = examine(keys, ACCOUNT, regions)
    verdicts = compare(result, controls, site)
    print(f"{told(result, verdicts, SILENCES)}\n  {time.monotonic() - begun:.0f} s", flush=True)
    return sum(not verdict.accepted for verdict in verdicts) + len(unexplained(result, SILENCES))


if __name__ == "__main__":
    sys.exit(main())
