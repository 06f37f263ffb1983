# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks run, and how long they took."""

from __future__ import annotations

from plugins.plugin_utils._progress.running import Running, Step, Took


def test_a_task_runs_until_its_last_host_has_a_result() -> None:
    running = Running()
    running.begin("t", "Install", "a", 10)
    running.begin("t", "Install", "b", 11)
    assert running.steps() == [Step("Install", 10, ("a", "b"), None)]
    running.end("t", "a", 12)
    assert running.steps() == [Step("Install", 10, ("b",), None)]
    running.end("t", "b", 30)
    assert running.steps() == []
    assert running.slowest(5, 0) == [Took(20, "Install")]


def test_the_task_that_runs_longest_comes_first() -> None:
    running = Running()
    running.begin("late", "Second", "a", 20)
    running.begin("early", "First", "b", 10)
    assert [step.name for step in running.steps()] == ["First", "Second"]


def test_the_host_with_the_fewest_retries_counts() -> None:
    running = Running()
    for host in ("a", "b"):
        running.begin("t", "Wait", host, 0)
    assert running.again("t", "a", 5)
    assert running.again("t", "b", 6)
    assert not running.again("t", "b", 4)
    assert running.steps()[0].left == 4
    assert not running.again("other", "a", 5)


def test_times_of_a_task_that_runs_again_are_added() -> None:
    running = Running()
    for begin, end in ((0, 5), (10, 20)):
        running.begin("t", "Restart", "a", begin)
        running.end("t", "a", end)
    assert running.slowest(5, 10) == [Took(15, "Restart")]


def test_the_slowest_are_few_and_slow() -> None:
    running = Running()
    for number in range(1, 6):
        running.begin(str(number), f"Task {number}", "a", 0)
        running.end(str(number), "a", number)
    assert running.slowest(2, 3) == [Took(5, "Task 5"), Took(4, "Task 4")]
    assert running.slowest(9, 4) == [Took(5, "Task 5"), Took(4, "Task 4")]
    assert running.slowest(0, 0) == []


def test_what_ended_unknown_or_was_cleared_is_ignored() -> None:
    running = Running()
    running.begin("t", "Wait", "a", 0)
    running.clear()
    running.end("t", "a", 5)
    assert running.steps() == []
    assert running.slowest(5, 0) == []
