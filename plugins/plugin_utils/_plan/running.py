# Copyright: hasite.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: this file may change at any time.
"""A second ansible-playbook in check mode, with the options of this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from .rows import Row, merged

RECORD = "HASITE_PLAN_RECORD"
"""The environment variable with the file to which the callback writes."""
CALLBACK = "hasite.aws.plan"
_ENABLED = "ANSIBLE_CALLBACKS_ENABLED"
_UNPLANNED = '{"plan_file": null}'
"""The run in check mode asks for no plan itself."""


class PlanError(Exception):
    """Why there is no plan."""


def command(argv: Sequence[str], given: Collection[str], playbooks: Sequence[str]) -> list[str]:
    """Return the command that runs these playbooks in check mode with the options of this run.

    Of this run's words, `given` are its playbooks.
    """
    options = [word for word in argv[1:] if word not in given]
    return [sys.executable, argv[0], *options, "--check", "--diff", "-e", _UNPLANNED, *playbooks]


def environment(record: Path, present: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which the callback writes down what would change."""
    enabled = [callback for callback in present.get(_ENABLED, "").split(",") if callback]
    return {**present, _ENABLED: ",".join([*enabled, CALLBACK]), RECORD: str(record)}


def plan(argv: Sequence[str], given: Collection[str], playbooks: Sequence[str]) -> list[Row]:
    """Run the playbooks in check mode and return what they would change."""
    with tempfile.TemporaryDirectory(prefix="hasite-plan-") as folder:
        record, words = Path(folder) / "record.jsonl", command(argv, given, playbooks)
        record.touch()
        done = subprocess.run(
            words,
            env=environment(record, os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        found = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    if done.returncode:
        failed = [line["failed"] for line in found if "failed" in line]
        raise PlanError(failed[-1] if failed else (done.stderr.strip() or done.stdout.strip())[-1500:])
    return merged(Row(**line) for line in found if "failed" not in line)
