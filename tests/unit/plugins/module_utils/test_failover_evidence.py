# SPDX-License-Identifier: GPL-3.0-or-later
"""What an auditor reads of a drill: what was to be shown, the steady state, who and with what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.hasite.aws.plugins.module_utils import _version
from ansible_collections.hasite.aws.plugins.module_utils._failover import circumstances, evidence, judging

from tests.unit.plugins.module_utils.test_failover_judging import BUDGET, both, state, visit

ROOT = Path(__file__).parents[4]


def test_each_stage_has_a_hypothesis_with_the_budgets_figures() -> None:
    assert list(evidence.EXPERIMENTS) == list(judging.CHECKS)
    for stage in judging.CHECKS:
        told = evidence.planned(stage, BUDGET, ["shop-web-a"])
        assert "{" not in told["hypothesis"], stage
        assert told["blast_radius"].endswith(".")
        assert told["touched"] == ["shop-web-a"]
    assert "needs to notice (30 s)" in evidence.planned("one_stopped", BUDGET, [])["hypothesis"]
    assert "for 90 s at most" in evidence.planned("zone_lost", BUDGET, [])["hypothesis"]


def test_steady_state_is_told_in_figures() -> None:
    visits = [*both(1, "site"), *both(2, "site"), visit(3, "failure"), visit(3, "error_page", "edge")]
    visits = [{**one, "seconds": number / 10} for number, one in enumerate(visits)]
    told = evidence.steady_state(visits, [state(1), {"at": 2, "error": "Throttling"}], 4)
    assert (told["began"], told["ended"], told["seconds"]) == (1, 3, 8)
    assert (told["visits"], told["site"], told["failure"], told["site_share"]) == (5, 4, 1, 0.8)
    assert (told["median"], told["p95"]) == (0.2, 0.4)
    assert told["edge_share"] == 1.0
    assert told["targets"] == {"i-1": "healthy"}


def test_nothing_is_told_of_a_while_in_which_nobody_looked() -> None:
    told = evidence.steady_state([], [], 1)
    assert (told["visits"], told["site_share"], told["median"], told["edge_share"]) == (0, None, None, None)


def test_records_belong_to_one_while() -> None:
    assert [one["at"] for one in evidence.within([{"at": at} for at in range(5)], 1, 3)] == [1, 2]


def test_version_is_that_of_the_collection() -> None:
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"] == _version.VERSION


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([(0, "abc\n", ""), (0, "", "")], {"commit": "abc", "modified": False}),
        ([(0, "abc\n", ""), (0, " M roles/x\n", "")], {"commit": "abc", "modified": True}),
        ([(128, "", "fatal: not a git repository")], {"commit": "", "modified": False}),
    ],
)
def test_commit_is_told_if_there_is_one(answers: list[tuple[int, str, str]], told: dict[str, Any]) -> None:
    left = iter(answers)
    assert circumstances.commit(lambda _: next(left), "git", "/x") == told
    assert circumstances.commit(lambda _: next(left), None, "/x") == {"commit": "", "modified": False}


def test_versions_name_all_that_takes_part() -> None:
    told = circumstances.versions("2.21.0", "11.4.0")
    assert list(told) == ["ansible-core", "hasite.aws", "amazon.aws", "boto3", "botocore", "python"]
    assert all(told.values())
