# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's table: every row has figures or the reason why not, and is held against its bar."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import report
from bench.__main__ import ROWS, main
from bench.report import Report, table
from bench.row import CannotMeasureError, Measurement, Row
from bench.run import FailedError
from bench.stage import BenchSession


def never(_stage: BenchSession) -> Measurement:
    raise CannotMeasureError("the command is not there.")


ROW = Row("ping", "ping", "the other", 8, never)


def test_keys_are_the_rows_own() -> None:
    assert len({row.key for row in ROWS}) == len(ROWS)


def test_the_list_names_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(ROWS)
    with pytest.raises(SystemExit):
        main(["--rows", "unknown"])
    assert "there is no row unknown" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("outcome", "verdict", "figures"),
    [
        (Measurement(0.1, 0.8), "ok", ["0.100 s", "0.800 s", "8.00"]),
        (Measurement(0.1, 0.79), "below", ["0.100 s", "0.790 s", "7.90"]),
        (None, "-", ["-", "-", "-"]),
    ],
)
def test_lines(
    outcome: Measurement | None, verdict: str, figures: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "BUILD", tmp_path)
    kept = Report()
    line = kept.add(ROW, outcome, "" if outcome else "the command is not there.")
    assert line.verdict == verdict
    shown = table(kept.lines)
    assert all(figure in shown for figure in figures)
    assert ("the command is not there." in shown) is (outcome is None)
    (row,) = json.loads((tmp_path / "bench.json").read_text())["rows"]
    assert (row["key"], row["verdict"], row["bar"]) == ("ping", verdict, 8)
    assert (row["measured"] is None) is (outcome is None)


def test_what_was_measured_is_not_measured_again_and_what_failed_fails_again() -> None:
    stage, calls = BenchSession("unit", 1), []

    def measure() -> int:
        calls.append(1)
        return 7

    def fail() -> int:
        calls.append(2)
        raise FailedError("its output is there.")

    assert [stage.once("a").or_else(measure), stage.once("a").or_else(measure)] == [7, 7]
    for _ in range(2):
        with pytest.raises(FailedError, match="its output"):
            stage.once("b").or_else(fail)
    assert calls == [1, 2]
    assert [stage.once("c").seen(), stage.once("c").seen()] == [False, True]
